//! Subscriptions to what happens in a mailbox or a folder.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::changes::Change;
use super::ids::{FolderKey, IdKind};
use super::mailbox::Happened;

/// How long one may live without resource data: just under seven days.
pub const LONGEST: TimeDelta = TimeDelta::minutes(10_080);
/// How long one lives at least; what is shorter is raised.
pub const SHORTEST: TimeDelta = TimeDelta::minutes(45);

/// One subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// In which tenant.
    pub tenant: Uuid,
    /// Whose.
    pub app: Uuid,
    /// To which mailbox.
    pub mailbox: Uuid,
    /// To one folder of it, or to all.
    pub folder: Option<FolderKey>,
    /// To messages that are read, that are not, or to all.
    pub is_read: Option<bool>,
    /// As the client named it.
    pub resource: String,
    /// What it is told.
    pub changes: Vec<Change>,
    /// Where notifications go.
    pub url: String,
    /// Where lifecycle events go.
    pub lifecycle_url: Option<String>,
    /// From then on nothing is told.
    pub expires: DateTime<Utc>,
    /// A secret that comes back with each notification.
    pub client_state: Option<String>,
    /// Which ids it is told; fixed when it was made.
    pub ids: IdKind,
    /// As the client gave it, such as `v1_2`.
    pub tls: String,
}

impl Subscription {
    /// Whether something that happened in that mailbox is its matter.
    pub fn wants(&self, mailbox: Uuid, happened: &Happened) -> bool {
        self.mailbox == mailbox
            && self.folder.is_none_or(|folder| folder == happened.folder)
            && self.changes.contains(&happened.change)
    }

    /// Whether it is told the same as another one: Graph refuses the second.
    pub fn doubles(&self, other: &Self) -> bool {
        let changes = |one: &Self| {
            let mut changes: Vec<&str> = one.changes.iter().map(|change| change.as_str()).collect();
            changes.sort_unstable();
            changes
        };
        (self.tenant, self.app, self.mailbox, self.folder, self.is_read)
            == (other.tenant, other.app, other.mailbox, other.folder, other.is_read)
            && changes(self) == changes(other)
    }

    /// Its change types as a list with commas.
    pub fn change_type(&self) -> String {
        self.changes.iter().map(|change| change.as_str()).collect::<Vec<_>>().join(",")
    }
}
