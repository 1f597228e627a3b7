//! Attributes and ids of an instance, as a person gives them.

use serde_json::{Map, Value};

use crate::db;
use crate::domain::mapping::{CompiledMapping, free};
use crate::service::error::Problems;
use crate::service::{Error, Path, UserErrorCode};

/// Attributes as they are given: an object; None and null are none.
pub(super) fn object(problems: &mut Problems, given: Option<Value>) -> Map<String, Value> {
    match given {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(given)) => given,
        Some(_) => {
            let message = "Give the attributes as an object, e.g. {\"title\": \"…\"}.";
            problems.add(UserErrorCode::Invalid, &Path::of("attributes"), message);
            Map::new()
        }
    }
}

/// A value as it is kept: of the type that the mapping declares for the attribute, if it declares one.
pub(super) fn checked(
    problems: &mut Problems,
    compiled: Option<&CompiledMapping>,
    name: &str,
    value: &Value,
) -> Option<Value> {
    let checked = match compiled {
        Some(compiled) => compiled.given(name, value),
        None => free(name, value).map(|()| value.clone()),
    };
    checked
        .map_err(|message| {
            problems.add(UserErrorCode::Invalid, &Path::of("attributes").field(name), message);
        })
        .ok()
}

/// The owning system's id is unique within the process.
pub(super) fn external_id_taken(error: db::Error) -> Error {
    if db::by_hand::is_external_id_taken(&error) {
        let message = "Another instance of the process has this external id: give another one.";
        Error::refused(UserErrorCode::Taken, &Path::of("externalId"), message)
    } else {
        error.into()
    }
}
