//! How loaders read: with the caller's own permit, so that what the caller may not see is not there to be loaded.

use crate::domain::access::Caller;
use crate::service;
use crate::service::permit::{Permit, Right};

/// The services, and the caller's permit for `R` if the token gives it.
#[derive(Clone)]
pub struct Reader<R> {
    /// What the services work with.
    pub services: service::Context,
    permit: Option<Permit<R>>,
}

impl<R: Right> Reader<R> {
    /// For that caller.
    pub fn new(services: &service::Context, caller: &Caller) -> Self {
        Self { services: services.clone(), permit: Permit::of(caller).ok() }
    }

    /// The permit; without one nothing is found.
    pub const fn permit(&self) -> Option<&Permit<R>> {
        self.permit.as_ref()
    }
}
