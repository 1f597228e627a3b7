//! From drafts to effects: the lookups in the transaction, and the decisions over what they found.

use chrono::{DateTime, Utc};

use super::parse::Draft;
use super::{Assignment, Tools};
use crate::db;
use crate::domain::mapping::{Effect, Known, Loom, Setting, Woven};
use crate::domain::message::{Failed, Stage};

/// Looks up what the drafts name, and locks the instances found.
pub(super) async fn look_up(
    tx: &db::Transaction,
    tools: &Tools,
    assignment: &Assignment,
    drafts: &[&Draft],
) -> Result<Known, db::Error> {
    let process = assignment.treatment.mapping.process.as_str();
    let signals = drafts.iter().filter_map(|draft| draft.treated.as_deref()).map(|treated| &treated.signals);
    db::correlation::look_up_locked(tx, &tools.tombstones, process, signals).await
}

/// Decides for each draft in turn; what each does stands in the order of the drafts.
pub(super) fn weave(
    assignment: &Assignment,
    drafts: &[&Draft],
    known: Known,
    first_number: i64,
    now: DateTime<Utc>,
) -> (Vec<Effect>, Woven) {
    let setting = Setting { mapping: &assignment.treatment.mapping, mailbox_id: assignment.mailbox.id, now };
    let mut numbers = first_number..;
    let mut loom = Loom::new(setting, known, |_| numbers.next().unwrap_or(i64::MAX));
    let effects = drafts
        .iter()
        .map(|draft| match (&draft.failed, &draft.treated) {
            (Some(failed), _) => Effect::failed(failed.clone(), None),
            (None, Some(treated)) => loom.weave(draft.id, treated),
            (None, None) => {
                let reason = "It could not be read.".to_owned();
                Effect::failed(Failed { stage: Stage::Parse, reason, fault: None }, None)
            }
        })
        .collect();
    (effects, loom.finish())
}
