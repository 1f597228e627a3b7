//! What a refusal of Graph's means, by status and code; never by text, except where Microsoft names the text itself.

use std::time::Duration;

use crate::domain::fault::{FaultCode, Halted, Verdict};

/// A refusal, with what a support case needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", kind.sentence())]
pub struct Refusal {
    /// What it means.
    pub kind: Kind,
    /// Microsoft's code, or the status.
    pub code: String,
    /// `request-id`.
    pub request_id: Option<String>,
    /// How long the service asks us to wait.
    pub after: Option<Duration>,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The token is not taken, even a new one.
    Token,
    /// Conditional access wants more than an application can give.
    Challenge,
    /// The token holds no permission at all.
    NoConsent,
    /// The token's permissions do not suffice.
    NoPermission,
    /// Denied: the permission is missing, or the mailbox is outside what the application may open.
    Denied,
    /// Denied by an application access policy.
    OutsidePolicy,
    /// Denied although the permission is there, or may be granted for other mailboxes.
    OutsideScope,
    /// No such user.
    MailboxUnknown,
    /// A user without a usable mailbox.
    MailboxUnusable,
    /// The mailbox is on-premises, or a policy stands before it.
    OnPremises,
    /// The message is no longer there.
    ItemGone,
    /// The folder is no longer there.
    FolderGone,
    /// The listing's position is lost.
    PositionLost,
    /// Someone else changed the message at the same moment.
    Conflict,
    /// Slow down.
    Throttled,
    /// The mailbox is full.
    Quota,
    /// This message can't be read.
    Damaged,
    /// This message is too big.
    TooBig,
    /// The mailbox is being moved.
    Moving,
    /// Trouble on their side.
    Busy,
    /// Trouble on their side again and again: they are not even asked.
    Outage,
    /// They could not reach the address that they are to call.
    Unheard,
    /// Not to be had in this cloud or for this mailbox.
    Unsupported,
    /// Our request makes no sense to the service.
    BadRequest,
}

impl Kind {
    /// By status, and by codes from the most to the least specific.
    pub(super) fn of(status: u16, codes: &[String]) -> Self {
        codes.iter().find_map(|code| Self::by_code(status, code)).unwrap_or_else(|| Self::by_status(status))
    }

    fn by_code(status: u16, code: &str) -> Option<Self> {
        Some(match code.to_ascii_lowercase().as_str() {
            "nopermissionsinaccesstoken" => Self::NoConsent,
            "invalidauthenticationtoken" | "compacttokenparsingfailed" => Self::Token,
            "erroraccessdenied" | "accessdenied" | "authorization_requestdenied" => Self::Denied,
            "extensionerror" if status == 403 => Self::OnPremises,
            "mailboxnotenabledforrestapi" | "resourcenotfound" => Self::MailboxUnusable,
            "errorinvaliduser" | "request_resourcenotfound" | "errornonexistentmailbox" => {
                Self::MailboxUnknown
            }
            "erroritemnotfound" | "itemnotfound" => Self::ItemGone,
            "errorfoldernotfound" => Self::FolderGone,
            "syncstatenotfound" | "resyncrequired" | "syncstateinvalid" if (400..500).contains(&status) => {
                Self::PositionLost
            }
            "errorirresolvableconflict" | "resourcemodified" | "conflict" => Self::Conflict,
            "applicationthrottled"
            | "toomanyrequests"
            | "activitylimitreached"
            | "errorserverbusy"
            | "throttledrequest" => Self::Throttled,
            "errorquotaexceeded" => Self::Quota,
            "errormimecontentconversionfailed"
            | "errormimecontentinvalid"
            | "errormimecontentinvalidbase64string"
            | "errorcorruptdata" => Self::Damaged,
            "errormessagesizeexceeded" | "requestentitytoolarge" => Self::TooBig,
            "mailboxinfostale" | "errormailboxmoveinprogress" | "errormailboxstoreunavailable" => {
                Self::Moving
            }
            "notimplemented" | "notsupported" => Self::Unsupported,
            _ => return None,
        })
    }

    const fn by_status(status: u16) -> Self {
        match status {
            401 => Self::Token,
            402 | 403 => Self::Denied,
            404 => Self::ItemGone,
            405 | 501 => Self::Unsupported,
            409 | 412 => Self::Conflict,
            410 => Self::PositionLost,
            413 => Self::TooBig,
            429 | 509 => Self::Throttled,
            507 => Self::Quota,
            // Graph does not redirect: it is a gateway that stands between.
            300..=399 | 408 | 423 | 424 | 500..=599 => Self::Busy,
            _ => Self::BadRequest,
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Token => "Graph does not accept our token",
            Self::Challenge => "conditional access in the tenant refuses the application's token",
            Self::NoConsent => {
                "the application holds no permission: an administrator has not granted consent, or none was asked for"
            }
            Self::NoPermission => "the application's permissions do not suffice for this",
            Self::Denied => "the application may not open this mailbox",
            Self::OutsidePolicy => {
                "an application access policy of Exchange Online keeps the application out of this mailbox"
            }
            Self::OutsideScope => {
                "the application may read mail, but not of this mailbox: it is outside the application's scope"
            }
            Self::MailboxUnknown => "Exchange Online does not know this user",
            Self::MailboxUnusable => {
                "the user has no mailbox in Exchange Online: it has no licence, is soft-deleted, or is on-premises"
            }
            Self::OnPremises => "the mailbox is on-premises, or a policy stands before it",
            Self::ItemGone => "the message is no longer there",
            Self::FolderGone => "the folder is no longer there",
            Self::PositionLost => "the position of the listing is lost",
            Self::Conflict => "someone else changed the message at the same moment",
            Self::Throttled => "Graph asks us to slow down",
            Self::Quota => "the mailbox's quota is used up",
            Self::Damaged => "Exchange Online can't give the bytes of this message: it is damaged",
            Self::TooBig => "the message is bigger than Exchange Online gives out",
            Self::Moving => "the mailbox is being moved within Exchange Online",
            Self::Busy => "Graph is unable to serve the mailbox now",
            Self::Outage => {
                "Graph failed again and again, for all mailboxes of the tenant: it is left alone, and tried by one request now and then"
            }
            Self::Unheard => "Graph could not reach the address that it is to tell of new mail",
            Self::Unsupported => "Graph does not support this here",
            Self::BadRequest => "Graph does not accept the request",
        }
    }

