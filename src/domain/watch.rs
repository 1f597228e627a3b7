//! Reacting at once: what a provider tells of a subscription.

/// What a provider tells of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Something changed in the folder.
    Changed,
    /// Notifications were lost.
    Missed,
    /// It must be renewed soon, or no more come.
    Reauthorize,
    /// It is gone.
    Removed,
}

/// One item of what a provider sends.
#[derive(Clone)]
pub struct Notification {
    /// The provider's id of the subscription.
    pub provider_id: String,
    /// What we gave it to prove itself by.
    pub client_state: String,
    /// What it tells.
    pub told: Told,
}

impl std::fmt::Debug for Notification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { provider_id, client_state: _, told } = self;
        f.debug_struct("Notification")
            .field("provider_id", provider_id)
            .field("told", told)
            .finish_non_exhaustive()
    }
}
