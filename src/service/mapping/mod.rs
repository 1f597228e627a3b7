//! Mappings: the rules that turn messages into process instances.

mod input;

pub use input::{CreateMapping, UpdateMapping};

use super::permit::ConfigWrite;
use super::{Context, Error, Permit};
use crate::domain::id::MappingId;
use crate::domain::mapping::Mapping;

/// Makes a mapping. One that can't work is refused, with the path of the rule at fault.
pub async fn create(
    _cx: &Context,
    _permit: &Permit<ConfigWrite>,
    _input: CreateMapping,
) -> Result<Mapping, Error> {
    Err(Error::NotFound)
}

/// Changes a mapping.
pub async fn update(
    _cx: &Context,
    _permit: &Permit<ConfigWrite>,
    _input: UpdateMapping,
) -> Result<Mapping, Error> {
    Err(Error::NotFound)
}

/// Deletes a mapping that no mailbox uses.
pub async fn delete(_cx: &Context, _permit: &Permit<ConfigWrite>, _id: MappingId) -> Result<(), Error> {
    Err(Error::NotFound)
}
