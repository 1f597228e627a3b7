//! Relay connections over keyset paging.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use async_graphql::{Enum, Object, OutputType, SimpleObject, TypeName};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cursor;
use super::error::{Error, Result};
use crate::domain::page::{DEFAULT, MAX, Page, PageRequest};

/// A count above this is not told.
pub const MAX_COUNT: u64 = 10_000;

/// The direction of a list.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::page::Order")]
pub enum Order {
    /// Newest first.
    NewestFirst,
    /// Oldest first.
    OldestFirst,
}

/// The paging arguments of a field, as given.
#[derive(Debug, Clone, Default)]
pub struct PageArgs {
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
}

impl PageArgs {
    /// As given.
    pub const fn new(
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Self {
        Self { first, after, last, before }
    }

    /// The slice they ask for, of the list by that name: its cursors are good for no other.
    pub fn request<K: DeserializeOwned>(&self, list: &str) -> Result<PageRequest<K>> {
        let (limit, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(Error::InvalidArgument("Give `first` or `last`, not both.".to_owned()));
            }
            (Some(first), None) => (limit("first", first)?, false),
            (None, Some(last)) => (limit("last", last)?, true),
            (None, None) => (DEFAULT, false),
        };
        let key = |cursor: &Option<String>| {
            cursor.as_deref().map(|cursor| cursor::decode(list, cursor)).transpose()
        };
        Ok(PageRequest { limit, from_end, after: key(&self.after)?, before: key(&self.before)? })
    }
}

fn limit(name: &str, wanted: i32) -> Result<u32> {
    match u32::try_from(wanted) {
        Ok(limit @ 1..=MAX) => Ok(limit),
        _ => Err(Error::InvalidArgument(format!("`{name}` is {wanted}: give 1 to {MAX}."))),
    }
}

/// How often a list repeats what is asked of its items, for the complexity of an operation.
pub const fn repeats(first: Option<i32>, last: Option<i32>) -> usize {
    match (first, last) {
        (Some(n), _) | (None, Some(n)) if n > 0 => n as usize,
        _ => DEFAULT as usize,
    }
}

/// The most ids in one argument.
pub fn at_most_100<T>(name: &str, ids: &[T]) -> Result<()> {
    if ids.len() > MAX as usize {
        return Err(Error::InvalidArgument(format!("`{name}` has {} ids: give at most {MAX}.", ids.len())));
    }
    Ok(())
}

type Count = Arc<dyn Fn() -> BoxFuture<'static, Result<Option<u64>>> + Send + Sync>;

/// One page of a list.
pub struct Connection<T> {
    edges: Vec<Edge<T>>,
    has_next: bool,
    has_previous: bool,
    count: Count,
}

/// One item of a page, and where it stands.
pub struct Edge<T> {
    cursor: String,
    node: T,
}

/// Where a page stands in its list.
#[derive(SimpleObject, Debug, Clone)]
pub struct PageInfo {
    /// Whether the list goes on after this page.
    pub has_next_page: bool,
    /// Whether the list goes on before this page.
    pub has_previous_page: bool,
    /// The cursor of the page's first item; null on an empty page.
    pub start_cursor: Option<String>,
    /// The cursor of the page's last item; null on an empty page.
    pub end_cursor: Option<String>,
}

impl<T> Connection<T> {
    /// A page of the list by that name. `key` is what the list is ordered by; `count` is asked only when the
    /// client asks, and may be None above [`MAX_COUNT`].
    pub fn new<K, F, Fut>(list: &str, page: Page<T>, key: impl Fn(&T) -> K, count: F) -> Result<Self>
    where
        K: Serialize,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<u64>>> + Send + 'static,
    {
        let edges = page
            .items
            .into_iter()
            .map(|node| Ok(Edge { cursor: cursor::encode(list, &key(&node))?, node }))
            .collect::<Result<_>>()?;
        Ok(Self {
            edges,
            has_next: page.has_next,
            has_previous: page.has_previous,
            count: Arc::new(move || count().boxed()),
        })
    }

    /// The empty list.
    pub fn empty() -> Self {
        Self {
            edges: Vec::new(),
            has_next: false,
            has_previous: false,
            count: Arc::new(|| futures::future::ready(Ok(Some(0))).boxed()),
        }
    }
}

/// One page of a list.
#[Object(name_type)]
impl<T: OutputType> Connection<T> {
    /// The page's items with their cursors.
    #[graphql(complexity = "child_complexity")]
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The page's items.
    #[graphql(complexity = "child_complexity")]
    async fn nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page stands in its list.
    #[graphql(complexity = "0")]
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: self.edges.last().map(|edge| edge.cursor.clone()),
        }
    }

    /// How many items the whole list has; counted only when asked for, and null above 10,000.
    #[graphql(complexity = "0")]
    async fn total_count(&self) -> Option<Result<i32>> {
        match (self.count)().await {
            Ok(count) => {
                count.filter(|&count| count <= MAX_COUNT).and_then(|n| i32::try_from(n).ok()).map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

/// One item of a page, and where it stands.
#[Object(name_type)]
impl<T: OutputType> Edge<T> {
    /// Where the item stands: for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }
}

impl<T: OutputType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(first: Option<i32>, last: Option<i32>) -> Result<PageRequest<i32>> {
        PageArgs::new(first, None, last, None).request("things")
    }

    #[test]
    fn a_page_has_20_items_unless_told() {
        assert_eq!(request(None, None).unwrap(), PageRequest::default());
    }

    #[test]
    fn one_to_a_hundred_items_may_be_asked_for() {
        assert_eq!(request(Some(100), None).unwrap().limit, 100);
        for wrong in [-1, 0, 101, i32::MAX, i32::MIN] {
            assert!(matches!(request(Some(wrong), None), Err(Error::InvalidArgument(_))), "{wrong}");
            assert!(matches!(request(None, Some(wrong)), Err(Error::InvalidArgument(_))), "{wrong}");
        }
    }

    #[test]
    fn first_and_last_together_are_refused() {
        assert!(matches!(request(Some(1), Some(1)), Err(Error::InvalidArgument(_))));
    }

    #[test]
    fn last_counts_from_the_end() {
        assert!(request(None, Some(5)).unwrap().from_end);
    }
}
