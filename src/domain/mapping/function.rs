//! The functions that expressions and templates share, all linear in the text and bounded in what they return.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::view::MAX_ITEMS;

/// The most bytes that a function returns.
pub(super) const MAX_RESULT: usize = 1024 * 1024;
/// The most bytes that a compiled regular expression takes.
const MAX_PATTERN: usize = 256 * 1024;
/// How many compiled patterns a thread keeps.
const MAX_KEPT: usize = 256;

/// Compiles a pattern; matching takes time linear in the text, whatever the pattern.
///
/// # Errors
/// What is wrong with the pattern.
pub(super) fn pattern(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(source).size_limit(MAX_PATTERN).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too big when compiled".to_owned(),
        // The parser's answer shows the place over several lines; the last one is the reason.
        error => {
            error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })
}

/// What a capture group of the first match holds; empty where nothing matches.
pub(super) fn extract(text: &str, source: &str, group: i64) -> Result<String, String> {
    thread_local! {
        static KEPT: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    let group = usize::try_from(group).map_err(|_| "a capture group counts from 0".to_owned())?;
    KEPT.with_borrow_mut(|kept| {
        if !kept.contains_key(source) {
            if kept.len() >= MAX_KEPT {
                kept.clear();
            }
            kept.insert(source.to_owned(), pattern(source)?);
        }
        let found = kept.get(source).and_then(|regex| regex.captures(text));
        Ok(found.and_then(|captures| Some(captures.get(group)?.as_str().to_owned())).unwrap_or_default())
    })
}

/// The text before the first marker; all of it where there is none.
pub(super) fn before<'t>(text: &'t str, marker: &str) -> &'t str {
    text.split_once(marker).map_or(text, |(before, _)| before)
}

/// The text after the first marker; empty where there is none.
pub(super) fn after<'t>(text: &'t str, marker: &str) -> &'t str {
    text.split_once(marker).map_or("", |(_, after)| after)
}

/// The value of the first line `name: value` (or `name = value`), whatever the case of the name; else empty.
pub(super) fn field<'t>(text: &'t str, name: &str) -> &'t str {
    text.lines().find_map(|line| value_of(line.trim_start(), name.trim())).unwrap_or_default()
}

fn value_of<'t>(line: &'t str, name: &str) -> Option<&'t str> {
    let rest = line.get(name.len()..).filter(|_| !name.is_empty())?;
    let head = line.get(..name.len())?;
    let rest = rest.trim_start();
    let value = rest.strip_prefix(':').or_else(|| rest.strip_prefix('='))?;
    (head.to_lowercase() == name.to_lowercase()).then(|| value.trim())
}

/// At most [`MAX_ITEMS`] parts, the last one with all that is left.
pub(super) fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    if separator.is_empty() { vec![text] } else { text.splitn(MAX_ITEMS, separator).collect() }
}

/// Every occurrence replaced.
pub(super) fn replace(text: &str, from: &str, to: &str) -> Result<String, String> {
    if from.is_empty() {
        return Ok(text.to_owned());
    }
    let grown = text.matches(from).count().saturating_mul(to.len());
    if text.len().saturating_add(grown) > MAX_RESULT {
        return Err(too_long());
    }
    Ok(text.replace(from, to))
}

/// The texts with a separator between them.
pub(super) fn join<'t>(texts: impl IntoIterator<Item = &'t str>, separator: &str) -> Result<String, String> {
    let mut joined = String::new();
    for (index, text) in texts.into_iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(text);
        if joined.len() > MAX_RESULT {
            return Err(too_long());
        }
    }
    Ok(joined)
}

fn too_long() -> String {
    "the result is longer than 1 MiB".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_the_first_match_is_extracted() {
        let order = "Order 17 and order 18";
        assert_eq!(extract(order, "(?i)order ([0-9]+)", 1), Ok("17".to_owned()));
        assert_eq!(extract(order, "(?i)order ([0-9]+)", 0), Ok("Order 17".to_owned()));
        assert_eq!(extract(order, "(?i)order ([0-9]+)", 2), Ok(String::new()));
        assert_eq!(extract(order, "invoice ([0-9]+)", 1), Ok(String::new()));
        assert!(extract(order, "order (", 1).is_err());
        assert!(extract(order, "order", -1).is_err());
    }

    #[test]
    fn a_pattern_that_would_fill_the_memory_is_refused() {
        assert!(pattern(r"(\w{100}){100}").is_err_and(|reason| reason.contains("too big")));
    }

    #[test]
    fn a_text_is_taken_before_and_after_its_first_marker() {
        assert_eq!(before("a--b--c", "--"), "a");
        assert_eq!(after("a--b--c", "--"), "b--c");
        assert_eq!(before("abc", "--"), "abc");
        assert_eq!(after("abc", "--"), "");
    }

    #[test]
    fn a_field_is_found_by_its_name_in_any_case() {
        let form = "Hello\n  Serial No : X-17 \r\nÉtage= 3\nserial no: other";
        assert_eq!(field(form, "serial no"), "X-17");
        assert_eq!(field(form, "étage"), "3");
        assert_eq!(field(form, "No"), "");
        assert_eq!(field(form, ""), "");
        assert_eq!(field("é: 1", "x"), "");
    }

    #[test]
    fn no_function_returns_more_than_it_may() {
        let long = "x".repeat(64 * 1024);
        assert!(replace(&long, "x", &long).is_err());
        assert!(join(std::iter::repeat_n(long.as_str(), 20), "").is_err());
        assert_eq!(split(&"a,".repeat(2_000), ",").len(), MAX_ITEMS);
        assert_eq!(replace("aXbX", "X", "-"), Ok("a-b-".to_owned()));
        assert_eq!(replace("ab", "", "-"), Ok("ab".to_owned()));
    }
}
