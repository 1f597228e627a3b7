//! `$expand`: attachments, extended properties, and what is in an attached message.

use super::select::{ATTACHMENT, Select};
use crate::graph::answer::Problem;

/// What is shown besides the properties.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Expand {
    /// The attachments, with those of their properties.
    pub attachments: Option<Option<Select>>,
    /// Extended properties by their ids, such as `String 0x007D`.
    pub extended: Vec<String>,
    /// The message within an attachment.
    pub item: bool,
}

impl Expand {
    /// From `$expand`; `kind` is the type of what is listed.
    pub fn of(text: Option<&str>, kind: &str) -> Result<Self, Problem> {
        let mut expand = Self::default();
        for clause in clauses(text.unwrap_or_default(), ',') {
            let (name, options) = match clause.split_once('(') {
                Some((name, options)) => (name, options.strip_suffix(')').unwrap_or(options)),
                None => (clause, ""),
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "attachments" if kind == "microsoft.graph.message" => {
                    let select = option(options, "$select");
                    expand.attachments = Some(Select::of(select, ATTACHMENT)?);
                }
                "microsoft.graph.itemattachment/item" if kind == "microsoft.graph.attachment" => {
                    expand.item = true;
                }
                "singlevalueextendedproperties" => {
                    let filter = option(options, "$filter").unwrap_or_default();
                    expand.extended = filter.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
                }
                "multivalueextendedproperties" | "extensions" | "childfolders" => {}
                _ => {
                    return Err(Problem::bad_query(format!(
                        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
                         '{kind}'."
                    )));
                }
            }
        }
        Ok(expand)
    }
}

fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    clauses(options, ';')
        .into_iter()
        .filter_map(|option| option.split_once('='))
        .find(|(at, _)| at.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Parts between separators that are in no parentheses and no quotes.
fn clauses(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut quoted, mut from) = (0_usize, false, 0);
    let mut clauses = Vec::new();
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if letter == separator && depth == 0 && !quoted => {
                clauses.extend(text.get(from..at));
                from = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    clauses.extend(text.get(from..));
    clauses.retain(|clause| !clause.trim().is_empty());
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_and_extended_properties_are_expanded() {
        let text = "attachments($select=id,name),singleValueExtendedProperties($filter=id eq 'String 0x007D' or \
                    id eq 'Integer 0x0E08')";
        let expand = Expand::of(Some(text), "microsoft.graph.message").unwrap();
        assert_eq!(expand.extended, ["String 0x007D", "Integer 0x0E08"]);
        assert_eq!(expand.attachments.unwrap().unwrap().names(), "id,name");
        let problem = Expand::of(Some("owner"), "microsoft.graph.message").unwrap_err();
        assert!(problem.message.contains("Could not find a property named 'owner'"));
    }
}
