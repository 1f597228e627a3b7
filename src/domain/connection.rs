//! What a connection test tells: step by step, in the order tried.

use std::time::Duration;

use super::fault::Fault;
use super::folder::Folder;
use super::named::named_enum;

named_enum! {
    /// The steps from a name to a message that can be read.
    pub enum ConnectionStepKind {
        Resolve = "RESOLVE",
        Connect = "CONNECT",
        Tls = "TLS",
        Authenticate = "AUTHENTICATE",
        OpenFolder = "OPEN_FOLDER",
        Read = "READ",
        Permissions = "PERMISSIONS",
    }
}
named_enum! {
    /// Which way the mail goes.
    pub enum ConnectionSide { Incoming = "INCOMING", Outgoing = "OUTGOING" }
}

/// One step of a connection test.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionStep {
    /// What was tried.
    pub step: ConnectionStepKind,
    /// For which way.
    pub side: ConnectionSide,
    /// How long it took.
    pub duration: Duration,
    /// What was found, in a few words.
    pub detail: Option<String>,
    /// Why it failed, if it did; no step follows one that did.
    pub fault: Option<Fault>,
}

/// What a connection test found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectionTest {
    /// In the order tried.
    pub steps: Vec<ConnectionStep>,
    /// All folders, if the test came that far.
    pub folders: Vec<Folder>,
}

impl ConnectionTest {
    /// Whether every step succeeded.
    pub fn is_ok(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.fault.is_none())
    }
}
