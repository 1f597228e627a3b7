//! The query options of a request.

use axum::extract::Query;
use axum::http::Uri;

use crate::graph::answer::Problem;

/// A page has so many where nothing is said.
const PAGE: usize = 10;
/// A page has at most so many.
const MOST: usize = 1_000;

/// What stands behind the question mark, each option at most once.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pairs: Vec<(String, String)>,
}

impl Options {
    /// Of a request; `known` are the options, without `$`, that the resource has.
    pub fn of(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::bad_query("The query string is not well formed."))?;
        let mut options = Self::default();
        for (name, value) in pairs {
            let Some(option) = name.strip_prefix('$') else {
                options.pairs.push((name, value));
                continue;
            };
            if !known.iter().any(|known| known.eq_ignore_ascii_case(option)) {
                return Err(Problem::bad_query(format!("The query parameter '{name}' is not supported.")));
            }
            if options.get(&name).is_some() {
                return Err(Problem::bad_query(format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                )));
            }
            options.pairs.push((name, value));
        }
        Ok(options)
    }

    /// An option by its whole name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(at, _)| at.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `$top`: how many a page has.
    pub fn top(&self, preferred: Option<usize>) -> Result<usize, Problem> {
        let Some(top) = self.get("$top") else {
            return Ok(preferred.unwrap_or(PAGE).clamp(1, MOST));
        };
        match top.trim().parse::<i64>() {
            Ok(top) if (1..=MOST as i64).contains(&top) => Ok(usize::try_from(top).unwrap_or(MOST)),
            Ok(top) if top > MOST as i64 => Err(Problem::bad_query(format!(
                "The limit of '{MOST}' for Top query has been exceeded. The value from the incoming request is '{top}'."
            ))),
            _ => Err(Problem::bad_query(format!(
                "Invalid value '{top}' for $top query option found. The $top query option requires an integer value \
                 between 1 and {MOST}."
            ))),
        }
    }

    /// `$skip`: how many are left out at the beginning.
    pub fn skip(&self) -> Result<usize, Problem> {
        let skip = self.get("$skip").unwrap_or("0");
        skip.trim().parse().map_err(|_| {
            Problem::bad_query(format!(
                "Invalid value '{skip}' for $skip query option found. The $skip query option requires a \
                 non-negative integer value."
            ))
        })
    }

    /// Whether an option, `$count` or such, is on.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name).map(|value| value.trim().to_ascii_lowercase()).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Problem::bad_query(format!(
                "Invalid value '{other}' for {name} query option found. The {name} query option requires a boolean \
                 value such as true or false."
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(query: &str) -> Result<Options, Problem> {
        Options::of(&format!("/x?{query}").parse().unwrap(), &["top", "skip", "count"])
    }

    #[test]
    fn pages_have_one_to_a_thousand() {
        let top = |query: &str| options(query).and_then(|options| options.top(None));
        assert_eq!(top("").unwrap(), 10);
        assert_eq!(top("%24top=1000").unwrap(), 1_000);
        for (query, says) in [
            ("$top=0", "requires an integer value between 1 and 1000"),
            ("$top=1001", "The limit of '1000' for Top query has been exceeded."),
            ("$top=x", "Invalid value 'x' for $top"),
            ("$top=1&$top=2", "specified more than once"),
            ("$apply=x", "'$apply' is not supported"),
        ] {
            let problem = top(query).unwrap_err();
            assert!(problem.message.contains(says), "{query}: {}", problem.message);
        }
    }
}
