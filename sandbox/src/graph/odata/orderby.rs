//! `$orderby`: in which order, and when Exchange finds that too much.

use std::cmp::Ordering;

use axum::http::StatusCode;

use super::filter::{Filter, sorted};
use super::property::Property;
use crate::graph::answer::Problem;
use crate::world::{Mailbox, Message};

/// Properties in their order, each with whether it goes down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order(Vec<(Property, bool)>);

impl Order {
    /// From `$orderby`. Its properties must come first in the filter, where there is one.
    pub fn of(text: Option<&str>, filter: Option<&Filter>) -> Result<Option<Self>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let mut by = Vec::new();
        for clause in text.split(',') {
            let words: Vec<&str> = clause.split_whitespace().collect();
            let (path, down) = match *words.as_slice() {
                [path] => (path, false),
                [path, way] if way.eq_ignore_ascii_case("asc") => (path, false),
                [path, way] if way.eq_ignore_ascii_case("desc") => (path, true),
                _ => return Err(Problem::bad_query(format!("Syntax error at position 0 in '{text}'."))),
            };
            let property = Property::named(path).ok_or_else(|| {
                Problem::bad_query(format!(
                    "Could not find a property named '{path}' on type 'microsoft.graph.message'."
                ))
            })?;
            by.push((property, down));
        }
        let first = filter.map(|filter| filter.properties.iter());
        let fits =
            first.is_none_or(|mut first| by.iter().all(|(property, _)| first.next() == Some(property)));
        if !fits {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "InefficientFilter",
                "The restriction or sort order is too complex for this operation.",
            ));
        }
        Ok(Some(Self(by)))
    }

    /// Whether it is by receipt alone, and then whether the oldest comes first.
    pub fn by_receipt(&self) -> Option<bool> {
        match *self.0.as_slice() {
            [(Property::Received, down)] => Some(!down),
            _ => None,
        }
    }

    /// Sorts; what is equal stays as it was.
    pub fn sort(&self, mailbox: &Mailbox, messages: &mut [&Message]) {
        messages.sort_by(|one, other| {
            self.0.iter().fold(Ordering::Equal, |order, (property, down)| {
                order.then_with(|| {
                    let order =
                        sorted(&property.value(mailbox, one, None), &property.value(mailbox, other, None));
                    if *down { order.reverse() } else { order }
                })
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ordered_by_must_come_first_in_the_filter() {
        let order = |filter: &str, order: &str| Order::of(Some(order), Some(&Filter::of(filter).unwrap()));
        let since = "receivedDateTime ge 2000-01-01T00:00:00Z";
        assert!(order(&format!("{since} and isRead eq false"), "receivedDateTime desc").is_ok());
        assert!(order(&format!("{since} and isRead eq false"), "receivedDateTime,isRead").is_ok());
        for (filter, by) in [
            (format!("isRead eq false and {since}"), "receivedDateTime desc"),
            ("isRead eq false".to_owned(), "receivedDateTime"),
            (since.to_owned(), "receivedDateTime,subject"),
        ] {
            assert_eq!(order(&filter, by).unwrap_err().code, "InefficientFilter", "{filter}");
        }
        assert_eq!(Order::of(Some("subject desc"), None).unwrap().unwrap().by_receipt(), None);
        assert_eq!(Order::of(Some("receivedDateTime"), None).unwrap().unwrap().by_receipt(), Some(true));
        assert!(Order::of(Some("subject sideways"), None).unwrap_err().message.contains("Syntax error"));
    }
}
