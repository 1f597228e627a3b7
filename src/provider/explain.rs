//! What to do about an error: one hint for each, in one place, so that they can be read together.

use super::Error;
use super::graph::Kind;
use crate::net::{self, CertificateFault};

/// Makes a sentence of an error's text.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// What to do about it.
pub(super) fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Net(net) => return net_hint(net),
        Error::Identity(identity) => identity.hint(),
        Error::Graph(refusal) => graph_hint(refusal.kind),
        Error::WrongProtocol { found: Some("POP3"), .. } => {
            "Use the IMAP port: 993 with TLS, or 143 with STARTTLS."
        }
        Error::WrongProtocol { .. } => {
            "Check host and port: IMAP is usually on port 993 with TLS, or on 143 with STARTTLS."
        }
        Error::NoGreeting { tls: false, .. } => {
            "A server that waits silently usually expects TLS from the start: choose TLS, or the port for STARTTLS (143)."
        }
        Error::NoGreeting { .. } => "Check host and port; the server may be overloaded.",
        Error::NoStarttls { .. } => {
            "Choose TLS with port 993, or ask the server's administrator to offer STARTTLS."
        }
        Error::Preauthenticated => {
            "Choose TLS with port 993. If that fails too, someone may be between us and the server."
        }
        Error::PasswordNeedsTls => "Choose TLS with port 993, or STARTTLS with port 143.",
        Error::NoPasswordLogin => {
            "Passwords are switched off on this server (Exchange Online has none since 2023): use OAuth2 or another provider."
        }
        Error::NoTokenLogin => "Use a credential with user name and password (BASIC) for this server.",
        Error::Authentication { provider_code } => return Some(login_hint(provider_code.as_deref())),
        Error::Forbidden { .. } => {
            "Give the login the right to do it, or choose another handling for the originals."
        }
        Error::FolderNotFound { .. } => "Choose another folder for the job, or make it again in the mailbox.",
        Error::MailboxNotFound { .. } => {
            "The login works, but not for this mailbox: check that it exists, that IMAP is enabled for it and that the login may open it."
        }
        Error::Throttled { .. } => {
            "Nothing to do: it goes on by itself. If it stays, let the jobs run less often."
        }
        Error::Quota => "Make room in the mailbox, or raise its quota.",
        Error::Unavailable { .. }
        | Error::Goodbye
        | Error::Closed { .. }
        | Error::Silent { .. }
        | Error::Slow { .. } => {
            "Nothing to do at first: it is tried again by itself. If it stays, look at the server's log and at the firewalls between."
        }
        Error::TooLong { .. } => {
            "The message or answer is bigger than mailroom takes; see the limits in the configuration."
        }
        Error::Malformed { .. } => {
            "Check that the port belongs to an IMAP server and that no gateway changes its words."
        }
        Error::Refused { .. } => "Look at the server's log at this time: it knows why.",
        Error::Unsupported { hint, .. } => hint,
    })
}

const fn graph_hint(kind: Kind) -> &'static str {
    match kind {
        Kind::Token => {
            "Check that credential and mailbox are of the same cloud, and the clock of this machine; then update the credential's secret."
        }
        Kind::Challenge => {
            "The tenant's administrator must exempt the application (workload identity) from the conditional access policy, or allow this network."
        }
        Kind::NoConsent => {
            "In Entra ID, add the application permission Mail.ReadWrite and grant admin consent; or give the application rights by RBAC for Applications in Exchange Online. Both take up to two hours to work."
        }
        Kind::NoPermission => {
            "Give the application Mail.ReadWrite: as an application permission with admin consent in Entra ID, or as the role Application Mail.ReadWrite in Exchange Online."
        }
        Kind::Denied => {
            "Check the application's permission (Mail.ReadWrite) and its scope in Exchange Online: Test-ServicePrincipalAuthorization shows what holds for this mailbox. Changes take up to two hours."
        }
        Kind::OutsidePolicy => {
            "Add the mailbox to the group of the application access policy (Get-ApplicationAccessPolicy shows it), or move to RBAC for Applications. Changes take an hour or more."
        }
        Kind::OutsideScope => {
            "Bring the mailbox into the application's scope: the management scope of its role assignment, or the group of its application access policy. Test-ServicePrincipalAuthorization shows whether it is in; changes take up to two hours."
        }
        Kind::MailboxUnknown => {
            "Check the user for typing errors: it is the user principal name or the object id, and the mailbox must be in the credential's tenant."
        }
        Kind::MailboxUnusable => {
            "Give the user an Exchange Online licence, or make it a shared mailbox. A new mailbox takes some hours; one that is on-premises can't be read by Graph."
        }
        Kind::OnPremises => {
            "Graph reads mailboxes of Exchange Online only: move the mailbox there, or read it by IMAP."
        }
        Kind::ItemGone => "Nothing to do: someone moved or deleted it.",
        Kind::FolderGone => "Choose another folder for the job, or make it again in the mailbox.",
        Kind::PositionLost => {
            "Nothing to do: the folder is listed anew, and what is known is not taken in twice."
        }
        Kind::Conflict => "Nothing to do: it is tried again by itself.",
        Kind::Throttled => {
            "Nothing to do: it goes on by itself. If it stays, look for other software that uses the same application."
        }
        Kind::Quota => "Make room in the mailbox, or raise its quota.",
        Kind::Damaged => "Look at the message in Outlook; where it opens, save and forward it from there.",
        Kind::TooBig => "The message is bigger than the service gives out; look at it in Outlook.",
        Kind::Moving => "Nothing to do: it goes on when Microsoft has moved the mailbox.",
        Kind::Busy => {
            "Nothing to do at first: it is tried again by itself. If it stays, look at the service health of Microsoft 365."
        }
        Kind::Outage => {
            "Nothing to do: it is tried again by itself, and all mailboxes go on as soon as it answers. If it stays, look at the service health of Microsoft 365, and at the network between."
        }
        Kind::Unheard => {
            "Check that public.url leads here from the internet: /hooks/graph must be reached without a sign-in, and answer within seconds. Until then the folder is looked at every few seconds."
        }
        Kind::Unsupported => {
            "National clouds lack some of what the worldwide one has: see docs/office365.md."
        }
        Kind::BadRequest => "Report this with the request id: the request should have been understood.",
    }
}

