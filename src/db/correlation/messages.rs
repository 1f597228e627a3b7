//! What stored messages tell about a new one: its copies in other mailboxes, who is on a thread, how much automatic
//! mail a sender sent.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Absent;
use crate::db::Error;
use crate::db::entity::{correlation_key, message, message_address};
use crate::db::key::key_hash;
use crate::db::pairing::internet_message_id_hash;
use crate::db::store::short;
use crate::db::tombstone::kept;
use crate::domain::id::{InstanceId, MailboxId, MessageId};
use crate::domain::mapping::{COUNTED_WITHIN, Copy, Counted, Key, SameMessage};
use crate::domain::message::AddressRole;
use crate::domain::tombstone::TombstoneKey;

/// The most copies that are looked at for one batch.
const MAX_COPIES: u64 = 1_000;

/// Messages that were taken in with the same Message-ID and content, deleted since or not, and belong to an instance.
pub(super) async fn copies(
    db: &impl ConnectionTrait,
    key: &TombstoneKey,
    wanted: &HashSet<&SameMessage>,
) -> Result<Vec<(SameMessage, Copy)>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let by_hash: HashMap<(Vec<u8>, Vec<u8>), &SameMessage> = wanted
        .iter()
        .flat_map(|same| {
            let plain = (internet_message_id_hash(&same.internet_message_id), short(same.fingerprint));
            let of_tombstone = (kept(key, plain.0.clone()), kept(key, plain.1.clone()));
            [(plain, *same), (of_tombstone, *same)]
        })
        .collect();
    type Row = (uuid::Uuid, uuid::Uuid, Option<uuid::Uuid>, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Row> = message::Entity::find()
        .select_only()
        .columns([
            message::Column::Id,
            message::Column::MailboxId,
            message::Column::InstanceId,
            message::Column::InternetMessageIdHash,
            message::Column::Fingerprint,
        ])
        .filter(message::Column::InternetMessageIdHash.is_in(by_hash.keys().map(|(id, _)| id.clone())))
        .filter(message::Column::Fingerprint.is_in(by_hash.keys().map(|(_, print)| print.clone())))
        .filter(message::Column::InstanceId.is_not_null())
        .order_by_asc(message::Column::Id)
        .limit(MAX_COPIES)
        .into_tuple()
        .all(db)
        .await?;
    let found = rows.into_iter().filter_map(|(id, mailbox, instance, hash, print)| {
        let same = by_hash.get(&(hash?, print?))?;
        let copy = Copy {
            message_id: id.into(),
            mailbox_id: MailboxId::from(mailbox),
            instance_id: instance?.into(),
        };
        Some(((*same).clone(), copy))
    });
    Ok(found.collect())
}

/// Which of the senders are on the threads of which of the instances: as authors and recipients of their messages, or
/// as the authors of what was forwarded by someone trusted.
pub(super) async fn participants(
    db: &impl ConnectionTrait,
    process: &str,
    instances: &[InstanceId],
    senders: &HashSet<&str>,
    absent: Option<&Absent>,
) -> Result<Vec<(InstanceId, String)>, Error> {
    if instances.is_empty() || senders.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for row in db.query_all(&written_or_addressed(instances, senders, absent)).await? {
        let instance: uuid::Uuid = row.try_get("", "instance_id")?;
        found.push((instance.into(), row.try_get("", "person")?));
    }
    let originals: HashMap<Vec<u8>, &str> = senders
        .iter()
        .map(|sender| (key_hash(process, &Key::Participant((*sender).to_owned())), *sender))
        .collect();
    let rows = correlation_key::Entity::find()
        .filter(correlation_key::Column::Key.is_in(originals.keys().cloned()))
        .filter(correlation_key::Column::InstanceId.is_in(instances.iter().map(|id| id.0)))
        .all(db)
        .await?;
    let is_there =
        |id: uuid::Uuid| absent.is_none_or(|absent| !absent.messages.contains(&MessageId::from(id)));
    found.extend(rows.into_iter().filter(|row| is_there(row.message_id)).filter_map(|row| {
        let sender = originals.get(&row.key)?;
        Some((row.instance_id.into(), (*sender).to_owned()))
    }));
    Ok(found)
}

