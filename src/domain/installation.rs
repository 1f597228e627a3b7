//! What an installation has once, over all its replicas, from its first start on.

use uuid::Uuid;

use super::reply_token::ReplyKey;

/// An installation. Its key is in no log: it has no `Debug`.
pub struct Installation {
    /// Its id: stands in the loop header of what it answers by itself.
    pub id: Uuid,
    /// Signs and verifies reply tokens.
    pub reply_key: ReplyKey,
}
