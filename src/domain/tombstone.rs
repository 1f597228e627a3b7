//! What is left of a deleted message to recognise it by: hashes under a key, by which whoever has the database alone
//! can't try out what the message may have said.

use hmac::Mac;

use super::keyed_hash::Key;

/// What the key is derived for.
const LABEL: &[u8] = b"mailroom tombstone 1";

/// The key of an installation's tombstones. Neither `Debug` nor `Serialize`, so that it can't reach a log.
#[derive(Clone)]
pub struct TombstoneKey(Key);

impl TombstoneKey {
    pub(super) fn of(installation: &Key) -> Self {
        Self(installation.derive(LABEL))
    }

    /// The keyed hash of a hash: 32 bytes.
    pub fn hash(&self, plain: &[u8]) -> [u8; 32] {
        self.0.mac(&[plain]).finalize().into_bytes().into()
    }
}
