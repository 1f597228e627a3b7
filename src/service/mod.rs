//! What a person may do. Every function takes a permit; a refusal that a caller can mend names the input at fault.
//!
//! | file | holds |
//! |---|---|
//! | `permit` | one type a right, made from a token's scopes alone |
//! | `error` | user errors with their paths, and what else can end a call |
//! | `patch` | absent, null and new value of an update |
//! | `credential/` `mailbox/` `mapping/` `job/` | configuration: inputs, checks, create, update, delete |
//! | `message` `instance` `run` | what was taken in, and how it went; runs started and cancelled |
//! | `installation` | what there is once, made at the first start |
//! | `hand` | what every change of a message by hand has in common |
//! | `file` | raw messages and attachments, by signed links |
//! | `schedule` | when jobs run by themselves |
//! | `watch` | what providers tell of subscriptions |
//! | `provider` | what each kind of mail system can do |

pub mod connection;
pub mod credential;
pub mod error;
pub mod file;
mod hand;
pub mod installation;
pub mod instance;
pub mod job;
pub mod mailbox;
pub mod mapping;
pub mod message;
mod patch;
pub mod permit;
pub mod provider;
pub mod run;
pub mod schedule;
mod text;
mod url;
pub mod watch;

use std::sync::Arc;

pub use error::{Error, Path, UserError, UserErrorCode};
pub use patch::Patch;
pub use permit::Permit;

use crate::blob::Blobs;
use crate::db::Database;
use crate::domain::clock::Clock;
use crate::domain::installation::Installation;
use crate::domain::schedule::Schedule;
use crate::event::hub::RunHub;
use crate::event::wake::Wake;
use crate::identity::Identities;
use crate::mail;
use crate::provider::Reach;
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
    /// Where big raw messages are.
    pub blobs: Blobs,
    /// Tells subscribers how runs come along.
    pub runs: RunHub,
    /// Wakes the worker of this process, if it has one.
    pub wake: Wake,
    /// What links to files begin with, without a slash at the end.
    pub public_url: Arc<str>,
    /// What there is once.
    pub installation: Arc<Installation>,
    /// Makes outgoing connections to mail systems.
    pub reach: Reach,
    /// Where tokens come from.
    pub identities: Identities,
    /// When a job runs of which nobody said when.
    pub default_schedule: Arc<Schedule>,
    /// How much of a message is looked at.
    pub limits: Arc<mail::Limits>,
}
