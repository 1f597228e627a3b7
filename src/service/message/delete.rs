//! Messages deleted: their content goes, what recognises them stays.

use crate::blob::BlobKey;
use crate::db;
use crate::db::pass::Held;
use crate::domain::event::Fact;
use crate::domain::id::{InstanceId, MailboxId, MessageId};
use crate::service::error::Problems;
use crate::service::hand::{self, MESSAGES};
use crate::service::permit::MailHandle;
use crate::service::{Context, Error, Path, Permit, UserErrorCode};

/// Empties the messages, all or none. They are not taken in again, their instances keep what they made of them, and
/// replies to them still find the way. What is to be done with an original is still done.
pub async fn delete(
    cx: &Context,
    permit: &Permit<MailHandle>,
    ids: &[MessageId],
) -> Result<Vec<MessageId>, Error> {
    let known = db::read::message::by_ids(cx.db.read(), ids).await?;
    let mut mailboxes: Vec<MailboxId> = known.values().map(|message| message.mailbox_id).collect();
    mailboxes.sort();
    mailboxes.dedup();
    let tx = cx.db.begin().await?;
    db::lease::hold(&tx, &mailboxes).await?;
    let held = db::pass::hold(&tx, ids).await?;
    all_there(ids, &held)?;
    let mut instances: Vec<InstanceId> = held.iter().filter_map(|held| held.message.instance_id).collect();
    instances.sort();
    instances.dedup();
    for mut state in db::instance::lock(&tx, &instances).await? {
        state.instance.updated_at = cx.clock.now();
        db::instance::update(&tx, &state).await?;
    }
    let ids: Vec<MessageId> = held.iter().map(|held| held.message.id).collect();
    let blobs = db::tombstone::empty(&tx, &cx.installation.tombstones(), &ids, cx.clock.now()).await?;
    db::search::remove(&tx, &ids).await?;
    let events = held
        .iter()
        .filter_map(|held| Some((held, held.message.instance_id?)))
        .map(|(held, instance_id)| {
            let changed = vec![MESSAGES.to_owned()];
            let fact =
                Fact::ProcessInstanceUpdated { message_id: Some(held.message.id), instance_id, changed };
            hand::told(cx, permit, Some(held.message.mailbox_id), fact)
        })
        .collect();
    db::event::append(&tx, events).await?;
    tx.commit().await.map_err(db::Error::from)?;
    for key in blobs {
        // What is left behind has no row, and is swept.
        if let Err(error) = cx.blobs.delete(&BlobKey::from(key)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a raw message is left to be swept");
        }
    }
    Ok(ids)
}

fn all_there(ids: &[MessageId], held: &[Held]) -> Result<(), Error> {
    let mut problems = Problems::new();
    for (index, id) in ids.iter().enumerate() {
        if !held.iter().any(|held| held.message.id == *id) {
            let path = Path::of("ids").index(index);
            problems.add(UserErrorCode::NotFound, &path, "There is no such message.");
        }
    }
    problems.finish()
}
