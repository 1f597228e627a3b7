//! Which tags, filters and tests a Jinja template names: the engine itself tells only while it renders.

use std::collections::BTreeSet;

/// The words of a template's code.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) tags: BTreeSet<String>,
    pub(super) filters: BTreeSet<String>,
    pub(super) tests: BTreeSet<String>,
    /// How many `~` there are.
    pub(super) concatenations: usize,
}

/// Reads all that stands in `{{ }}` and `{% %}`, outside of strings and comments.
pub(super) fn scan(source: &str) -> Code {
    let mut code = Code::default();
    let mut rest = source;
    while let Some(start) = rest.find('{') {
        let Some(body) = rest.get(start + 2..) else { break };
        rest = match rest.get(start..start + 2) {
            Some("{#") => body.split_once("#}").map_or("", |(_, after)| after),
            Some("{{") => block(body, "}}", false, &mut code),
            Some("{%") => block(body, "%}", true, &mut code),
            _ => rest.get(start + 1..).unwrap_or_default(),
        };
    }
    code
}

/// Reads one block and returns what comes after it.
fn block<'s>(body: &'s str, close: &str, is_tag: bool, code: &mut Code) -> &'s str {
    let mut before: [Option<String>; 2] = [None, None];
    let mut rest = body.trim_start_matches(['-', '+']);
    let mut expects_tag = is_tag;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(close) {
            return after;
        }
        let (token, after) = token(rest, c);
        rest = after;
        if token.trim().is_empty() {
            continue;
        }
        let is_word = token.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if is_word {
            note(token, &before, std::mem::take(&mut expects_tag), code);
        } else if token == "~" {
            code.concatenations += 1;
        }
        let [_, last] = before;
        before = [last, Some(token.to_owned())];
    }
    ""
}

fn note(word: &str, before: &[Option<String>; 2], is_tag: bool, code: &mut Code) {
    match (before[0].as_deref(), before[1].as_deref()) {
        _ if is_tag => _ = code.tags.insert(word.to_owned()),
        (_, Some("|")) => _ = code.filters.insert(word.to_owned()),
        (_, Some("is")) if word != "not" => _ = code.tests.insert(word.to_owned()),
        (Some("is"), Some("not")) => _ = code.tests.insert(word.to_owned()),
        _ => {}
    }
}

/// A word, a whole string, or a single character; and what comes after it.
fn token(rest: &str, first: char) -> (&str, &str) {
    let end = if matches!(first, '"' | '\'') {
        string_end(rest, first)
    } else if first.is_alphanumeric() || first == '_' {
        rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
    } else {
        first.len_utf8()
    };
    rest.split_at_checked(end).unwrap_or((rest, ""))
}

fn string_end(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return index + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn tags_filters_and_tests_are_told_from_texts_and_strings() {
        let code = scan(
            "set | x {%- if a|upper is not none -%} | y {{ \"|no is {{\" ~ b | d('}}') }} {# |z #} {%endif%}",
        );
        assert_eq!(code.tags, set(&["if", "endif"]));
        assert_eq!(code.filters, set(&["upper", "d"]));
        assert_eq!(code.tests, set(&["none"]));
        assert_eq!(code.concatenations, 1);
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_string() {
        assert_eq!(scan(r#"{{ "a\" | no" | yes }}"#).filters, set(&["yes"]));
    }

    proptest! {
        #[test]
        fn it_never_panics(source in "([{%#}|~'\"\\\\]|is|not|[a-zé ]){0,60}") {
            scan(&source);
        }
    }
}
