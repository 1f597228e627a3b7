//! Trying a connection without changing anything.

use async_graphql::{Enum, ID, InputObject, SimpleObject};

use super::Folder;
use super::input::ProviderInput;
use crate::api::graphql::credential::CredentialChoiceInput;
use crate::api::graphql::input::Ids;
use crate::api::graphql::provider_error::ProviderError;
use crate::api::graphql::user_error::UserError;
use crate::domain::connection;
use crate::service::mailbox::TestMailbox;

/// Try a connection without changing anything. `id`: the saved mailbox, and what else is given takes the place of its
/// saved value for the test. Without `id`: address, provider and credential are needed. Uniqueness is not checked.
#[derive(InputObject)]
pub struct TestMailboxInput {
    /// The saved mailbox.
    pub id: Option<ID>,
    /// Its address.
    pub address: Option<String>,
    /// Where it is.
    pub provider: Option<ProviderInput>,
    /// How it is logged in to.
    pub credential: Option<CredentialChoiceInput>,
    /// The folder that is opened; INBOX unless told.
    pub folder: Option<String>,
}

/// The steps of a connection test.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "connection::ConnectionStepKind")]
pub enum ConnectionStepKind {
    /// The host name is looked up.
    Resolve,
    /// A connection is opened.
    Connect,
    /// The connection is secured.
    Tls,
    /// We prove who we are.
    Authenticate,
    /// The folder is opened, for reading only.
    OpenFolder,
    /// A message's data are read.
    Read,
    /// Whether the credential can do what is asked, and whether it can do more than it should.
    Permissions,
}

/// Which way mail goes.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "connection::ConnectionSide")]
pub enum ConnectionSide {
    /// Reading.
    Incoming,
    /// Sending.
    Outgoing,
}

/// One step of a connection test.
#[derive(SimpleObject)]
pub struct ConnectionStep {
    /// Which.
    pub step: ConnectionStepKind,
    /// Which way mail goes.
    pub side: ConnectionSide,
    /// Whether it went well.
    pub ok: bool,
    /// Milliseconds.
    pub duration: i32,
    /// What it showed, for people.
    pub detail: Option<String>,
    /// Why it failed.
    pub error: Option<ProviderError>,
}

/// A connection that was tried.
#[derive(SimpleObject)]
pub struct ConnectionTest {
    /// Whether every step went well.
    pub ok: bool,
    /// In the order tried; the first that fails is the last.
    pub steps: Vec<ConnectionStep>,
    /// The folders, where it came so far.
    pub folders: Vec<Folder>,
}

/// What a connection test showed, or why it was not begun.
#[derive(SimpleObject)]
pub struct ConnectionTestPayload {
    /// What it showed; null when it was not begun.
    pub test: Option<ConnectionTest>,
    /// Why it was not begun; empty when it was.
    pub user_errors: Vec<UserError>,
}

impl From<connection::ConnectionTest> for ConnectionTest {
    fn from(test: connection::ConnectionTest) -> Self {
        Self {
            ok: test.is_ok(),
            steps: test.steps.into_iter().map(ConnectionStep::from).collect(),
            folders: test.folders.into_iter().map(Folder::from).collect(),
        }
    }
}

impl From<connection::ConnectionStep> for ConnectionStep {
    fn from(step: connection::ConnectionStep) -> Self {
        Self {
            step: step.step.into(),
            side: step.side.into(),
            ok: step.fault.is_none(),
            duration: i32::try_from(step.duration.as_millis()).unwrap_or(i32::MAX),
            detail: step.detail,
            error: step.fault.map(ProviderError::from),
        }
    }
}

impl TestMailboxInput {
    /// For the service, or the ids that name nothing.
    pub fn resolve(self) -> Result<TestMailbox, Vec<UserError>> {
        let mut ids = Ids::default();
        let input = TestMailbox {
            id: ids.optional(self.id.as_ref(), &["id"]),
            address: self.address,
            provider: self.provider.map(Into::into),
            credential: self.credential.map(|choice| {
                let id = ids.optional(choice.id.as_ref(), &["credential", "id"]);
                choice.of(id)
            }),
            folder: self.folder,
        };
        ids.finish().map(|()| input)
    }
}
