//! `$filter` from text, by recursive descent. `or` binds less than `and`, `not` binds most.

use std::borrow::Cow;

use super::filter::{Expr, Filter, Look, Op};
use super::property::{Collection, Kind, Property, Value};
use super::token::{Token, tokens};
use crate::graph::answer::Problem;

/// Parentheses, negations and chains lie at most so deep.
const DEEPEST: usize = 64;

impl Filter {
    /// From `$filter`.
    pub fn of(text: &str) -> Result<Self, Problem> {
        let tokens = tokens(text).map_err(|at| syntax(at, text))?;
        let mut parser = Parser { text, tokens, at: 0, depth: 0, properties: Vec::new(), lambda: None };
        let expr = parser.either()?;
        match parser.peek() {
            None => Ok(Self { expr, properties: parser.properties }),
            Some(_) => Err(parser.syntax()),
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    properties: Vec<Property>,
    lambda: Option<(String, Collection)>,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Expr, Problem> {
        self.deeper()?;
        let mut expr = self.both()?;
        while self.take_word("or") {
            self.deeper()?;
            expr = Expr::Or(Box::new(expr), Box::new(self.both()?));
        }
        Ok(expr)
    }

    fn both(&mut self) -> Result<Expr, Problem> {
        let mut expr = self.one()?;
        while self.take_word("and") {
            self.deeper()?;
            expr = Expr::And(Box::new(expr), Box::new(self.one()?));
        }
        Ok(expr)
    }

    fn one(&mut self) -> Result<Expr, Problem> {
        if self.take_word("not") {
            self.deeper()?;
            return Ok(Expr::Not(Box::new(self.one()?)));
        }
        if self.take(&Token::Open) {
            let expr = self.either()?;
            self.require(&Token::Close)?;
            return Ok(expr);
        }
        let Some(Token::Word(word)) = self.peek().cloned() else { return Err(self.syntax()) };
        if matches!(self.tokens.get(self.at + 1), Some((_, Token::Open))) {
            return self.call(&word);
        }
        let property = self.property()?;
        match self.op() {
            Some(op) => {
                let value = self.literal(property)?;
                Ok(Expr::Compare(property, op, value))
            }
            None if property.kind() == Kind::Bool => Ok(Expr::Compare(property, Op::Eq, Value::Bool(true))),
            None => Err(self.syntax()),
        }
    }

    fn call(&mut self, name: &str) -> Result<Expr, Problem> {
        let look = match name.to_ascii_lowercase().as_str() {
            "startswith" => Look::StartsWith,
            "endswith" => Look::EndsWith,
            "contains" => Look::Contains,
            lower => {
                let folded = ["tolower", "toupper"].contains(&lower);
                return if folded { self.folded() } else { self.lambda(name) };
            }
        };
        self.at += 2;
        let property = self.property()?;
        if property.kind() != Kind::Text {
            return Err(Problem::bad_query(format!(
                "No function signature for the function with name '{name}' matches the specified arguments."
            )));
        }
        self.require(&Token::Comma)?;
        let Some(Token::Text(what)) = self.next() else { return Err(self.before()) };
        self.require(&Token::Close)?;
        // `contains(…) eq true` is the same.
        let expr = Expr::Look(look, property, what.to_lowercase());
        match self.op() {
            None => Ok(expr),
            Some(op @ (Op::Eq | Op::Ne)) => match self.next() {
                Some(Token::Word(word)) if word == "true" || word == "false" => {
                    let same = (op == Op::Eq) == (word == "true");
                    Ok(if same { expr } else { Expr::Not(Box::new(expr)) })
                }
                _ => Err(self.before()),
            },
            Some(_) => Err(self.before()),
        }
    }

    /// `tolower(subject) eq 'x'`: case is of no account anyway.
    fn folded(&mut self) -> Result<Expr, Problem> {
        self.at += 2;
        let property = self.property()?;
        self.require(&Token::Close)?;
        let op = self.op().ok_or_else(|| self.syntax())?;
        let value = self.literal(property)?;
        Ok(Expr::Compare(property, op, value))
    }

    /// `categories/any(c:c eq 'x')`.
    fn lambda(&mut self, name: &str) -> Result<Expr, Problem> {
        let unknown = || Problem::bad_query(format!("An unknown function with name '{name}' was found."));
        let (path, quantifier) = name.rsplit_once('/').ok_or_else(unknown)?;
        let collection = Collection::named(path).ok_or_else(|| no_property(path))?;
        let any = match quantifier.to_ascii_lowercase().as_str() {
            "any" => true,
            "all" => false,
            _ => return Err(unknown()),
        };
        if self.lambda.is_some() {
            return Err(invalid_nodes());
        }
        self.at += 2;
        if any && self.take(&Token::Close) {
            return Ok(Expr::Any(collection, None));
        }
        let Some(Token::Word(variable)) = self.next() else { return Err(self.before()) };
        self.require(&Token::Colon)?;
        self.lambda = Some((variable, collection));
        let inner = Box::new(self.either()?);
        self.lambda = None;
        self.require(&Token::Close)?;
        Ok(if any { Expr::Any(collection, Some(inner)) } else { Expr::All(collection, inner) })
    }

    fn property(&mut self) -> Result<Property, Problem> {
        let Some(Token::Word(path)) = self.next() else { return Err(self.before()) };
        if let Some((variable, collection)) = &self.lambda {
            let rest = path.strip_prefix(variable.as_str());
            let rest = rest.and_then(|rest| if rest.is_empty() { Some("") } else { rest.strip_prefix('/') });
            if let Some(rest) = rest {
                return collection.property(rest).ok_or_else(|| no_property(rest));
            }
        }
        let property = Property::named(&path).ok_or_else(|| no_property(&path))?;
        if !self.properties.contains(&property) {
            self.properties.push(property);
        }
        Ok(property)
    }

    fn op(&mut self) -> Option<Op> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let op = match word.to_ascii_lowercase().as_str() {
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => return None,
        };
        self.at += 1;
        Some(op)
    }

    fn literal(&mut self, property: Property) -> Result<Value<'static>, Problem> {
        let token = self.next();
        let (value, found) = match token {
            Some(Token::Text(text)) => (Value::Text(Cow::Owned(text)), "Edm.String"),
            Some(Token::Time(at)) => (Value::Time(at), "Edm.DateTimeOffset"),
            Some(Token::Number(_)) => return Err(incompatible(property, "Edm.Int32")),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => (Value::Bool(true), "Edm.Boolean"),
                "false" => (Value::Bool(false), "Edm.Boolean"),
                "null" => return Ok(Value::Null),
                _ => return Err(no_property(&word)),
            },
            _ => return Err(self.before()),
        };
        let fits = matches!(
            (property.kind(), &value),
            (Kind::Text, Value::Text(_)) | (Kind::Bool, Value::Bool(_)) | (Kind::Time, Value::Time(_))
        );
        if fits { Ok(value) } else { Err(incompatible(property, found)) }
    }

    fn deeper(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Problem::bad_query(format!(
                "The node count limit of '{DEEPEST}' has been exceeded."
            )));
        }
        Ok(())
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, token: &Token) -> bool {
        let there = self.peek() == Some(token);
        self.at += usize::from(there);
        there
    }

    fn take_word(&mut self, word: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(at)) if at.eq_ignore_ascii_case(word));
        self.at += usize::from(there);
        there
    }

    fn require(&mut self, token: &Token) -> Result<(), Problem> {
        if self.take(token) { Ok(()) } else { Err(self.syntax()) }
    }

    fn syntax(&self) -> Problem {
        syntax(self.tokens.get(self.at).map_or(self.text.len(), |(at, _)| *at), self.text)
    }

    /// Of the word that was taken last.
    fn before(&self) -> Problem {
        let at = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        syntax(at.map_or(self.text.len(), |(at, _)| *at), self.text)
    }
}

