//! What kind of value an expression gives, as far as it can be known without a message.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::domain::mapping::rule::AttributeType;
use crate::domain::mapping::view::Member;

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain::mapping) enum Kind {
    Bool,
    Number,
    Text,
    List,
    Map,
    Time,
    Duration,
}

impl Kind {
    /// In words, with its article.
    pub(in crate::domain::mapping) const fn in_words(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Map => "a structure",
            Self::Time => "a time",
            Self::Duration => "a duration",
        }
    }

    /// Whether some value of the kind can be made one of the attribute's type.
    pub(in crate::domain::mapping) const fn may_become(self, r#type: AttributeType) -> bool {
        use AttributeType as T;
        match r#type {
            T::Json => true,
            T::String | T::Text => !matches!(self, Self::Map),
            T::Integer | T::Decimal => matches!(self, Self::Number | Self::Text),
            T::Boolean => matches!(self, Self::Bool | Self::Text),
            T::DateTime => matches!(self, Self::Time | Self::Text),
        }
    }
}

/// None where it depends on the message.
pub(super) fn of(node: &IdedExpr) -> Option<Kind> {
    match &node.expr {
        Expr::Literal(literal) => match literal {
            LiteralValue::Boolean(_) => Some(Kind::Bool),
            LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Some(Kind::Number),
            LiteralValue::String(_) => Some(Kind::Text),
            _ => None,
        },
        Expr::Ident(name) => (name == "message").then_some(Kind::Map),
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(name) if name == "message" => member(&select.field),
            _ => None,
        },
        Expr::Call(call) => of_call(call),
        Expr::List(_) => Some(Kind::List),
        Expr::Map(_) => Some(Kind::Map),
        Expr::Unspecified | Expr::Struct(_) | Expr::Comprehension(_) => None,
    }
}

fn member(name: &str) -> Option<Kind> {
    match name.parse::<Member>().ok()? {
        Member::From
        | Member::Sender
        | Member::Headers
        | Member::OriginalSender
        | Member::OriginalRecipient => Some(Kind::Map),
        Member::ReplyTo
        | Member::To
        | Member::Cc
        | Member::Attachments
        | Member::InReplyTo
        | Member::References => Some(Kind::List),
        Member::ReceivedAt => Some(Kind::Time),
        Member::Size => Some(Kind::Number),
        // May be null.
        Member::SentAt | Member::Automatic | Member::Oddity => None,
        Member::Subject
        | Member::Text
        | Member::NewText
        | Member::Html
        | Member::Snippet
        | Member::Importance
        | Member::MessageId
        | Member::ConversationId
        | Member::Forwarding => Some(Kind::Text),
    }
}

fn of_call(call: &CallExpr) -> Option<Kind> {
    let argument = |index: usize| call.args.get(index).and_then(of);
    match call.func_name.as_str() {
        operators::LOGICAL_AND
        | operators::LOGICAL_OR
        | operators::LOGICAL_NOT
        | operators::EQUALS
        | operators::NOT_EQUALS
        | operators::GREATER
        | operators::GREATER_EQUALS
        | operators::LESS
        | operators::LESS_EQUALS
        | operators::IN => Some(Kind::Bool),
        operators::CONDITIONAL => argument(1).filter(|kind| argument(2) == Some(*kind)),
        operators::MULTIPLY | operators::DIVIDE | operators::MODULO => Some(Kind::Number),
        operators::ADD | operators::SUBSTRACT => match (argument(0), argument(1)) {
            (Some(Kind::Time | Kind::Duration), _) | (_, Some(Kind::Time | Kind::Duration)) => None,
            (Some(kind), _) | (None, Some(kind)) => Some(kind),
            (None, None) => None,
        },
        "matches" | "contains" | "startsWith" | "endsWith" | "has" | "bool" | "all" | "exists"
        | "exists_one" => Some(Kind::Bool),
        "size" | "int" | "uint" | "double" | "indexOf" => Some(Kind::Number),
        "string" | "extract" | "before" | "after" | "field" | "join" | "lowerAscii" | "upperAscii"
        | "replace" | "substring" | "trim" => Some(Kind::Text),
        "split" | "map" | "filter" => Some(Kind::List),
        "timestamp" => Some(Kind::Time),
        "duration" => Some(Kind::Duration),
        name if name.starts_with("get") => Some(Kind::Number),
        _ => None,
    }
}
