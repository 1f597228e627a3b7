//! Loading by id, once for all parents of an answer.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};

use super::error::{Error, Result};

/// A loader as the request's data holds it.
pub type Shared<L> = Arc<DataLoader<L>>;

/// A loader for one request.
pub fn new<L>(loader: L) -> Shared<L> {
    Arc::new(DataLoader::new(loader, tokio::spawn))
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

/// Like [`load`], for many keys; what is not found is absent.
pub async fn load_many<L, K>(ctx: &Context<'_>, keys: Vec<K>) -> Result<HashMap<K, L::Value>>
where
    L: Loader<K, Error = Error>,
    K: Send + Sync + Hash + Eq + Clone + 'static,
{
    shared::<L>(ctx)?.load_many(keys).await
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
