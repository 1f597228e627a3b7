//! What ends a run, and what follows from it.

use chrono::{DateTime, Utc};

use super::Stop;
use crate::domain::fault::{Fault, FaultCode, Verdict};
use crate::{blob, db, provider};

/// What ended a run before the ledger was empty.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The provider refused, or can't be reached.
    #[error(transparent)]
    Provider(#[from] provider::Error),
    /// The database refused, or can't be reached.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// The blob store refused, or can't be reached.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// It was told to stop.
    #[error("the run was stopped: {0}")]
    Stopped(Stop),
}

impl Error {
    /// What follows from it.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Provider(error) => error.verdict(),
            Self::Database(_) | Self::Blob(_) | Self::Stopped(_) => {
                Verdict::Retry { after: None, throttled: false }
            }
        }
    }

    /// As people are told.
    pub fn fault(&self, now: DateTime<Utc>) -> Fault {
        match self {
            Self::Provider(error) => error.fault(now),
            Self::Database(_) => internal(
                "The database refused or could not be reached.",
                "Look at the service's log and at the database; the run is repeated by itself.",
                now,
            ),
            Self::Blob(_) => internal(
                "The store for raw messages refused or could not be reached.",
                "Look at blob.url, at its free space and at the service's log; the run is repeated by itself.",
                now,
            ),
            Self::Stopped(stop) => {
                internal(&format!("The run was stopped: {stop}."), "It goes on by itself.", now)
            }
        }
    }
}

fn internal(message: &str, hint: &str, now: DateTime<Utc>) -> Fault {
    Fault {
        code: FaultCode::Internal,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
        retryable: true,
        provider_code: None,
        request_id: None,
        occurred_at: now,
    }
}
