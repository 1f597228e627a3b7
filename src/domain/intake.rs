//! The job's ledger: every message that a listing showed, and what became of it.

use chrono::{DateTime, Utc};

use super::named::named_enum;

named_enum! {
    /// What became of a listed message.
    pub enum IntakeState {
        /// Waits to be fetched.
        Listed = "LISTED",
        /// Its message is stored.
        Stored = "STORED",
        /// Stored already under another source id, and paired with it.
        Recognised = "RECOGNISED",
        /// Could not be fetched in the end; stored FAILED.
        Failed = "FAILED",
        /// Vanished before it was fetched.
        Gone = "GONE",
        /// Arrived before the job's `since`.
        Old = "OLD",
        /// Was read when it was listed, and the job takes unread mail only.
        Read = "READ",
    }
}

/// A message as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id at the provider, within the folder and the generation.
    pub source_id: String,
    /// When the provider received it.
    pub arrived_at: DateTime<Utc>,
    /// Raw bytes, as the provider estimates.
    pub size: u64,
    /// Whether it is read, where the listing tells.
    pub is_read: Option<bool>,
    /// Its Message-ID, where the listing was asked to tell (pairing after renumbering).
    pub internet_message_id: Option<String>,
}

named_enum! {
    /// What kind of listing a job is in.
    pub enum ListingPhase {
        /// The folder's first listing: what arrived before `since` is OLD.
        First = "FIRST",
        /// Ids were renumbered: what is listed is paired with what is known.
        Renumbered = "RENUMBERED",
        /// Only what is new is listed.
        Following = "FOLLOWING",
    }
}
