//! What mutations of jobs answer.

use async_graphql::SimpleObject;

use super::Job;
use crate::api::graphql::user_error::UserError;

/// The job as it now is, or why nothing was changed.
#[derive(SimpleObject)]
pub struct JobPayload {
    /// The job as it now is; null when it was refused.
    pub job: Option<Job>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}
