//! Changing a mailbox.

use chrono::{DateTime, Utc};

use super::draft;
use super::input::UpdateMailbox;
use super::saved_credential;
use crate::db::{self, Connection};
use crate::domain::mailbox::{Mailbox, MailboxMode};
use crate::service::error::Problems;
use crate::service::permit::ConfigWrite;
use crate::service::{Context, Error, Patch, Path, Permit, UserErrorCode, job, text};

/// Changes a mailbox. If it waited for anything, it is tried at once.
pub async fn update(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: UpdateMailbox,
) -> Result<Mailbox, Error> {
    let now = cx.clock.now();
    let tx = cx.db.begin().await?;
    // The lease before the mailbox, as in the intake: two that lock in turn would wait for each other.
    if !(input.provider.is_keep() && input.credential_id.is_keep()) {
        db::lease::revoke(&tx, input.id).await?;
    }
    let Some(saved) = db::mailbox::lock(&tx, input.id).await? else {
        return Err(Error::unknown(&Path::of("id"), "mailbox"));
    };
    if input.expected_version.is_some_and(|expected| expected != saved.version) {
        return Err(Error::conflict("mailbox", saved.version));
    }
    let mut problems = Problems::new();
    let changed = changed(&mut problems, &saved, input, now);
    problems.finish()?;

    let credential = saved_credential(&tx, changed.credential_id, &Path::of("credentialId")).await?;
    // Of a mailbox that was saved before its provider became particular, other things can be changed still.
    if changed.settings != saved.settings || changed.credential_id != saved.credential_id {
        draft::fits(&changed, &credential, &Path::of("credentialId"))?;
        let at = if changed.settings == saved.settings { "credentialId" } else { "provider" };
        job::still_fit(&tx, &changed, credential.settings.cloud(), &Path::of(at)).await?;
    }
    if changed.settings.kind() != saved.settings.kind() || changed.folder_roles != saved.folder_roles {
        let at = if changed.folder_roles == saved.folder_roles { "provider" } else { "folderRoles" };
        job::no_circles(&tx, &changed, &Path::of(at)).await?;
    }
    if changed.mapping_id != saved.mapping_id {
        draft::mapping_exists(&tx, changed.mapping_id).await?;
    }
    db::mailbox::update(&tx, &changed, &draft::identity(&changed, &credential), saved.version)
        .await
        .map_err(|error| draft::taken(error, &changed))?;
    if changed.mode != saved.mode {
        change_mode(&tx, &changed, now).await?;
    }
    if !changed.paused {
        db::mailbox::retry_at_once(&tx, changed.id, now).await?;
    }
    let changed = db::mailbox::get(&tx, changed.id).await?.ok_or(Error::NotFound)?;
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(changed)
}

fn changed(problems: &mut Problems, saved: &Mailbox, input: UpdateMailbox, now: DateTime<Utc>) -> Mailbox {
    let mut mailbox = saved.clone();
    if let Some(title) = required(problems, "title", input.title) {
        mailbox.title = text::name(problems, &Path::of("title"), &title);
    }
    if let Some(address) = required(problems, "address", input.address) {
        mailbox.address = text::address(problems, &Path::of("address"), &address);
    }
    let line = |problems: &mut Problems, name: &str, what: &str, patch: Patch<String>, saved| match patch {
        Patch::Set(given) => text::optional_line(problems, &Path::of(name), Some(given), what),
        keep_or_clear => keep_or_clear.apply(saved),
    };
    mailbox.display_name =
        line(problems, "displayName", "display name", input.display_name, mailbox.display_name);
    mailbox.owner = line(problems, "owner", "owner", input.owner, mailbox.owner);
    mailbox.kind = required(problems, "kind", input.kind).unwrap_or(mailbox.kind);
    mailbox.mode = required(problems, "mode", input.mode).unwrap_or(mailbox.mode);
    if let Some(provider) = required(problems, "provider", input.provider)
        && let Some(settings) = draft::settings(problems, &Path::of("provider"), provider)
    {
        mailbox.settings = settings;
    }
    mailbox.credential_id =
        required(problems, "credentialId", input.credential_id).unwrap_or(mailbox.credential_id);
    mailbox.mapping_id = input.mapping_id.apply(mailbox.mapping_id);
    mailbox.signature = match input.signature {
        Patch::Set(html) => draft::signature(problems, Some(html)),
        keep_or_clear => keep_or_clear.apply(mailbox.signature),
    };
    if let Some(aliases) = list(input.aliases) {
        mailbox.aliases = text::addresses(problems, &Path::of("aliases"), &aliases);
    }
    if let Some(alert_to) = list(input.alert_to) {
        mailbox.alert_to = text::addresses(problems, &Path::of("alertTo"), &alert_to);
    }
    if let Some(roles) = list(input.folder_roles) {
        mailbox.folder_roles = roles;
    }
    mailbox.expect_mail_within_hours = input.expect_mail_within_hours.apply(mailbox.expect_mail_within_hours);
    mailbox.unified_inbox =
        required(problems, "unifiedInbox", input.unified_inbox).unwrap_or(mailbox.unified_inbox);
    mailbox.version = saved.version + 1;
    mailbox.updated_at = now;
    draft::check(problems, &mailbox);
    mailbox
}

/// The jobs of a CHECK_ONLY mailbox have no handling; back to INGEST they get the default one, which with UNREAD marks all
/// read.
async fn change_mode(tx: &impl Connection, mailbox: &Mailbox, now: DateTime<Utc>) -> Result<(), Error> {
    for mut job in db::job::of_mailbox(tx, mailbox.id).await? {
        let was = job.version;
        job.handling = match mailbox.mode {
            MailboxMode::CheckOnly => None,
            MailboxMode::Ingest => {
                Some(job::default_handling(&mailbox.settings).endless_never(job.selection))
            }
        };
        job.version = was + 1;
        job.updated_at = now;
        db::job::update(tx, &job, was).await?;
    }
    Ok(())
}

/// The new value of a list; null empties it.
fn list<T>(patch: Patch<Vec<T>>) -> Option<Vec<T>> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(Vec::new()),
        Patch::Set(list) => Some(list),
    }
}

/// The new value of a field that can't be empty.
fn required<T>(problems: &mut Problems, name: &str, patch: Patch<T>) -> Option<T> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => {
            let message =
                format!("A mailbox can't be without `{name}`: leave the field out to keep it as it is.");
            problems.add(UserErrorCode::Required, &Path::of(name), message);
            None
        }
        Patch::Set(value) => Some(value),
    }
}
