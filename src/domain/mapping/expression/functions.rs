//! The functions of CEL expressions beside the language's own. Those that make texts or lists are bounded.

use cel::common::types::{CelInt, CelList, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};

use crate::domain::mapping::function;

/// Declares them.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(env, fn after: (CelString, CelString) -> CelString)?;
    cel::add_member_overload!(env, fn after: (CelString, CelString) -> CelString)?;
    cel::add_overload!(env, fn before: (CelString, CelString) -> CelString)?;
    cel::add_member_overload!(env, fn before: (CelString, CelString) -> CelString)?;
    cel::add_overload!(env, fn field: (CelString, CelString) -> CelString)?;
    cel::add_member_overload!(env, fn field: (CelString, CelString) -> CelString)?;
    cel::add_overload!(env, fn extract: (CelString, CelString, CelInt) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn extract: (CelString, CelString, CelInt) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn index_of: (CelString, CelString) -> CelInt)?;
    cel::add_member_overload!(env, fn join: (CelList, CelString) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn lower_ascii: (CelString) -> CelString)?;
    cel::add_member_overload!(env, fn replace: (CelString, CelString, CelString) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn split: (CelString, CelString) -> CelList)?;
    cel::add_member_overload!(env, fn substring: (CelString, CelInt) -> CelString)?;
    cel::add_member_overload!(env, fn substring_to: (CelString, CelInt, CelInt) -> CelString, name = "substring")?;
    cel::add_member_overload!(env, fn trim: (CelString) -> CelString)?;
    cel::add_member_overload!(env, fn upper_ascii: (CelString) -> CelString)?;
    Ok(())
}

fn owned(text: &str) -> CelString<'static> {
    CelString::from(text.to_owned())
}

fn failed(name: &str, reason: String) -> ExecutionError {
    ExecutionError::function_error(name, reason)
}

fn after(text: &CelString<'_>, marker: &CelString<'_>) -> CelString<'static> {
    owned(function::after(text.inner(), marker.inner()))
}

fn before(text: &CelString<'_>, marker: &CelString<'_>) -> CelString<'static> {
    owned(function::before(text.inner(), marker.inner()))
}

fn field(text: &CelString<'_>, name: &CelString<'_>) -> CelString<'static> {
    owned(function::field(text.inner(), name.inner()))
}

fn extract(
    text: &CelString<'_>,
    pattern: &CelString<'_>,
    group: &CelInt,
) -> Result<CelString<'static>, ExecutionError> {
    let found = function::extract(text.inner(), pattern.inner(), *group.inner());
    found.map(CelString::from).map_err(|reason| failed("extract", reason))
}

/// In characters; -1 where it is not found.
fn index_of(text: &CelString<'_>, part: &CelString<'_>) -> CelInt {
    let before = text.inner().split_once(part.inner()).map(|(before, _)| before.chars().count());
    CelInt::from(before.and_then(|count| i64::try_from(count).ok()).unwrap_or(-1))
}

fn join(list: &CelList<'_>, separator: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    let mut texts = Vec::with_capacity(list.inner().len());
    for item in list.inner() {
        let text = item.downcast_ref::<CelString>();
        texts.push(
            text.ok_or_else(|| failed("join", "the list holds something that is no text".to_owned()))?
                .inner(),
        );
    }
    let joined = function::join(texts, separator.inner());
    joined.map(CelString::from).map_err(|reason| failed("join", reason))
}

fn lower_ascii(text: &CelString<'_>) -> CelString<'static> {
    CelString::from(text.inner().to_ascii_lowercase())
}

fn replace(
    text: &CelString<'_>,
    from: &CelString<'_>,
    to: &CelString<'_>,
) -> Result<CelString<'static>, ExecutionError> {
    let replaced = function::replace(text.inner(), from.inner(), to.inner());
    replaced.map(CelString::from).map_err(|reason| failed("replace", reason))
}

fn split(text: &CelString<'_>, separator: &CelString<'_>) -> CelList<'static> {
    let parts = function::split(text.inner(), separator.inner());
    parts.into_iter().map(|part| Box::new(owned(part)) as Box<dyn Val>).collect::<Vec<_>>().into()
}

/// From a character on; empty beyond the end.
fn substring(text: &CelString<'_>, start: &CelInt) -> CelString<'static> {
    let start = usize::try_from(*start.inner()).unwrap_or(0);
    CelString::from(text.inner().chars().skip(start).collect::<String>())
}

/// From a character on, up to another one that is left out.
fn substring_to(text: &CelString<'_>, start: &CelInt, end: &CelInt) -> CelString<'static> {
    let start = usize::try_from(*start.inner()).unwrap_or(0);
    let end = usize::try_from(*end.inner()).unwrap_or(0);
    CelString::from(text.inner().chars().take(end).skip(start).collect::<String>())
}

fn trim(text: &CelString<'_>) -> CelString<'static> {
    owned(text.inner().trim())
}

fn upper_ascii(text: &CelString<'_>) -> CelString<'static> {
    CelString::from(text.inner().to_ascii_uppercase())
}
