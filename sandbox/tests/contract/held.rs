//! A sandbox that runs, each of whose answers, to whichever client, is held to the description.

use std::io::Write as _;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use sandbox::log::Seen;
use sandbox::server::{Options, Running, Sandbox};
use sandbox::state::State;
use serde_json::Value;

use super::description::description;
use super::{types, wrong};

/// Sees what a sandbox says. Whatever is not as it is described fails the test when this goes.
pub struct Witness(Arc<Mutex<Vec<String>>>);

impl Witness {
    /// Of that sandbox, from now on.
    pub fn of(state: &State) -> Self {
        let found = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&found);
        let first = state.log.watch(move |seen| {
            let wrong = match seen {
                Seen::Answer(exchange) => wrong(exchange),
                Seen::Notification { url, body } => told(url, body),
            };
            kept.lock().unwrap_or_else(PoisonError::into_inner).extend(wrong);
        });
        assert!(first, "a sandbox has one witness");
        Self(found)
    }
}

fn told(url: &str, body: &Value) -> Vec<String> {
    let Some(described) = description() else { return Vec::new() };
    let wrong = types::wrong_as(described, "microsoft.graph.changeNotificationCollection", body);
    wrong.into_iter().map(|error| format!("notification to {url}: {error}\n  in {body}")).collect()
}

impl Drop for Witness {
    fn drop(&mut self) {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = found.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
        let said = format!("{} times not as Microsoft describes it:\n{shown}", found.len());
        // A second panic would end all tests.
        if std::thread::panicking() && !found.is_empty() {
            let _ = writeln!(std::io::stderr(), "{said}");
        } else {
            assert!(found.is_empty(), "{said}");
        }
    }
}

/// A sandbox with its witness.
pub struct Held {
    /// The sandbox.
    pub running: Running,
    _witness: Witness,
}

impl Held {
    /// Serves that state.
    pub async fn start(options: Options, state: State) -> Self {
        let witness = Witness::of(&state);
        let running = Sandbox::start(options, state).await.unwrap();
        Self { running, _witness: witness }
    }
}

impl Deref for Held {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}
