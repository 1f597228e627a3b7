//! What mutations of mailboxes answer.

use async_graphql::SimpleObject;

use super::{Folder, Mailbox};
use crate::api::graphql::user_error::UserError;

/// The mailbox as it now is, or why nothing was changed.
#[derive(SimpleObject)]
pub struct MailboxPayload {
    /// The mailbox as it now is; null when it was refused.
    pub mailbox: Option<Mailbox>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// The folders at the provider, or why they can't be told.
#[derive(SimpleObject)]
pub struct FoldersPayload {
    /// The folders, now; null when they can't be told.
    pub folders: Option<Vec<Folder>>,
    /// Why they can't be told.
    pub user_errors: Vec<UserError>,
}
