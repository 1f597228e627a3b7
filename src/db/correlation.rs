//! Looking up what messages name: the keys that they share with stored ones, the references, and the instances.

use std::collections::{HashMap, HashSet};

use sea_orm::ConnectionTrait;

use super::{Error, instance};
use crate::domain::id::{InstanceId, MessageId};
use crate::domain::instance::InstanceState;
use crate::domain::mapping::{Key, Known, Signals};

/// What the messages name, its instances locked until the transaction ends.
pub async fn look_up_locked<'a>(
    tx: &impl ConnectionTrait,
    process: &str,
    signals: impl Iterator<Item = &'a Signals> + Clone,
) -> Result<Known, Error> {
    let lines = lines(tx, process, signals).await?;
    let states = instance::lock(tx, &lines.instances).await?;
    Ok(lines.with(states))
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
    process: &str,
    signals: impl Iterator<Item = &'a Signals> + Clone,
    absent: &Absent,
) -> Result<Known, Error> {
    let mut lines = lines(db, process, signals).await?;
    lines.keys.retain(|(_, line)| !absent.messages.contains(&line.message_id));
    lines.instances.retain(|id| !absent.instances.contains(id));
    let states = instance::look(db, &lines.instances).await?;
    Ok(lines.with(states))
}

/// Lines of the key table, and the instances that they and the references name.
struct Lines {
    keys: Vec<(Key, instance::StoredKey)>,
    instances: Vec<InstanceId>,
}

async fn lines<'a>(
    db: &impl ConnectionTrait,
    process: &str,
    signals: impl Iterator<Item = &'a Signals> + Clone,
) -> Result<Lines, Error> {
    let asked: HashMap<Vec<u8>, Key> =
        signals.clone().flat_map(Signals::keys).map(|key| (instance::key_hash(process, &key), key)).collect();
    let mut hashes: Vec<Vec<u8>> = asked.keys().cloned().collect();
    hashes.sort();
    let mut references: Vec<String> = signals.flat_map(Signals::reference_texts).map(str::to_owned).collect();
    references.sort();
    references.dedup();
    let stored = instance::by_keys(db, &hashes).await?;
    let named = instance::ids_by_references(db, &references).await?;
    let mut instances: Vec<InstanceId> =
        stored.iter().map(|key| key.instance_id).chain(named.into_iter().map(|(_, id)| id)).collect();
    instances.sort();
    instances.dedup();
    let keys = stored.into_iter().filter_map(|line| Some((asked.get(&line.hash)?.clone(), line))).collect();
    Ok(Lines { keys, instances })
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
        known
    }
}
