//! CHECK_ONLY: how many of the folder are unread, and nothing else: no message is fetched, none is changed.

use super::Parts;
use super::conclusion::Cause;
use crate::db;
use crate::db::lease::Lease;
use crate::domain::event::{Fact, NewEvent};
use crate::domain::id::EventId;
use crate::domain::job::Job;
use crate::domain::mailbox::Mailbox;
use crate::pipeline;
use crate::provider::Access;

/// Asks the provider, and tells when the number changed.
pub(super) async fn unread(parts: &Parts, lease: &Lease, mailbox: &Mailbox, job: &Job) -> Result<(), Cause> {
    let provider = parts.reaches.provider(mailbox).await?;
    let mut session = provider.open(Access::Look).await.map_err(pipeline::Error::from)?;
    let folders = session.folders().await.map_err(pipeline::Error::from)?;
    session.close().await;
    let of_job = folders.iter().find(|folder| db::job::same_folder(&folder.path, &job.folder));
    let unread = of_job.and_then(|folder| folder.unread).and_then(|unread| i32::try_from(unread).ok());
    if unread == mailbox.unread_count {
        return Ok(());
    }
    write(parts, lease, mailbox, job, unread).await.map_err(|error| pipeline::Error::from(error).into())
}

async fn write(
    parts: &Parts,
    lease: &Lease,
    mailbox: &Mailbox,
    job: &Job,
    unread: Option<i32>,
) -> Result<(), db::Error> {
    let event = unread.map(|unread_count| NewEvent {
        id: EventId::new(),
        occurred_at: parts.tools.clock.now(),
        actor: None,
        mailbox_id: Some(mailbox.id),
        fact: Fact::MailboxUnread { folder: job.folder.clone(), unread_count },
    });
    let tx = parts.tools.db.begin().await?;
    db::lease::check(&tx, lease).await?;
    db::mailbox::set_unread_count(&tx, mailbox.id, unread).await?;
    db::event::append(&tx, event.into_iter().collect()).await?;
    tx.commit().await?;
    Ok(())
}
