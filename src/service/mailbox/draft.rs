//! A mailbox as it will be: what is given, checked.

use chrono::{DateTime, Utc};

use super::input::{CreateMailbox, GraphInput, ProviderInput};
use crate::db::{self, Connection};
use crate::domain::credential::Credential;
use crate::domain::folder::FolderAssignment;
use crate::domain::health::MailboxHealth;
use crate::domain::id::{CredentialId, MailboxId, MappingId};
use crate::domain::mailbox::{
    GraphSettings, ImapSettings, Mailbox, MailboxKind, ProviderKind, ProviderSettings,
};
use crate::mail;
use crate::provider::unfit;
use crate::service::error::{Path, Problems, UserErrorCode};
use crate::service::{Error, provider, text, url};

/// The longest silence that can be expected: a year of hours.
const MAX_HOURS: i32 = 8_784;
/// Characters of a signature.
const MAX_SIGNATURE: usize = 100_000;

/// A new mailbox; its credential is filled in when it is known. None when there is nowhere to reach it.
pub(super) fn new(problems: &mut Problems, input: CreateMailbox, now: DateTime<Utc>) -> Option<Mailbox> {
    let settings = settings(problems, &Path::of("provider"), input.provider);
    let title = text::name(problems, &Path::of("title"), &input.title);
    let address = text::address(problems, &Path::of("address"), &input.address);
    let display_name =
        text::optional_line(problems, &Path::of("displayName"), input.display_name, "display name");
    let owner = text::optional_line(problems, &Path::of("owner"), input.owner, "owner");
    let mailbox = Mailbox {
        id: MailboxId::new(),
        title,
        address,
        display_name,
        kind: input.kind,
        owner,
        mode: input.mode,
        settings: settings?,
        credential_id: input.credential_id.unwrap_or(CredentialId(uuid::Uuid::nil())),
        mapping_id: input.mapping_id,
        folder_roles: input.folder_roles,
        signature: signature(problems, input.signature),
        aliases: text::addresses(problems, &Path::of("aliases"), &input.aliases),
        unified_inbox: input.unified_inbox,
        expect_mail_within_hours: input.expect_mail_within_hours,
        alert_to: text::addresses(problems, &Path::of("alertTo"), &input.alert_to),
        paused: false,
        health: MailboxHealth::new(now),
        unread_count: None,
        epoch: String::new(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check(problems, &mailbox);
    Some(mailbox)
}

/// What has to hold of the mailbox as a whole; single texts are checked where they come in.
pub(super) fn check(problems: &mut Problems, mailbox: &Mailbox) {
    let owner = Path::of("owner");
    match (mailbox.kind, &mailbox.owner) {
        (MailboxKind::Personal, None) => {
            let message = "A PERSONAL mailbox has an owner: give the subject of the person's token.";
            problems.add(UserErrorCode::Required, &owner, message);
        }
        (MailboxKind::Group, Some(_)) => {
            let message =
                "Only a PERSONAL mailbox has an owner: leave it out, or null it with the change to GROUP.";
            problems.add(UserErrorCode::Invalid, &owner, message);
        }
        _ => {}
    }
    let hours = Path::of("expectMailWithinHours");
    text::within(problems, &hours, mailbox.expect_mail_within_hours, 0..=MAX_HOURS);
    folder_roles(problems, &mailbox.folder_roles);
}

fn folder_roles(problems: &mut Problems, roles: &[FolderAssignment]) {
    for (index, given) in roles.iter().enumerate() {
        let path = Path::of("folderRoles").index(index);
        text::folder(problems, &path.field("path"), &given.path);
        let earlier = roles.iter().take(index);
        if earlier.clone().any(|other| other.role == given.role) {
            let message = format!("The role {} is given to another folder already.", given.role);
            problems.add(UserErrorCode::Invalid, &path.field("role"), message);
        }
        if earlier.clone().any(|other| other.path == given.path) {
            problems.add(
                UserErrorCode::Invalid,
                &path.field("path"),
                "This folder has another role already.",
            );
        }
    }
}

/// Where a mailbox is.
pub(super) fn settings(
    problems: &mut Problems,
    path: &Path,
    input: ProviderInput,
) -> Option<ProviderSettings> {
    let path = path.field(input.member());
    let imap = match input {
        ProviderInput::Imap(imap) => imap,
        ProviderInput::Graph(graph) => {
            return Some(ProviderSettings::Graph(graph_settings(problems, &path, graph)));
        }
        ProviderInput::Unsupported(kind) => {
            let message = format!("Mailboxes of kind {kind} are not supported yet: use GRAPH or IMAP.");
            problems.add(UserErrorCode::Unsupported, &path, message);
            return None;
        }
    };
    let default = provider::default_port(ProviderKind::Imap, imap.security).unwrap_or_default();
    Some(ProviderSettings::Imap(ImapSettings {
        host: text::host(problems, &path.field("host"), &imap.host),
        port: text::port(problems, &path.field("port"), imap.port, default),
        security: imap.security,
        login: login(problems, &path.field("login"), imap.login),
    }))
}

fn graph_settings(problems: &mut Problems, path: &Path, given: GraphInput) -> GraphSettings {
    let user_path = path.field("user");
    let user = text::line(problems, &user_path, &given.user, MAX_LOGIN, "user");
    if user.contains(['/', '?', '#', '\\']) {
        let message =
            "This is neither a user principal name nor an object id: give one, e.g. support@contoso.com.";
        problems.add(UserErrorCode::Invalid, &user_path, message);
    }
    let endpoint = given.endpoint.filter(|url| !url.trim().is_empty());
    let endpoint = endpoint.map(|endpoint| {
        let endpoint = url::check(problems, &path.field("endpoint"), &endpoint);
        endpoint.strip_suffix("/v1.0").map_or(endpoint.clone(), str::to_owned)
    });
    GraphSettings { user, endpoint }
}

/// A login name, verbatim.
fn login(problems: &mut Problems, path: &Path, login: Option<String>) -> Option<String> {
    let login = login.filter(|login| !login.is_empty())?;
    text::line(problems, path, &login, MAX_LOGIN, "login name");
    Some(login)
}

/// Characters of a login name.
const MAX_LOGIN: usize = 1_000;

/// A signature, sanitised.
pub(super) fn signature(problems: &mut Problems, html: Option<String>) -> Option<String> {
    let html = html.filter(|html| !html.trim().is_empty())?;
    if html.chars().count() > MAX_SIGNATURE || html.contains('\0') {
        let message = format!("A signature is HTML of at most {MAX_SIGNATURE} characters, without U+0000.");
        problems.add(UserErrorCode::Invalid, &Path::of("signature"), message);
    }
    // Its own pictures may come from elsewhere: it is ours, not a stranger's.
    Some(mail::safe_html(&html, true, &|_| None))
}

/// The physical mailbox at the provider.
pub(super) fn identity(mailbox: &Mailbox, credential: &Credential) -> String {
    let login = mailbox.settings.login(credential.settings.username(), &mailbox.address);
    mailbox.settings.identity(login)
}

/// A credential that the mailbox's provider takes.
pub(super) fn fits(mailbox: &Mailbox, credential: &Credential, path: &Path) -> Result<(), Error> {
    match unfit(&mailbox.settings, credential.settings.kind()) {
        Some(message) => Err(Error::refused(UserErrorCode::Unsupported, path, message)),
        None => Ok(()),
    }
}

pub(super) async fn mapping_exists(tx: &impl Connection, id: Option<MappingId>) -> Result<(), Error> {
    match id {
        Some(id) if db::mapping::get(tx, id).await?.is_none() => {
            Err(Error::unknown(&Path::of("mappingId"), "mapping"))
        }
        _ => Ok(()),
    }
}

/// The refusal that something taken is.
pub(super) fn taken(error: db::Error, mailbox: &Mailbox) -> Error {
    use db::mailbox::Taken;
    let (path, message) = match db::mailbox::taken(&error) {
        Some(Taken::Title) => (Path::of("title"), "Another mailbox has this title: choose another one."),
        Some(Taken::Address) => (Path::of("address"), "Another mailbox has this address."),
        Some(Taken::Mapping) => (
            Path::of("mappingId"),
            "Another mailbox uses this mapping: a mapping serves one mailbox. Choose a free one, or make a copy.",
        ),
        Some(Taken::Identity) => (
            Path::of("provider").field(member(mailbox)),
            "Another mailbox reads the same mailbox at the provider (same host, port and login, or the same user).",
        ),
        None => return error.into(),
    };
    Error::refused(UserErrorCode::Taken, &path, message)
}

const fn member(mailbox: &Mailbox) -> &'static str {
    match mailbox.settings.kind() {
        ProviderKind::Graph => "graph",
        ProviderKind::Ews => "ews",
        ProviderKind::Imap => "imap",
        ProviderKind::Pop3 => "pop3",
    }
}