fn written_or_addressed(
    instances: &[InstanceId],
    senders: &HashSet<&str>,
    absent: Option<&Absent>,
) -> SelectStatement {
    let roles = [AddressRole::From, AddressRole::To, AddressRole::Cc].map(|role| role as i16);
    let address = || Func::lower(Expr::col((message_address::Entity, message_address::Column::Address)));
    let mut select = Query::select();
    select
        .distinct()
        .column((message::Entity, message::Column::InstanceId))
        .expr_as(address(), "person")
        .from(message::Entity)
        .join(
            JoinType::InnerJoin,
            message_address::Entity,
            Expr::col((message_address::Entity, message_address::Column::MessageId))
                .equals((message::Entity, message::Column::Id)),
        )
        .and_where(message::Column::InstanceId.is_in(instances.iter().map(|id| id.0)))
        .and_where(message_address::Column::Role.is_in(roles))
        .and_where(Expr::expr(address()).is_in(senders.iter().copied()));
    if let Some(absent) = absent.filter(|absent| !absent.messages.is_empty()) {
        select.and_where(message::Column::Id.is_not_in(absent.messages.iter().map(|id| id.0)));
    }
    select
}

/// Automatic mail of the senders that arrived within ten minutes of one of the instants: of each the message, the
/// sender and its arrival.
pub(super) async fn counted(
    db: &impl ConnectionTrait,
    wanted: &[(&Counted, DateTime<Utc>)],
) -> Result<Vec<(MessageId, String, DateTime<Utc>)>, Error> {
    let Some((first, _)) = wanted.first() else { return Ok(Vec::new()) };
    let arrived = windows(wanted.iter().map(|(_, at)| *at)).into_iter().fold(
        Condition::any(),
        |any, (since, until)| {
            any.add(message::Column::ReceivedAt.gt(since).and(message::Column::ReceivedAt.lt(until)))
        },
    );
    let rows: Vec<(uuid::Uuid, DateTime<Utc>)> = message::Entity::find()
        .select_only()
        .columns([message::Column::Id, message::Column::ReceivedAt])
        .filter(message::Column::MailboxId.eq(first.mailbox_id.0))
        .filter(message::Column::Automatic.is_not_null())
        .filter(arrived)
        .into_tuple()
        .all(db)
        .await?;
    let mut authors = HashMap::new();
    for chunk in rows.chunks(1000) {
        let found: Vec<(uuid::Uuid, String)> = message_address::Entity::find()
            .select_only()
            .columns([message_address::Column::MessageId, message_address::Column::Address])
            .filter(message_address::Column::MessageId.is_in(chunk.iter().map(|(id, _)| *id)))
            .filter(message_address::Column::Role.eq(AddressRole::From as i16))
            .into_tuple()
            .all(db)
            .await?;
        authors.extend(found);
    }
    let senders: HashSet<&str> = wanted.iter().map(|(counted, _)| counted.sender.as_str()).collect();
    let found = rows.into_iter().filter_map(|(id, received_at)| {
        let sender = authors.remove(&id).map(|address| address.to_ascii_lowercase()).unwrap_or_default();
        senders.contains(sender.as_str()).then(|| (id.into(), sender, received_at))
    });
    Ok(found.collect())
}

/// Ten minutes around each instant, those that overlap as one.
fn windows(instants: impl Iterator<Item = DateTime<Utc>>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let mut instants: Vec<_> = instants.collect();
    instants.sort_unstable();
    let mut windows: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for at in instants {
        let (since, until) = (at - COUNTED_WITHIN, at + COUNTED_WITHIN);
        match windows.last_mut() {
            Some((_, end)) if *end >= since => *end = until,
            _ => windows.push((since, until)),
        }
    }
    windows
}
