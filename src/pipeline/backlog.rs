//! Whether there is a lot to take in: then what can wait stands back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The runs of this process whose ledger has more waiting than one look at it shows. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Backlog(Arc<AtomicUsize>);

/// One such run, until it is dropped.
#[derive(Debug)]
pub(super) struct Behind(Backlog);

impl Backlog {
    /// Whether there is such a run.
    pub fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    pub(super) fn begin(&self) -> Behind {
        self.0.fetch_add(1, Ordering::Relaxed);
        Behind(self.clone())
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Backlog;

    #[test]
    fn it_is_there_as_long_as_one_run_is_behind() {
        let backlog = Backlog::default();
        let (one, other) = (backlog.begin(), backlog.clone().begin());
        drop(one);
        assert!(backlog.is_there());
        drop(other);
        assert!(!backlog.is_there());
    }
}
