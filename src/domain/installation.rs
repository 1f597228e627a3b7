//! What an installation has once, over all its replicas, from its first start on.

use uuid::Uuid;

use super::parsed::Header;
use super::reply_token::ReplyKey;
use super::tombstone::TombstoneKey;

/// Set on all that an installation answers by itself, with its id as the value; never on what a person wrote.
pub const LOOP_HEADER: &str = "X-Mailroom-Loop";

/// An installation. Its key is in no log: it has no `Debug`.
pub struct Installation {
    /// Its id: stands in the loop header of what it answers by itself.
    pub id: Uuid,
    /// Signs and verifies reply tokens; other keys are derived from it.
    pub reply_key: ReplyKey,
}

impl Installation {
    /// Under which deleted messages are recognised.
    pub fn tombstones(&self) -> TombstoneKey {
        self.reply_key.tombstones()
    }

    /// Whether a message with this header is automatic mail of the installation itself, come back.
    pub fn is_own_loop(&self, headers: &[Header]) -> bool {
        let id = self.id.to_string();
        let word =
            |value: &str| value.split([';', ' ', ',']).find(|word| !word.is_empty()).map(str::to_owned);
        let named = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(LOOP_HEADER));
        named.filter_map(|header| word(&header.value)).any(|word| word.eq_ignore_ascii_case(&id))
    }
}
