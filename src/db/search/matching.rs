//! A query in the words of each database. What goes into it is letters and digits, and signs of our own.

use sea_orm::DatabaseBackend;
use sea_orm::sea_query::{Expr, SimpleExpr};
use uuid::Uuid;

use crate::domain::search::{Query, Term};

/// The tables of one index.
#[derive(Debug, Clone, Copy)]
pub(in crate::db) struct Index {
    /// Which message or instance; on PostgreSQL with the words.
    pub(in crate::db) rows: &'static str,
    /// SQLite: the words.
    pub(in crate::db) words: &'static str,
}

impl Index {
    /// Of messages.
    pub(in crate::db) const MESSAGES: Self = Self { rows: "message_search", words: "message_words" };
    /// Of instances.
    pub(in crate::db) const INSTANCES: Self = Self { rows: "instance_search", words: "instance_words" };

    /// Whether the words of a row are what the query asks for; of one of these mailboxes, where they are given.
    pub(in crate::db) fn matches(
        self,
        backend: DatabaseBackend,
        query: &Query,
        mailboxes: Option<&[Uuid]>,
    ) -> SimpleExpr {
        match backend {
            DatabaseBackend::Postgres => {
                let column = self.rows;
                let sql = format!("\"{column}\".\"words\" @@ CAST($1 AS tsquery)");
                Expr::cust_with_values(sql, [tsquery(query, mailboxes)])
            }
            _ => {
                let table = self.words;
                let sql = format!("\"{table}\".\"{table}\" MATCH ?");
                Expr::cust_with_values(sql, [fts5(query, mailboxes)])
            }
        }
    }
}

/// What stands for a mailbox among a message's words: nobody can type the sign.
pub(super) fn mailbox_word(mailbox: Uuid) -> String {
    format!("·{}", mailbox.simple())
}

/// For PostgreSQL's `tsquery`.
fn tsquery(query: &Query, mailboxes: Option<&[Uuid]>) -> String {
    let term =
        |term: &Term| {
            let end = term.words.len().saturating_sub(1);
            let words = term.words.iter().enumerate();
            let words = words.map(|(at, word)| {
                if at == end && term.beginning { format!("'{word}':*") } else { format!("'{word}'") }
            });
            format!("({})", words.collect::<Vec<_>>().join(" <-> "))
        };
    let mut all: Vec<String> = query.wanted.iter().map(term).collect();
    all.extend(query.unwanted.iter().map(|unwanted| format!("!{}", term(unwanted))));
    if let Some(mailboxes) = mailboxes {
        let any = mailboxes.iter().map(|id| format!("'{}'", mailbox_word(*id))).collect::<Vec<_>>();
        all.push(format!("({})", any.join(" | ")));
    }
    all.join(" & ")
}

/// For SQLite's FTS5.
fn fts5(query: &Query, mailboxes: Option<&[Uuid]>) -> String {
    let term = |term: &Term| {
        let column = if term.joined { "pairs" } else { "words" };
        let star = if term.beginning { " *" } else { "" };
        format!("({column} : \"{}\"{star})", term.words.join(" "))
    };
    let mut wanted: Vec<String> = query.wanted.iter().map(term).collect();
    if let Some(mailboxes) = mailboxes {
        let any =
            mailboxes.iter().map(|id| format!("mailbox : \"{}\"", mailbox_word(*id))).collect::<Vec<_>>();
        wanted.push(format!("({})", any.join(" OR ")));
    }
    let wanted = format!("({})", wanted.join(" AND "));
    if query.unwanted.is_empty() {
        return wanted;
    }
    let unwanted: Vec<String> = query.unwanted.iter().map(term).collect();
    format!("{wanted} NOT ({})", unwanted.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_said_in_the_words_of_each_database() {
        let query = Query::parse("\"on fire\" INC-0000* -spam -\"out of office\"").unwrap();
        assert_eq!(
            tsquery(&query, Some(&[Uuid::nil()])),
            "('on' <-> 'fire') & ('inc·0000':*) & !('spam') & !('out' <-> 'of' <-> 'office') \
             & ('·00000000000000000000000000000000')"
        );
        assert_eq!(
            fts5(&query, Some(&[Uuid::nil()])),
            "((words : \"on fire\") AND (pairs : \"inc·0000\" *) AND \
             (mailbox : \"·00000000000000000000000000000000\")) NOT ((words : \"spam\") OR (words : \"out of office\"))"
        );
    }
}
