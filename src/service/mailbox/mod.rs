//! Mailboxes: mail accounts that are read and answered from.

mod draft;
mod input;
mod reach;
mod state;
mod update;

pub use input::{
    CreateMailbox, CredentialChoice, GraphInput, ImapInput, ProviderInput, TestMailbox, UpdateMailbox,
};
pub use reach::{folders, test};
pub use state::{pause, resume};
pub use update::update;

use super::credential::NewCredential;
use super::error::Problems;
use super::job::{self, FirstJob};
use super::permit::ConfigWrite;
use super::{Context, Error, Path, Permit, UserErrorCode};
use crate::db::{self, Connection};
use crate::domain::credential::Credential;
use crate::domain::id::{CredentialId, MailboxId};
use crate::domain::job::Job;
use crate::domain::mailbox::Mailbox;

/// Makes a mailbox, with its new credential and its first job where they are given: all of it or nothing.
pub async fn create(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    mut input: CreateMailbox,
) -> Result<Mailbox, Error> {
    let now = cx.clock.now();
    let mut problems = Problems::new();
    let credential = credential_given(&mut problems, input.credential_id, input.new_credential.take());
    let first_job = input.job.take();
    let mailbox = draft::new(&mut problems, input, now);
    let job = match (&mailbox, first_job) {
        (Some(mailbox), Some(first)) => Some(first_job_of(&mut problems, mailbox, first, cx)),
        _ => None,
    };
    problems.finish()?;
    let (Some(mut mailbox), Some(credential)) = (mailbox, credential) else { return Err(Error::NotFound) };

    let tx = cx.db.begin().await?;
    let (credential, path) = match credential {
        Given::Saved(id) => {
            let path = Path::of("credentialId");
            (saved_credential(&tx, id, &path).await?, path)
        }
        Given::New(new) => {
            let path = Path::of("newCredential");
            (new.insert(cx, &tx, &path).await?, path.field("config"))
        }
    };
    draft::fits(&mailbox, &credential, &path)?;
    if let Some(job) = &job {
        let ground = job::Ground { mailbox: &mailbox, cloud: credential.settings.cloud(), others: &[] };
        if let Some(message) = ground.no_purge(job) {
            let purge = Path::of("job").field("handling").field("purgeAtEndOfRun");
            return Err(Error::refused(UserErrorCode::Unsupported, &purge, message));
        }
    }
    mailbox.credential_id = credential.id;
    draft::mapping_exists(&tx, mailbox.mapping_id).await?;
    db::mailbox::insert(&tx, &mailbox, &draft::identity(&mailbox, &credential))
        .await
        .map_err(|error| draft::taken(error, &mailbox))?;
    if let Some(job) = job {
        db::job::insert(&tx, &job).await.map_err(|error| job::taken(error, &Path::of("job")))?;
    }
    let mailbox = db::mailbox::get(&tx, mailbox.id).await?.ok_or(Error::NotFound)?;
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(mailbox)
}

/// Deletes a mailbox, its jobs and runs. Its messages and instances stay.
pub async fn delete(cx: &Context, _permit: &Permit<ConfigWrite>, id: MailboxId) -> Result<(), Error> {
    let tx = cx.db.begin().await?;
    if !db::mailbox::delete(&tx, id).await? {
        return Err(Error::unknown(&Path::of("id"), "mailbox"));
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(())
}

/// Which credential is given: exactly one of the two ways.
enum Given {
    Saved(CredentialId),
    New(NewCredential),
}

fn credential_given(
    problems: &mut Problems,
    saved: Option<CredentialId>,
    new: Option<super::credential::CreateCredential>,
) -> Option<Given> {
    match (saved, new) {
        (Some(id), None) => Some(Given::Saved(id)),
        (None, Some(new)) => match NewCredential::check(new, &Path::of("newCredential")) {
            Ok(new) => Some(Given::New(new)),
            Err(error) => {
                problems.absorb(error);
                None
            }
        },
        (None, None) => {
            let message = "A mailbox needs a credential: give credentialId or newCredential.";
            problems.add(UserErrorCode::Required, &Path::of("credentialId"), message);
            None
        }
        (Some(_), Some(_)) => {
            let message = "Give credentialId or newCredential, not both.";
            problems.add(UserErrorCode::Invalid, &Path::of("newCredential"), message);
            None
        }
    }
}

fn first_job_of(problems: &mut Problems, mailbox: &Mailbox, first: FirstJob, cx: &Context) -> Job {
    // Its credential may be one that is not read yet.
    let ground = job::Ground { mailbox, cloud: None, others: &[] };
    job::draft(problems, &Path::of("job"), &ground, first, Some(&mailbox.title), cx)
}

async fn saved_credential(tx: &impl Connection, id: CredentialId, path: &Path) -> Result<Credential, Error> {
    db::credential::get(tx, id).await?.ok_or_else(|| Error::unknown(path, "credential"))
}