    /// Whether the outcome of a change is unknown: it may have been made.
    pub(super) const fn is_unclear(self) -> bool {
        matches!(self, Self::Busy | Self::Moving)
    }
}

impl Refusal {
    /// What follows from it.
    pub(in crate::provider) const fn verdict(&self) -> Verdict {
        match self.kind {
            Kind::Token | Kind::Challenge => Verdict::Halt(Halted::Credential),
            Kind::NoConsent
            | Kind::NoPermission
            | Kind::Denied
            | Kind::OutsidePolicy
            | Kind::OutsideScope
            | Kind::MailboxUnknown
            | Kind::MailboxUnusable
            | Kind::OnPremises
            | Kind::Unsupported => Verdict::Halt(Halted::Mailbox),
            Kind::FolderGone => Verdict::Halt(Halted::Job),
            Kind::Damaged | Kind::TooBig | Kind::BadRequest => Verdict::Reject,
            // Who was not let through learnt nothing of its own mailbox: it comes back when the others do.
            Kind::Throttled | Kind::Outage => Verdict::Retry { after: self.after, throttled: true },
            Kind::ItemGone
            | Kind::PositionLost
            | Kind::Conflict
            | Kind::Quota
            | Kind::Moving
            | Kind::Unheard
            | Kind::Busy => Verdict::Retry { after: self.after, throttled: false },
        }
    }

    /// The kind of refusal, for all providers.
    pub(in crate::provider) const fn fault_code(&self) -> FaultCode {
        match self.kind {
            Kind::Token | Kind::Challenge => FaultCode::Authentication,
            Kind::NoConsent
            | Kind::NoPermission
            | Kind::Denied
            | Kind::OutsidePolicy
            | Kind::OutsideScope
            | Kind::OnPremises
            | Kind::Unsupported => FaultCode::Forbidden,
            Kind::MailboxUnknown | Kind::MailboxUnusable | Kind::ItemGone | Kind::FolderGone => {
                FaultCode::NotFound
            }
            Kind::Throttled => FaultCode::Throttled,
            Kind::Quota => FaultCode::Quota,
            Kind::Damaged | Kind::TooBig => FaultCode::InvalidMessage,
            Kind::Moving | Kind::Busy | Kind::Outage | Kind::Unheard => FaultCode::Unreachable,
            Kind::PositionLost | Kind::Conflict | Kind::BadRequest => FaultCode::Protocol,
        }
    }

    /// Whether it is about one message only; the others go on.
    pub(super) const fn is_of_item(&self) -> bool {
        matches!(
            self.kind,
            Kind::ItemGone
                | Kind::Conflict
                | Kind::Damaged
                | Kind::TooBig
                | Kind::BadRequest
                | Kind::Unsupported
                | Kind::Busy
                | Kind::PositionLost
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, codes: &[&str]) -> Kind {
        Kind::of(status, &codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_code_decides_whatever_its_case_and_the_status_where_there_is_none() {
        for (status, codes, expected) in [
            (401, &["InvalidAuthenticationToken"][..], Kind::Token),
            (401, &["NoPermissionsInAccessToken"], Kind::NoConsent),
            (401, &[], Kind::Token),
            (403, &["ErrorAccessDenied"], Kind::Denied),
            (403, &["ExtensionError"], Kind::OnPremises),
            (403, &["ErrorQuotaExceeded"], Kind::Quota),
            (404, &["MailboxNotEnabledForRESTAPI"], Kind::MailboxUnusable),
            (404, &["ErrorInvalidUser"], Kind::MailboxUnknown),
            (404, &["erroritemnotfound"], Kind::ItemGone),
            (404, &["ErrorFolderNotFound"], Kind::FolderGone),
            (410, &[], Kind::PositionLost),
            (400, &["SyncStateNotFound"], Kind::PositionLost),
            (412, &["ErrorIrresolvableConflict"], Kind::Conflict),
            (429, &["ApplicationThrottled"], Kind::Throttled),
            (500, &["ErrorServerBusy", "x"], Kind::Throttled),
            (500, &["ErrorMimeContentConversionFailed"], Kind::Damaged),
            (400, &["ErrorCorruptData"], Kind::Damaged),
            (503, &["MailboxInfoStale"], Kind::Moving),
            (504, &["UnknownError"], Kind::Busy),
            (502, &[], Kind::Busy),
            (400, &["InefficientFilter"], Kind::BadRequest),
            (405, &["ErrorInvalidRequest"], Kind::Unsupported),
        ] {
            assert_eq!(kind(status, codes), expected, "{status} {codes:?}");
        }
    }

    #[test]
    fn one_message_at_fault_never_halts_anything() {
        for kind in [Kind::Damaged, Kind::TooBig, Kind::BadRequest] {
            let refusal = Refusal { kind, code: "x".to_owned(), request_id: None, after: None };
            assert_eq!(refusal.verdict(), Verdict::Reject);
            assert!(refusal.is_of_item());
        }
    }
}
