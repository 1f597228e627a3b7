//! What a NO or a BAD means (RFC 3501, RFC 5530, and Exchange's texts).

use super::reply::{Answer, Code, Kind};
use crate::provider::Error;

impl Answer {
    /// The error that the answer stands for; nothing if it is OK.
    pub(super) fn check(&self, command: &'static str) -> Result<(), Error> {
        if self.kind == Kind::Ok { Ok(()) } else { Err(self.error(command)) }
    }

    /// The error that a refusal stands for.
    pub(super) fn error(&self, command: &'static str) -> Error {
        if let Some(after) = self.back_off {
            return Error::Throttled { after: (!after.is_zero()).then_some(after) };
        }
        if self.not_connected {
            return Error::MailboxNotFound { provider_code: Some(self.shown()) };
        }
        let provider_code = Some(self.shown());
        match self.name() {
            "UNAVAILABLE" | "INUSE" | "SERVERBUG" => Error::Unavailable { provider_code },
            "LIMIT" => Error::Throttled { after: None },
            _ if self.too_many => Error::Throttled { after: None },
            "OVERQUOTA" => Error::Quota,
            "NOPERM" | "READ-ONLY" | "CANNOT" => Error::Forbidden { what: command.to_owned(), provider_code },
            "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" | "PRIVACYREQUIRED" => {
                Error::Authentication { provider_code }
            }
            _ => Error::Refused { command, provider_code: self.shown(), bad: self.kind == Kind::Bad },
        }
    }

    /// The error that a refused login stands for.
    pub(super) fn login_error(&self) -> Error {
        match self.error("the login") {
            Error::Refused { .. } | Error::Forbidden { .. } => {
                Error::Authentication { provider_code: Some(self.shown()) }
            }
            other => other,
        }
    }

    /// The error that a refusal to open a folder stands for.
    pub(super) fn folder_error(&self, folder: &str) -> Error {
        match self.error("to open the folder") {
            // Most servers say no more than NO.
            Error::Refused { bad: false, .. } => Error::FolderNotFound { folder: folder.to_owned() },
            other => other,
        }
    }

    /// Whether the target of a copy or move is missing.
    pub(super) fn wants_create(&self) -> bool {
        self.kind == Kind::No && (self.code == Code::TryCreate || self.name() == "NONEXISTENT")
    }

    /// The code's name, upper case.
    pub(super) fn name(&self) -> &str {
        match &self.code {
            Code::Named(name) => name,
            Code::ReadOnly => "READ-ONLY",
            Code::TryCreate => "TRYCREATE",
            _ => "",
        }
    }

    fn shown(&self) -> String {
        let kind = if self.kind == Kind::Bad { "BAD" } else { "NO" };
        if self.name().is_empty() { kind.to_owned() } else { format!("[{}]", self.name()) }
    }
}
