//! What resolvers find in their context: who asks, and what answers.

use async_graphql::Context;

use super::error::{Error, Result};
use crate::domain::access::Caller;
use crate::service;
use crate::service::permit::{Permit, Right};

/// What resolvers call. Cheap to clone.
#[derive(Clone)]
pub struct Backend {
    /// Database, keys and clock, for the services and for reads.
    pub services: service::Context,
}

/// Reaches the caller and the services from a resolver.
pub trait ContextExt {
    /// Who asks.
    fn caller(&self) -> Result<&Caller>;
    /// What answers.
    fn backend(&self) -> Result<&Backend>;

    /// What the services work with.
    fn services(&self) -> Result<&service::Context> {
        Ok(&self.backend()?.services)
    }

    /// The right to do something, or FORBIDDEN.
    fn permit<R: Right>(&self) -> Result<Permit<R>> {
        Ok(Permit::of(self.caller()?)?)
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
