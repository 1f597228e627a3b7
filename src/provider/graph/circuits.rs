//! The circuits of all tenants, shared by all sessions of this process: who is let through, and what is told of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::budget::chance;
use super::circuit::{Circuit, Pass, Word};

/// The circuits of all tenants that this process asks, each at its own address of Graph. Clones share them.
#[derive(Clone, Default)]
pub struct Circuits(Arc<Mutex<HashMap<String, Arc<Mutex<Circuit>>>>>);

impl std::fmt::Debug for Circuits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circuits").finish_non_exhaustive()
    }
}

impl Circuits {
    /// The way to a mailbox of a tenant, at that address of Graph.
    pub(super) fn of(&self, root: &str, tenant: &str, mailbox: &str) -> Way {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let circuit = known.entry(format!("{root} {}", tenant.to_lowercase())).or_default();
        Way { circuit: Arc::clone(circuit), root: root.into(), mailbox: mailbox.into() }
    }
}

/// The way to one mailbox.
#[derive(Debug, Clone)]
pub(super) struct Way {
    circuit: Arc<Mutex<Circuit>>,
    root: Arc<str>,
    mailbox: Arc<str>,
}

impl Way {
    /// How long to wait, where a request would not be let through now.
    pub(super) fn closed_for(&self, urgent: bool) -> Option<Duration> {
        self.circuit().closed_for(Instant::now(), urgent)
    }

    /// Lets a request go, or says how long to wait.
    pub(super) fn enter(&self, urgent: bool) -> Result<Passage, Duration> {
        let pass = self.circuit().admit(Instant::now(), &self.mailbox, urgent)?;
        Ok(Passage { way: self.clone(), pass, told: false })
    }

    fn tell(&self, pass: Pass, word: Word) {
        let (was_open, opened, is_open) = {
            let mut circuit = self.circuit();
            let was_open = circuit.is_open();
            let opened = circuit.told(Instant::now(), &self.mailbox, pass, word, chance());
            (was_open, opened, circuit.is_open())
        };
        if let Some(pause) = opened {
            metrics::counter!("mailroom_graph_outages_total").increment(u64::from(!was_open));
            tracing::warn!(
                graph = %self.root,
                seconds = pause.as_secs(),
                "Graph fails again and again: it is left alone, then tried by one request"
            );
        } else if was_open && !is_open {
            tracing::info!(graph = %self.root, "Graph answers again");
        }
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on its way. Dropped, it told nothing.
#[derive(Debug)]
pub(super) struct Passage {
    way: Way,
    pass: Pass,
    told: bool,
}

impl Passage {
    /// What came of it.
    pub(super) fn tell(mut self, word: Word) {
        self.told = true;
        self.way.tell(self.pass, word);
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if !self.told {
            self.way.tell(self.pass, Word::Nothing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(way: &Way) {
        for _ in 0..5 {
            way.enter(false).unwrap().tell(Word::Fails);
        }
        assert!(way.closed_for(false).is_some());
    }

    #[tokio::test]
    async fn each_tenant_has_its_own_at_each_address() {
        let circuits = Circuits::default();
        opened(&circuits.of("https://graph", "Contoso", "a"));
        assert!(circuits.of("https://graph", "contoso", "b").closed_for(false).is_some());
        assert!(circuits.of("https://graph", "fabrikam", "a").closed_for(false).is_none());
        assert!(circuits.of("https://elsewhere", "contoso", "a").closed_for(false).is_none());
    }

    #[tokio::test]
    async fn a_trial_that_is_dropped_leaves_the_turn_to_the_next() {
        let way = Circuits::default().of("https://graph", "contoso", "a");
        opened(&way);
        let trial = way.enter(true).unwrap();
        assert!(way.enter(true).is_err());
        drop(trial);
        way.enter(true).unwrap().tell(Word::Answers);
        assert!(way.enter(false).is_ok());
    }
}