fn login_hint(code: Option<&str>) -> &'static str {
    match code {
        Some("[EXPIRED]") => {
            "The password has expired: set a new one at the mail system, then in the credential."
        }
        Some("[PRIVACYREQUIRED]") => {
            "The server wants TLS: choose TLS with port 993, or STARTTLS with port 143."
        }
        Some("[AUTHORIZATIONFAILED]") => {
            "The password is right, but this login may not open the mailbox: give it the right."
        }
        Some("invalid_token" | "400" | "401" | "403") => {
            "The server knows the token, but not for this mailbox: check the login name, that IMAP is enabled for the mailbox, and that the application may open it (Exchange Online: IMAP.AccessAsApp, and New-ServicePrincipal with Add-MailboxPermission)."
        }
        Some("[CONTACTADMIN]") => "The server's administrator must look at this account.",
        _ => {
            "Check login name and password. Some systems want the whole address as login name, some DOMAIN\\user, some an application password."
        }
    }
}

fn net_hint(error: &net::Error) -> Option<&'static str> {
    Some(match error {
        net::Error::Resolve { .. } | net::Error::NoAddress { .. } | net::Error::NotAHost { .. } => {
            "Check the host name for typing errors, and the DNS of the machine that mailroom runs on."
        }
        net::Error::ResolveTimeout { .. } => "Check the DNS of the machine that mailroom runs on.",
        net::Error::Refused { .. } => {
            "If this is really your mail server, the operator can allow its address with net.allow."
        }
        net::Error::Connect { .. } => {
            "Check the port (993 for TLS, 143 for STARTTLS), that the server runs, and the firewalls between."
        }
        net::Error::ConnectTimeout { .. } => {
            "Check host and port, and the firewalls between: one may drop silently."
        }
        net::Error::NotTls { port: 143 } => "Choose STARTTLS, or port 993.",
        net::Error::NotTls { .. } => "Choose STARTTLS for this port, or the port for TLS (993).",
        net::Error::Certificate { fault, .. } => match fault {
            CertificateFault::Expired => "The server's administrator must renew the certificate.",
            CertificateFault::NotYetValid => "Check the clocks of the server and of this machine.",
            CertificateFault::WrongHost { .. } => {
                "Use a host name that the certificate is for, or have the certificate made out to this one."
            }
            CertificateFault::UnknownAuthority => {
                "If your organisation has an authority of its own, put its certificate into net.ca_file."
            }
            CertificateFault::Revoked | CertificateFault::Other(_) => {
                "The server's administrator must install another certificate."
            }
        },
        net::Error::Handshake { .. } => {
            "Check the port; a very old server may speak only TLS 1.1 or less, which is not accepted."
        }
        net::Error::TlsTimeout { .. } => {
            "Check the port: what answers there may not speak TLS. 143 wants STARTTLS."
        }
        net::Error::Silent { .. } | net::Error::Cut { .. } => {
            "Nothing to do at first: it is tried again by itself. If it stays, look at the firewalls between."
        }
        net::Error::NoAuthorities => "Install ca-certificates on this machine, or set net.ca_file.",
    })
}
