//! Jobs that take unread mail only: what someone marked unread is taken up, once for each time it was.
//!
//! A message that was taken in starts another pass only if we marked it read, it is unread now, and its version is not the
//! one that our own change made. Until that pass has marked it read again, it is not looked at.

use std::collections::HashMap;

use super::{Assignment, Error, Tools, kill};
use crate::db;
use crate::db::intake::SourceKey;
use crate::db::unread::Left;
use crate::domain::job::Selection;
use crate::provider::{ListPage, Session};

/// Of what a page of the listing shows again. Taken up in the transaction of the page.
pub(super) async fn of_page(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    page: &ListPage,
) -> Result<Vec<Left>, Error> {
    let unread = page.listed.iter().filter(|listed| listed.is_read == Some(false));
    let told: Vec<String> = unread.map(|listed| listed.source_id.clone()).collect();
    if assignment.job.selection != Selection::Unread || told.is_empty() {
        return Ok(Vec::new());
    }
    let left = lines(tools, assignment, &page.position.generation, told).await?;
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let told: Vec<String> = left.keys().cloned().collect();
    let unread = session.unread(&assignment.job.folder, &told).await?;
    Ok(taken_up(left, unread))
}

/// Of the whole folder, where the listing does not tell of changes; answers whether there was any.
pub(super) async fn of_folder(
    tools: &Tools,
    assignment: &Assignment,
    session: &mut dyn Session,
    generation: &str,
) -> Result<bool, Error> {
    if assignment.job.selection != Selection::Unread || session.tells_changes() {
        return Ok(false);
    }
    let unread = session.unread(&assignment.job.folder, &[]).await?;
    let ids = unread.iter().map(|unread| unread.source_id.clone()).collect();
    let left = lines(tools, assignment, generation, ids).await?;
    let again = taken_up(left, unread);
    if again.is_empty() {
        return Ok(false);
    }
    let tx = tools.db.begin().await?;
    db::lease::check(&tx, &assignment.hold.lease).await?;
    db::unread::take_again(&tx, assignment.job.id, &again).await?;
    kill::point("unread.before_commit");
    tx.commit().await.map_err(db::Error::from)?;
    kill::point("unread.committed");
    Ok(true)
}

/// Lines that wait for being unread, by source id.
async fn lines(
    tools: &Tools,
    assignment: &Assignment,
    generation: &str,
    ids: Vec<String>,
) -> Result<HashMap<String, Left>, Error> {
    let job = &assignment.job;
    let mut by_key: HashMap<SourceKey, String> =
        ids.into_iter().map(|id| (SourceKey::of(job.mailbox_id, generation, &job.folder, &id), id)).collect();
    let keys: Vec<SourceKey> = by_key.keys().cloned().collect();
    let left = db::unread::left(tools.db.read(), job.id, &keys).await?;
    Ok(left.into_iter().filter_map(|line| Some((by_key.remove(&line.key)?, line))).collect())
}

/// What still shows the version of our own change was read from a copy that is behind.
fn taken_up(mut left: HashMap<String, Left>, unread: Vec<crate::provider::Unread>) -> Vec<Left> {
    unread
        .into_iter()
        .filter_map(|unread| {
            let line = left.remove(&unread.source_id)?;
            let is_our_own = line.version.is_some() && line.version == unread.version;
            (!is_our_own).then_some(line)
        })
        .collect()
}
