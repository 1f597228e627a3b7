//! What every deletion answers.

use async_graphql::{ID, SimpleObject};

use super::error::Result;
use super::node::{self, Global};
use super::user_error::{UserError, outcome};
use crate::service;

/// What was deleted, or why nothing was.
#[derive(SimpleObject)]
pub struct DeletePayload {
    /// The id of what was deleted; null when it was refused.
    pub deleted_id: Option<ID>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

impl DeletePayload {
    /// Of the resource by that id.
    pub fn of<T: Global>(id: T, done: Result<(), service::Error>) -> Result<Self> {
        let (done, user_errors) = outcome(done)?;
        Ok(Self { deleted_id: done.map(|()| node::encode(id)), user_errors })
    }

    /// There is nothing with this id.
    pub fn unknown() -> Self {
        Self { deleted_id: None, user_errors: vec![UserError::unknown_id()] }
    }
}
