//! `$select` and `$expand`: nothing comes that was not asked for.

use serde_json::{Map, Value};

/// What comes only where it is expanded.
const EXPANDED: [&str; 4] =
    ["attachments", "extensions", "singleValueExtendedProperties", "multiValueExtendedProperties"];

/// The properties of an answer to GET that its query left out.
pub fn unasked(query: &str, answer: &Value) -> Vec<String> {
    let options: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let option = |wanted: &str| {
        let found = options.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value.as_str())
    };
    let mut found = Vec::new();
    match answer.get("value") {
        Some(Value::Array(items)) => {
            for item in items.iter().filter_map(Value::as_object) {
                strangers(item, option("$select"), option("$expand"), &mut found);
            }
        }
        _ => {
            if let Some(item) = answer.as_object() {
                strangers(item, option("$select"), option("$expand"), &mut found);
            }
        }
    }
    found
}

fn strangers(item: &Map<String, Value>, select: &str, expand: &str, found: &mut Vec<String>) {
    let expanded = clauses(expand, ',');
    let expanded = |name: &str| {
        let of = |clause: &&&str| clause.split('(').next().is_some_and(|at| own(at.trim()) == name);
        expanded.iter().find(of).copied()
    };
    // A part of a property gives all of it, and a property of a derived type has the type before it.
    let selected: Vec<String> = select
        .split(',')
        .map(|name| own(name.trim()).split('/').next().unwrap_or_default().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let all = selected.is_empty() || selected.iter().any(|name| name == "*");
    for (name, value) in item {
        let clause = expanded(name);
        let asked = selected.contains(&name.to_lowercase());
        if name.contains('@') || name == "id" {
            continue;
        }
        if clause.is_none() && !asked && (!all || EXPANDED.contains(&name.as_str())) {
            found.push(format!("{name} was not asked for"));
        }
        if let (Some(clause), Value::Array(inner)) = (clause, value) {
            let options = clause.split_once('(').map_or("", |(_, options)| options.trim_end_matches(')'));
            let select =
                clauses(options, ';').into_iter().find_map(|option| option.trim().strip_prefix("$select="));
            for inner in inner.iter().filter_map(Value::as_object) {
                strangers(inner, select.unwrap_or_default(), "", found);
            }
        }
    }
}

/// `microsoft.graph.fileAttachment/contentBytes` is `contentBytes`.
fn own(name: &str) -> &str {
    let (first, rest) = name.split_once('/').unwrap_or((name, ""));
    if first.to_lowercase().starts_with("microsoft.graph.") && !rest.is_empty() { rest } else { name }
}

/// Parts between separators that are in no parentheses.
fn clauses(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = text.split(move |letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == separator && depth == 0
    });
    parts.filter(|part| !part.is_empty()).collect()
}
