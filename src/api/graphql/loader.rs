//! Loading by id, once for all parents of an answer.
//!
//! The library's own DataLoader gathers keys for a millisecond of real time, on a thread of its own: a page whose
//! fields are loaded in two steps waits twice for nothing, and a busy machine cuts a batch in two. Here it is the
//! task itself that says when a batch is complete.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Context;
use async_graphql::dataloader::Loader;
use tokio::sync::OnceCell;
use tokio::task::{unconstrained, yield_now};

use super::error::{Error, Result};

/// The most keys of one statement.
const MAX_KEYS: usize = 1000;
/// A batch is complete when the task came to rest so often and nobody asked for more.
const QUIET: usize = 2;

/// A loader as the request's data holds it.
pub type Shared<L> = Arc<Batches<L>>;

/// A loader, and for each kind of key the batch that is being gathered.
pub struct Batches<L> {
    loader: L,
    open: Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

/// Keys that are loaded together; whoever waits for them first loads them, and if that one goes away, the next.
struct Batch<K, V> {
    keys: Mutex<Vec<K>>,
    found: OnceCell<Result<HashMap<K, V>>>,
}

impl<L: Send + Sync + 'static> Batches<L> {
    /// What the loader finds for the key.
    pub async fn load_one<K>(&self, key: K) -> Result<Option<L::Value>>
    where
        L: Loader<K, Error = Error>,
        K: Send + Sync + Hash + Eq + Clone + 'static,
    {
        let batch = self.join(&key);
        // Boxed: each field that waits would otherwise have room for a statement in the making.
        let found = batch.found.get_or_init(|| Box::pin(self.load(&batch)));
        // tokio lets a task do 128 such steps at a time; the fields beyond would come too late for the next batch.
        match unconstrained(found).await {
            Ok(found) => Ok(found.get(&key).cloned()),
            Err(error) => Err(error.clone()),
        }
    }

    /// Puts the key into the open batch of its kind.
    fn join<K>(&self, key: &K) -> Arc<Batch<K, L::Value>>
    where
        L: Loader<K, Error = Error>,
        K: Send + Sync + Hash + Eq + Clone + 'static,
    {
        let mut open = locked(&self.open);
        let open = open.entry(TypeId::of::<K>()).or_insert_with(|| Box::new(Batch::<K, L::Value>::new()));
        let batch = match open.downcast_ref::<Arc<Batch<K, L::Value>>>() {
            Some(batch) => Arc::clone(batch),
            None => Batch::new(),
        };
        locked(&batch.keys).push(key.clone());
        batch
    }

    /// Gathers until nobody asks for more, and loads.
    ///
    /// All fields of an operation are resolved in one task. Once it comes to rest, each of them has asked for what it
    /// can: so the batch is complete when the task was at rest and no key has come.
    async fn load<K>(&self, batch: &Batch<K, L::Value>) -> Result<HashMap<K, L::Value>>
    where
        L: Loader<K, Error = Error>,
        K: Send + Sync + Hash + Eq + Clone + 'static,
    {
        let (mut gathered, mut quiet) = (0, 0);
        while quiet < QUIET {
            yield_now().await;
            quiet = if batch.len() == gathered { quiet + 1 } else { 0 };
            gathered = batch.len();
        }
        locked(&self.open).remove(&TypeId::of::<K>());
        let keys: Vec<K> = locked(&batch.keys).iter().cloned().collect::<HashSet<K>>().into_iter().collect();
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(MAX_KEYS) {
            found.extend(self.loader.load(keys).await?);
        }
        Ok(found)
    }
}

impl<K, V> Batch<K, V> {
    fn new() -> Arc<Self> {
        Arc::new(Self { keys: Mutex::new(Vec::new()), found: OnceCell::new() })
    }

    fn len(&self) -> usize {
        locked(&self.keys).len()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A loader for one request.
pub fn new<L>(loader: L) -> Shared<L> {
    Arc::new(Batches { loader, open: Mutex::default() })
}

/// The request's loader `L`, for what outlives the resolver.
pub fn shared<L: Send + Sync + 'static>(ctx: &Context<'_>) -> Result<Shared<L>> {
    ctx.data_opt::<Shared<L>>().cloned().ok_or_else(|| Error::internal("the context holds no such loader"))
}

/// Asks the request's loader `L`.
pub async fn load<L, K>(ctx: &Context<'_>, key: K) -> Result<Option<L::Value>>
where
    L: Loader<K, Error = Error>,
    K: Send + Sync + Hash + Eq + Clone + 'static,
{
    shared::<L>(ctx)?.load_one(key).await
}

/// The keys of a batch grouped by the slice that they ask for, so that each slice is one statement.
pub fn by_slice<P, S>(keys: &[(P, S)]) -> HashMap<S, Vec<P>>
where
    P: Copy,
    S: Clone + Eq + Hash,
{
    let mut groups = HashMap::<S, Vec<P>>::new();
    for (parent, slice) in keys {
        groups.entry(slice.clone()).or_default().push(*parent);
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    /// Finds the half of even numbers, and counts how often it is asked.
    #[derive(Default)]
    struct Halves(Arc<AtomicUsize>);

    impl Loader<u32> for Halves {
        type Value = u32;
        type Error = Error;

        async fn load(&self, keys: &[u32]) -> Result<HashMap<u32, u32>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
            if keys.contains(&666) {
                return Err(Error::InvalidCursor);
            }
            Ok(keys.iter().filter(|key| *key % 2 == 0).map(|key| (*key, key / 2)).collect())
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_all_branches_of_an_answer_ask_for_is_loaded_at_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let loader = new(Halves(Arc::clone(&asked)));
        let in_two_steps = async |key| {
            let half = loader.load_one(key).await.unwrap();
            (half, loader.load_one(key + 10_000).await.unwrap())
        };
        // More than 30 futures are polled one by one, each list for itself, as the lists of an answer are.
        let in_two_steps = &in_two_steps;
        let lists = (0..40).map(|list| join_all((0..40).map(move |item| in_two_steps(list * 7 + item))));
        let found = join_all(lists).await;
        assert_eq!(found[0][4], (Some(2), Some(5_002)));
        assert_eq!(found[39][0], (None, None));
        assert_eq!(asked.load(Ordering::SeqCst), 2, "once a step");
    }

    #[tokio::test]
    async fn an_error_is_told_to_all_and_is_not_kept() {
        let loader = new(Halves::default());
        let (one, other) = tokio::join!(loader.load_one(666), loader.load_one(8));
        assert!(one.is_err() && other.is_err());
        assert_eq!(loader.load_one(8).await.unwrap(), Some(4));
    }

    #[tokio::test]
    async fn when_the_one_who_loads_goes_away_the_next_does_it() {
        let loader = new(Halves::default());
        let mut first = Box::pin(loader.load_one(2));
        let mut second = Box::pin(loader.load_one(4));
        assert!(futures::poll!(first.as_mut()).is_pending());
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(first);
        assert_eq!(second.await.unwrap(), Some(2));
    }
}
