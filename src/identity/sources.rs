//! What is known of credentials in this process: one thing each, for the version that is in force, forgotten when nobody
//! asks for it any more.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::id::CredentialId;

/// What nobody asked for so long is forgotten.
const FORGET: TimeDelta = TimeDelta::hours(2);

/// One `T` a credential.
pub(super) struct Sources<T>(HashMap<CredentialId, Known<T>>);

struct Known<T> {
    version: i32,
    what: T,
    used_at: DateTime<Utc>,
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Sources<T> {
    /// What is known of the credential in that version.
    pub(super) fn get(&mut self, id: CredentialId, version: i32, now: DateTime<Utc>) -> Option<T> {
        let known = self.0.get_mut(&id).filter(|known| known.version == version)?;
        known.used_at = now;
        Some(known.what.clone())
    }

    /// Keeps it, and forgets what is old. Whoever read the credential before its last change does not push the current
    /// version out.
    pub(super) fn keep(&mut self, id: CredentialId, version: i32, what: &T, now: DateTime<Utc>) {
        // A clock that was set back makes nothing stay for longer.
        self.0.retain(|_, known| (now - known.used_at).abs() < FORGET);
        if self.0.get(&id).is_none_or(|known| known.version < version) {
            self.0.insert(id, Known { version, what: what.clone(), used_at: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    #[test]
    fn a_new_version_takes_the_place_of_the_old_one_and_not_the_other_way_round() {
        let (mut sources, id) = (Sources::default(), CredentialId::new());
        sources.keep(id, 2, &"two", now());
        sources.keep(id, 1, &"one", now());
        assert_eq!((sources.get(id, 2, now()), sources.get(id, 1, now())), (Some("two"), None));
        sources.keep(id, 3, &"three", now());
        assert_eq!((sources.get(id, 2, now()), sources.get(id, 3, now())), (None, Some("three")));
        assert_eq!(sources.0.len(), 1);
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_however_many_there_were() {
        let mut sources = Sources::default();
        let busy = CredentialId::new();
        sources.keep(busy, 1, &0, now());
        for hour in 0..1_000 {
            let now = now() + TimeDelta::hours(hour);
            for _ in 0..10 {
                sources.keep(CredentialId::new(), 1, &0, now);
            }
            assert_eq!(sources.get(busy, 1, now), Some(0));
        }
        assert!(sources.0.len() <= 1 + 2 * 10, "{}", sources.0.len());
    }
}