fn syntax(at: usize, text: &str) -> Problem {
    Problem::bad_query(format!("Syntax error at position {at} in '{text}'."))
}

fn no_property(path: &str) -> Problem {
    Problem::bad_query(format!("Could not find a property named '{path}' on type 'microsoft.graph.message'."))
}

fn invalid_nodes() -> Problem {
    Problem::new(
        axum::http::StatusCode::BAD_REQUEST,
        "ErrorInvalidUrlQueryFilter",
        "The query filter contains one or more invalid nodes.",
    )
}

fn incompatible(property: Property, found: &str) -> Problem {
    let expected = match property.kind() {
        Kind::Text => "Edm.String",
        Kind::Bool => "Edm.Boolean",
        Kind::Time => "Edm.DateTimeOffset",
    };
    Problem::bad_query(format!(
        "A binary operator with incompatible types was detected. Found operand types '{expected}' and '{found}'."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_mail_clients_send_are_understood() {
        for text in [
            "isRead eq false",
            "receivedDateTime ge 2000-01-01T00:00:00Z and isRead eq false",
            "(subject eq 'a' or not contains(subject,'b')) and startswith(from/emailAddress/address, 'x')",
            "categories/any(c:c eq 'red')",
            "toRecipients/any(r: r/emailAddress/address eq 'a@b' or endswith(r/emailAddress/address,'.de'))",
            "internetMessageId eq '<a@b>'",
            "flag/flagStatus ne 'flagged' and importance eq 'high'",
            "contains(subject,'x') eq true and hasAttachments",
            "tolower(subject) eq 'x'",
            "from/emailAddress/name eq null",
        ] {
            assert!(Filter::of(text).is_ok(), "{text}: {:?}", Filter::of(text));
        }
    }

    #[test]
    fn filters_that_are_none_are_refused_with_the_place_or_the_name() {
        for (text, says) in [
            ("", "Syntax error at position 0 in ''."),
            ("isRead eq", "Syntax error at position 9"),
            ("isRead eq false)", "Syntax error at position 15"),
            ("(isRead eq false", "Syntax error at position 16"),
            ("subject eq 'x", "Syntax error at position 11"),
            ("subject like 'x'", "Syntax error at position 8"),
            ("size gt 5", "Could not find a property named 'size'"),
            ("isRead eq 'x'", "Found operand types 'Edm.Boolean' and 'Edm.String'"),
            ("subject eq 5", "Found operand types 'Edm.String' and 'Edm.Int32'"),
            ("sounds(subject,'x')", "An unknown function with name 'sounds'"),
            ("categories/some(c:c eq 'x')", "An unknown function"),
            ("contains(isRead,'x')", "No function signature"),
        ] {
            let problem = Filter::of(text).unwrap_err();
            assert!(problem.message.contains(says), "{text}: {}", problem.message);
        }
        let deep = format!("{}isRead eq true{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(Filter::of(&deep).unwrap_err().message.contains("node count limit"));
        assert!(Filter::of(&"not ".repeat(5_000)).unwrap_err().message.contains("node count limit"));
    }
}
