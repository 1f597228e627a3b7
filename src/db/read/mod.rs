//! What lists, loaders and downloads read: messages, their parts, process instances and runs.
//!
//! Every function is one statement, however many ids or parents it is asked for; only the columns needed are read.

pub mod instance;
pub(super) mod keyset;
pub mod message;
mod message_filter;
mod message_search;
pub mod part;
pub mod run;
mod search;

use sea_orm::Value;
use serde::de::DeserializeOwned;

use super::{Error, from_json};

/// Counting stops one above what is told exactly.
pub const COUNT_BOUND: u64 = 10_001;

/// A count as the database gives it.
fn counted(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// A structure that a row may hold as JSON; JSON's own null counts as none.
pub(super) fn structure_or_none<T: DeserializeOwned>(
    table: &'static str,
    json: Option<serde_json::Value>,
) -> Result<Option<T>, Error> {
    json.filter(|json| !json.is_null()).map(|json| from_json(table, json)).transpose()
}

/// Names as the values of a column.
fn names<T: Copy>(values: &[T], name: impl Fn(T) -> &'static str) -> Vec<Value> {
    values.iter().map(|value| Value::from(name(*value))).collect()
}
