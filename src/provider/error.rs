//! What a mail system refused or failed to do: said so that a person can act, with the verdict that follows.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{explain, graph};
use crate::domain::fault::{Fault, FaultCode, Halted, Verdict};
use crate::{identity, net};

/// What a mail system refused or failed to do. Holds no text of the server's: only its response code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection came about.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The credential gave no token.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// Microsoft Graph refused.
    #[error(transparent)]
    Graph(graph::Refusal),
    /// Something answers there, but not this protocol.
    #[error("what answers on port {port} is not {protocol}{}", found.map(|f| format!(" but looks like {f}")).unwrap_or_default())]
    WrongProtocol {
        /// Wanted.
        protocol: &'static str,
        /// As configured.
        port: u16,
        /// What it looks like.
        found: Option<&'static str>,
    },
    /// Connected, but the server did not say hello.
    #[error("the server on port {port} accepted the connection but said nothing within {} s", after.as_secs())]
    NoGreeting {
        /// As configured.
        port: u16,
        /// Whether TLS was spoken by then.
        tls: bool,
        /// The limit.
        after: Duration,
    },
    /// STARTTLS is demanded and not to be had.
    #[error("the server does not offer STARTTLS on port {port}")]
    NoStarttls {
        /// As configured.
        port: u16,
    },
    /// A server that logs us in before TLS could begin (RFC 3501, 7.1.4): an attack, or a misconfiguration.
    #[error("the server claims that we are logged in already, so STARTTLS is impossible")]
    Preauthenticated,
    /// The server takes no password on this connection.
    #[error("the server does not accept a password without TLS")]
    PasswordNeedsTls,
    /// The server takes no password at all.
    #[error("the server offers no way to log in with a password")]
    NoPasswordLogin,
    /// The server takes no token.
    #[error("the server offers no way to log in with a token (XOAUTH2 or OAUTHBEARER)")]
    NoTokenLogin,
    /// Login refused.
    #[error("the server refused the login")]
    Authentication {
        /// The server's response code.
        provider_code: Option<String>,
    },
    /// Not allowed.
    #[error("the server does not allow {what}")]
    Forbidden {
        /// What was asked for.
        what: String,
        /// The server's response code.
        provider_code: Option<String>,
    },
    /// The folder isn't there.
    #[error("the folder {folder} does not exist")]
    FolderNotFound {
        /// With `/`.
        folder: String,
    },
    /// The mailbox isn't there.
    #[error("the server does not know this mailbox")]
    MailboxNotFound {
        /// The server's response code.
        provider_code: Option<String>,
    },
    /// The server asks for patience.
    #[error("the server asks us to slow down")]
    Throttled {
        /// How long, where it says so.
        after: Option<Duration>,
    },
    /// The mailbox is full, or another quota is used up.
    #[error("the mailbox's quota is used up")]
    Quota,
    /// Someone else holds the mailbox, or the server has trouble of its own.
    #[error("the server is unable to serve the mailbox now")]
    Unavailable {
        /// The server's response code.
        provider_code: Option<String>,
    },
    /// The server said goodbye.
    #[error("the server ended the connection")]
    Goodbye,
    /// The connection is gone.
    #[error("the connection was cut{}", if *.midway { " in the middle of an answer" } else { "" })]
    Closed {
        /// Whether an answer was under way.
        midway: bool,
    },
    /// The server stands still.
    #[error("the server was silent for {} s in the middle of an answer", after.as_secs())]
    Silent {
        /// The limit.
        after: Duration,
    },
    /// The server sends so slowly that it is not waited for.
    #[error("the server's answer comes too slowly to be waited for: {bytes} bytes in {} s", after.as_secs())]
    Slow {
        /// What came of it.
        bytes: u64,
        /// Within this time.
        after: Duration,
    },
    /// The server sent more than we take.
    #[error("the server sent {what} of more than {limit} bytes")]
    TooLong {
        /// What.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The server sent something that makes no sense.
    #[error("the server's answer can't be understood: {what}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The server refused one command for a reason of its own.
    #[error("the server refused {command}")]
    Refused {
        /// What was asked for.
        command: &'static str,
        /// `NO` or `BAD`, with the response code where there is one.
        provider_code: String,
        /// Whether it called it our mistake (`BAD`).
        bad: bool,
    },
    /// The server can't do it.
    #[error("the server can't {what}")]
    Unsupported {
        /// What.
        what: &'static str,
        /// The way out.
        hint: &'static str,
    },
}

