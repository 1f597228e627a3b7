//! What resolvers find in their context: who asks, and what answers.

use std::sync::Arc;

use async_graphql::Context;

use super::error::{Error, Result};
use crate::domain::access::{Caller, Scope};
use crate::domain::clock::Clock;

/// What resolvers call. Cheap to clone.
#[derive(Clone)]
pub struct Backend {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

/// Reaches the caller and the services from a resolver.
pub trait ContextExt {
    /// Who asks.
    fn caller(&self) -> Result<&Caller>;
    /// What answers.
    fn backend(&self) -> Result<&Backend>;

    /// Refuses a caller whose token lacks the scope.
    fn require(&self, scope: Scope) -> Result<&Caller> {
        let caller = self.caller()?;
        if caller.has(scope) {
            Ok(caller)
        } else {
            Err(Error::Forbidden(format!("This needs a token with the scope {scope}.")))
        }
    }
}

impl ContextExt for Context<'_> {
    fn caller(&self) -> Result<&Caller> {
        self.data_opt().ok_or_else(|| Error::internal("the context holds no caller"))
    }

    fn backend(&self) -> Result<&Backend> {
        self.data_opt().ok_or_else(|| Error::internal("the context holds no backend"))
    }
}
