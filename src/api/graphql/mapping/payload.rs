//! What mutations of mappings answer.

use async_graphql::SimpleObject;

use super::Mapping;
use crate::api::graphql::user_error::UserError;

/// The mapping as it now is, or why nothing was changed.
#[derive(SimpleObject)]
pub struct MappingPayload {
    /// The mapping as it now is; null when it was refused.
    pub mapping: Option<Mapping>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}
