//! Looking up what messages name: the keys that they share with stored ones, the references, and the instances; and
//! what stored messages tell beside.

mod messages;

use std::collections::{HashMap, HashSet};

use sea_orm::ConnectionTrait;

use super::{Error, instance, key};
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::instance::InstanceState;
use crate::domain::mapping::{Copy, Key, Known, SameMessage, Signals};
use crate::domain::tombstone::TombstoneKey;

/// What the messages name, its instances locked until the transaction ends.
pub async fn look_up_locked<'a>(
    tx: &impl ConnectionTrait,
    tombstones: &TombstoneKey,
    process: &str,
    signals: impl Iterator<Item = &'a Signals> + Clone,
) -> Result<Known, Error> {
    let lines = lines(tx, tombstones, process, signals.clone()).await?;
    let states = instance::lock(tx, &lines.instances).await?;
    let mut known = lines.with(states);
    tell(tx, process, signals, &mut known, None).await?;
    Ok(known)
}

/// What a dry run takes for not there yet: the messages that it goes through again, and what they made.
#[derive(Debug, Clone, Default)]
pub struct Absent {
    /// The messages.
    pub messages: HashSet<MessageId>,
    /// The instances that they made.
    pub instances: HashSet<InstanceId>,
}

/// What the messages name, as it is now but for what is to be absent. Locks nothing.
pub async fn look_up<'a>(
    db: &impl ConnectionTrait,
    tombstones: &TombstoneKey,
    process: &str,
    signals: impl Iterator<Item = &'a Signals> + Clone,
    absent: &Absent,
) -> Result<Known, Error> {
    let mut lines = lines(db, tombstones, process, signals.clone()).await?;
    lines.keys.retain(|(_, line)| !absent.messages.contains(&line.message_id));
    lines.instances.retain(|id| !absent.instances.contains(id));
    lines.copies.retain(|(_, copy)| !absent.messages.contains(&copy.message_id));
    let states = instance::look(db, &lines.instances).await?;
    let mut known = lines.with(states);
    tell(db, process, signals, &mut known, Some(absent)).await?;
    Ok(known)
}

/// Lines of the key table, and the instances that they and the references name.
struct Lines {
    keys: Vec<(Key, key::StoredKey)>,
    copies: Vec<(SameMessage, Copy)>,
    instances: Vec<InstanceId>,
}

async fn lines<'a>(
    db: &impl ConnectionTrait,
    tombstones: &TombstoneKey,
    process: &str,
    signals: impl Iterator<Item = &'a Signals> + Clone,
) -> Result<Lines, Error> {
    let asked: HashMap<Vec<u8>, Key> =
        signals.clone().flat_map(Signals::keys).map(|key| (key::key_hash(process, &key), key)).collect();
    let mut hashes: Vec<Vec<u8>> = asked.keys().cloned().collect();
    hashes.sort();
    let references = sorted(signals.clone().flat_map(Signals::reference_texts));
    let external_ids = sorted(signals.clone().flat_map(Signals::external_ids));
    let stored = key::by_keys(db, &hashes).await?;
    let named = instance::ids_by_references(db, &references).await?;
    let external = instance::ids_by_external_ids(db, process, &external_ids).await?;
    let same = signals.filter_map(|signals| signals.same.as_ref()).collect();
    let copies = messages::copies(db, tombstones, &same).await?;
    let mut instances: Vec<InstanceId> = stored
        .iter()
        .map(|key| key.instance_id)
        .chain(named.into_iter().map(|(_, id)| id))
        .chain(external)
        .chain(copies.iter().map(|(_, copy)| copy.instance_id))
        .collect();
    instances.sort();
    instances.dedup();
    let keys = stored.into_iter().filter_map(|line| Some((asked.get(&line.hash)?.clone(), line))).collect();
    Ok(Lines { keys, copies, instances })
}

fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut texts: Vec<String> = texts.map(str::to_owned).collect();
    texts.sort();
    texts.dedup();
    texts
}

/// Adds what is asked of stored messages only where the mapping wants it: who is on the threads of the instances, and
/// how much automatic mail the senders sent.
async fn tell<'a>(
    db: &impl ConnectionTrait,
    process: &str,
    signals: impl Iterator<Item = &'a Signals> + Clone,
    known: &mut Known,
    absent: Option<&Absent>,
) -> Result<(), Error> {
    let senders = signals.clone().flat_map(|signals| signals.senders.iter().map(String::as_str)).collect();
    let instances = known.found.instance_ids();
    for (id, who) in messages::participants(db, process, &instances, &senders, absent).await? {
        known.found.add_participant(id, who);
    }
    let wanted: Vec<_> =
        signals.filter_map(|signals| Some((signals.counted.as_ref()?, signals.received_at))).collect();
    for (id, sender, received_at) in messages::counted(db, &wanted).await? {
        if absent.is_none_or(|absent| !absent.messages.contains(&id)) {
            known.found.count(sender, id, received_at);
        }
    }
    Ok(())
}

impl Lines {
    fn with(self, states: Vec<InstanceState>) -> Known {
        let mut known = Known::default();
        for state in states {
            known.add(state);
        }
        for (key, line) in self.keys {
            known.found.add_key(&key, line.instance_id, line.role);
        }
        for (same, copy) in self.copies {
            known.found.add_copy(&same, copy);
        }
        known
    }
}
