//! What a person may do. Every function takes a permit; a refusal that a caller can mend names the input at fault.
//!
//! | file | holds |
//! |---|---|
//! | `permit` | one type a right, made from a token's scopes alone |
//! | `error` | user errors with their paths, and what else can end a call |
//! | `patch` | absent, null and new value of an update |
//! | `credential/` `mailbox/` `mapping/` `job/` | configuration: inputs, checks, create, update, delete |
//! | `provider` | what each kind of mail system can do |

pub mod credential;
pub mod error;
pub mod job;
pub mod mailbox;
pub mod mapping;
mod patch;
pub mod permit;
mod text;

use std::sync::Arc;

pub use error::{Error, Path, UserError, UserErrorCode};
pub use patch::Patch;
pub use permit::Permit;

use crate::db::Database;
use crate::domain::clock::Clock;
use crate::secret::KeyRing;

/// What the services work with; made once, when the process starts.
#[derive(Clone)]
pub struct Context {
    /// Where everything is kept.
    pub db: Database,
    /// Seals and opens secrets.
    pub keys: Arc<KeyRing>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}
