//! A connection test: the steps of a connection one by one, timed, reading only.

use std::time::Instant;

use super::{Error, Login, Reach, graph, imap};
use crate::domain::clock::Clock;
use crate::domain::connection::{ConnectionSide, ConnectionStep, ConnectionStepKind, ConnectionTest};
use crate::domain::folder::FolderAssignment;
use crate::domain::mailbox::ProviderSettings;

/// Tries to reach the mailbox and to read from `folder`. Changes nothing at the provider.
pub async fn probe(
    settings: &ProviderSettings,
    login: Login,
    folder_roles: Vec<FolderAssignment>,
    reach: &Reach,
    folder: &str,
    clock: &dyn Clock,
) -> ConnectionTest {
    let mut record = Record { test: ConnectionTest::default(), clock };
    match settings {
        ProviderSettings::Graph(settings) => {
            match graph::Graph::new(settings, login, folder_roles, reach) {
                Ok(mailbox) => {
                    // A failed step is in the record, and ends the test.
                    let _ended = mailbox.probe(folder, &mut record).await;
                }
                Err(error) => {
                    let step = ConnectionStepKind::Authenticate;
                    let _failed = record.step::<()>(step, Instant::now(), Err(error), |()| None);
                }
            }
        }
        ProviderSettings::Imap(settings) => {
            let timeouts = imap::Timeouts::of(&reach.net);
            let mailbox = imap::Imap::new(settings.clone(), login, folder_roles, reach.net.clone(), timeouts);
            // A failed step is in the record, and ends the test.
            let _ended = mailbox.probe(folder, &mut record).await;
        }
    }
    record.test
}

/// What was tried so far.
pub(super) struct Record<'a> {
    pub test: ConnectionTest,
    clock: &'a dyn Clock,
}

/// A step failed; the record says which, and why.
pub(super) struct Failed;

impl Record<'_> {
    /// Writes how a step of incoming mail went that began at `begun`.
    pub(super) fn step<T>(
        &mut self,
        step: ConnectionStepKind,
        begun: Instant,
        result: Result<T, Error>,
        detail: impl FnOnce(&T) -> Option<String>,
    ) -> Result<T, Failed> {
        let (detail, fault) = match &result {
            Ok(done) => (detail(done), None),
            Err(error) => (None, Some(error.fault(self.clock.now()))),
        };
        let duration = begun.elapsed();
        self.test.steps.push(ConnectionStep {
            step,
            side: ConnectionSide::Incoming,
            duration,
            detail,
            fault,
        });
        result.map_err(|_| Failed)
    }
}
