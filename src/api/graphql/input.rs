//! From inputs to what the services take: absent, null and value; ids that may name nothing.

use async_graphql::{ID, MaybeUndefined};

use super::node::{self, Global};
use super::schedule::ScheduleInput;
use super::user_error::UserError;
use crate::domain::schedule::Schedule;
use crate::service::Patch;

/// Absent keeps, null clears, a value replaces.
pub fn patch<T, U: From<T>>(field: MaybeUndefined<T>) -> Patch<U> {
    match field {
        MaybeUndefined::Undefined => Patch::Keep,
        MaybeUndefined::Null => Patch::Clear,
        MaybeUndefined::Value(value) => Patch::Set(value.into()),
    }
}

/// The ids of an input: one that names nothing of its kind is a NOT_FOUND. What else can't be read is refused with them.
#[derive(Default)]
pub struct Ids {
    refused: Vec<UserError>,
}

impl Ids {
    /// The id at `path`; where it names nothing, the answer is of no use and [`Ids::finish`] says why.
    pub fn get<T: Global>(&mut self, id: &ID, path: &[&str]) -> T {
        node::decode(id).unwrap_or_else(|| {
            self.refused.push(UserError::unknown(path));
            T::from(uuid::Uuid::nil())
        })
    }

    /// Like [`Ids::get`], where there may be none.
    pub fn optional<T: Global>(&mut self, id: Option<&ID>, path: &[&str]) -> Option<T> {
        id.map(|id| self.get(id, path))
    }

    /// Like [`Ids::get`], where it may be absent or null.
    pub fn patch<T: Global>(&mut self, id: &MaybeUndefined<ID>, path: &[&str]) -> Patch<T> {
        match id {
            MaybeUndefined::Undefined => Patch::Keep,
            MaybeUndefined::Null => Patch::Clear,
            MaybeUndefined::Value(id) => Patch::Set(self.get(id, path)),
        }
    }

    /// The schedule at `path`; where it can't be read, [`Ids::finish`] says why.
    pub fn schedule(&mut self, schedule: MaybeUndefined<ScheduleInput>, path: &[&str]) -> Patch<Schedule> {
        match schedule {
            MaybeUndefined::Undefined => Patch::Keep,
            MaybeUndefined::Null => Patch::Clear,
            MaybeUndefined::Value(given) => match given.resolve(path) {
                Ok(schedule) => Patch::Set(schedule),
                Err(errors) => {
                    self.refused.extend(errors);
                    Patch::Keep
                }
            },
        }
    }

    /// Goes on only when every id names something of its kind, and all can be read.
    pub fn finish(self) -> Result<(), Vec<UserError>> {
        if self.refused.is_empty() { Ok(()) } else { Err(self.refused) }
    }
}