impl Error {
    /// What follows from it (DESIGN section 5).
    pub fn verdict(&self) -> Verdict {
        let again = Verdict::Retry { after: None, throttled: false };
        match self {
            Self::Identity(error) => error.verdict(),
            Self::Graph(refusal) => refusal.verdict(),
            Self::Throttled { after } => Verdict::Retry { after: *after, throttled: true },
            Self::Net(net::Error::Refused { .. } | net::Error::NotAHost { .. })
            | Self::NoStarttls { .. }
            | Self::Preauthenticated
            | Self::PasswordNeedsTls
            | Self::NoPasswordLogin
            | Self::NoTokenLogin
            | Self::Forbidden { .. }
            | Self::MailboxNotFound { .. }
            | Self::Unsupported { .. } => Verdict::Halt(Halted::Mailbox),
            Self::Authentication { .. } => Verdict::Halt(Halted::Credential),
            Self::FolderNotFound { .. } => Verdict::Halt(Halted::Job),
            Self::TooLong { .. } => Verdict::Reject,
            Self::Refused { bad: true, .. } => Verdict::Reject,
            Self::Net(_)
            | Self::WrongProtocol { .. }
            | Self::NoGreeting { .. }
            | Self::Quota
            | Self::Unavailable { .. }
            | Self::Goodbye
            | Self::Closed { .. }
            | Self::Silent { .. }
            | Self::Slow { .. }
            | Self::Malformed { .. }
            | Self::Refused { .. } => again,
        }
    }

    /// Whether the same may succeed another time.
    pub fn may_pass(&self) -> bool {
        let is_impossible = match self {
            Self::Unsupported { .. } => true,
            Self::Graph(refusal) => refusal.kind == graph::Kind::Unsupported,
            _ => false,
        };
        !is_impossible && self.verdict() != Verdict::Reject
    }

    /// Whether the session that it came from is of no more use.
    pub const fn ends_session(&self) -> bool {
        !matches!(
            self,
            Self::Refused { .. }
                | Self::FolderNotFound { .. }
                | Self::Forbidden { .. }
                | Self::Quota
                | Self::Graph(_)
                | Self::Unsupported { .. }
        )
    }

    /// The kind of refusal.
    pub fn code(&self) -> FaultCode {
        match self {
            Self::Net(net) => net.code(),
            Self::Identity(error) => error.code(),
            Self::Graph(refusal) => refusal.fault_code(),
            Self::WrongProtocol { .. }
            | Self::Malformed { .. }
            | Self::TooLong { .. }
            | Self::Refused { .. } => FaultCode::Protocol,
            Self::NoGreeting { .. } | Self::Silent { .. } | Self::Slow { .. } => FaultCode::Timeout,
            Self::NoStarttls { .. } | Self::Preauthenticated => FaultCode::Tls,
            Self::PasswordNeedsTls
            | Self::NoPasswordLogin
            | Self::NoTokenLogin
            | Self::Authentication { .. } => FaultCode::Authentication,
            Self::Forbidden { .. } | Self::Unsupported { .. } => FaultCode::Forbidden,
            Self::FolderNotFound { .. } | Self::MailboxNotFound { .. } => FaultCode::NotFound,
            Self::Throttled { .. } => FaultCode::Throttled,
            Self::Quota => FaultCode::Quota,
            Self::Unavailable { .. } | Self::Goodbye | Self::Closed { .. } => FaultCode::Unreachable,
        }
    }

    /// The same, as it is stored and shown.
    pub fn fault(&self, now: DateTime<Utc>) -> Fault {
        Fault {
            code: self.code(),
            message: explain::sentence(&self.to_string()),
            hint: explain::hint(self).map(str::to_owned),
            retryable: matches!(self.verdict(), Verdict::Retry { .. }),
            provider_code: self.provider_code(),
            request_id: self.request_id(),
            occurred_at: now,
        }
    }

    fn provider_code(&self) -> Option<String> {
        match self {
            Self::Authentication { provider_code }
            | Self::Forbidden { provider_code, .. }
            | Self::MailboxNotFound { provider_code }
            | Self::Unavailable { provider_code } => provider_code.clone(),
            Self::Refused { provider_code, .. } => Some(provider_code.clone()),
            Self::Identity(error) => error.provider_code(),
            Self::Graph(refusal) => Some(refusal.code.clone()),
            _ => None,
        }
    }

    fn request_id(&self) -> Option<String> {
        match self {
            Self::Identity(error) => error.request_id(),
            Self::Graph(refusal) => refusal.request_id.clone(),
            _ => None,
        }
    }
}
