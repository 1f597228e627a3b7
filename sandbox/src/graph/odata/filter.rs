//! What a filter says of a message.

use std::cmp::Ordering;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::property::{Collection, Item, Property, Value};
use crate::world::{Mailbox, Message};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// How a text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    StartsWith,
    EndsWith,
    Contains,
}

/// A filter as a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Property, Op, Value<'static>),
    Look(Look, Property, String),
    Any(Collection, Option<Box<Expr>>),
    All(Collection, Box<Expr>),
}

/// A filter, with the properties it names in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(super) expr: Expr,
    pub(super) properties: Vec<Property>,
}

impl Filter {
    /// Whether a message is meant.
    pub fn takes(&self, mailbox: &Mailbox, message: &Message) -> bool {
        holds(&self.expr, mailbox, message, None)
    }

    /// The receipt times that it leaves possible: from the first on, before the second.
    pub fn received(&self) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let mut range = (None, None);
        narrow(&self.expr, &mut range);
        range
    }

    /// Whether [`Self::received`] says all that it says.
    pub fn is_range(&self) -> bool {
        fn bounds(expr: &Expr) -> bool {
            match expr {
                Expr::And(one, other) => bounds(one) && bounds(other),
                Expr::Compare(Property::Received, op, Value::Time(_)) => *op != Op::Ne,
                _ => false,
            }
        }
        bounds(&self.expr)
    }

    /// Whether it looks into the text of a message.
    pub fn looks_into_texts(&self) -> bool {
        self.properties
            .iter()
            .any(|property| matches!(property, Property::BodyContent | Property::BodyPreview))
    }

    /// Whether it is `receivedDateTime ge` or `gt` a time, which is all that delta takes.
    pub fn is_since(&self) -> bool {
        matches!(self.expr, Expr::Compare(Property::Received, Op::Ge | Op::Gt, _))
    }
}

fn holds(expr: &Expr, mailbox: &Mailbox, message: &Message, item: Option<Item<'_>>) -> bool {
    let on = |expr: &Expr| holds(expr, mailbox, message, item);
    match expr {
        Expr::And(one, other) => on(one) && on(other),
        Expr::Or(one, other) => on(one) || on(other),
        Expr::Not(one) => !on(one),
        Expr::Compare(property, op, with) => compare(&property.value(mailbox, message, item), *op, with),
        Expr::Look(look, property, what) => match property.value(mailbox, message, item) {
            Value::Text(text) => look_at(&text.to_lowercase(), *look, what),
            _ => false,
        },
        Expr::Any(collection, inner) => collection
            .items(message)
            .into_iter()
            .any(|item| inner.as_ref().is_none_or(|inner| holds(inner, mailbox, message, Some(item)))),
        Expr::All(collection, inner) => {
            collection.items(message).into_iter().all(|item| holds(inner, mailbox, message, Some(item)))
        }
    }
}

fn look_at(text: &str, look: Look, what: &str) -> bool {
    match look {
        Look::StartsWith => text.starts_with(what),
        Look::EndsWith => text.ends_with(what),
        Look::Contains => text.contains(what),
    }
}

fn compare(value: &Value<'_>, op: Op, with: &Value<'_>) -> bool {
    match (op, order(value, with)) {
        (Op::Eq, order) => order == Some(Ordering::Equal),
        (Op::Ne, order) => order != Some(Ordering::Equal),
        (_, None) => false,
        (Op::Gt, Some(order)) => order.is_gt(),
        (Op::Ge, Some(order)) => order.is_ge(),
        (Op::Lt, Some(order)) => order.is_lt(),
        (Op::Le, Some(order)) => order.is_le(),
    }
}

/// Exchange compares texts without their case.
fn order(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    match (one, other) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::Time(one), Value::Time(other)) => Some(one.cmp(other)),
        (Value::Text(one), Value::Text(other)) => {
            if one == other {
                return Some(Ordering::Equal);
            }
            Some(one.to_lowercase().cmp(&other.to_lowercase()))
        }
        _ => None,
    }
}

/// The order of two values in a list: what is missing comes first.
pub fn sorted(one: &Value<'_>, other: &Value<'_>) -> Ordering {
    order(one, other).unwrap_or_else(|| (*other == Value::Null).cmp(&(*one == Value::Null)))
}

/// Times are compared by whole seconds, so the bounds are the seconds around them.
fn narrow(expr: &Expr, range: &mut (Option<DateTime<Utc>>, Option<DateTime<Utc>>)) {
    match expr {
        Expr::And(one, other) => {
            narrow(one, range);
            narrow(other, range);
        }
        Expr::Compare(Property::Received, op, Value::Time(at)) => {
            let floor = at.trunc_subsecs(0);
            let next = floor.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(floor);
            let ceiling = if floor == *at { floor } else { next };
            let from = match op {
                Op::Ge | Op::Eq => Some(ceiling),
                Op::Gt => Some(next),
                _ => None,
            };
            let to = match op {
                Op::Lt => Some(ceiling),
                Op::Le | Op::Eq => Some(next),
                _ => None,
            };
            range.0 = range.0.max(from);
            range.1 = match (range.1, to) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        _ => {}
    }
}
