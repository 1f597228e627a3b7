//! Lists of what a search finds, in the order of the list, as one statement.
//!
//! What decides is where the database begins. Of a parent with few rows, each is looked up in the index. Otherwise the
//! index begins. PostgreSQL gathers all hits (they are narrow rows, found without statistics), sorts them, and reads
//! messages in that order until the page is full. SQLite's index is in the order of the list already: it is walked until
//! the page is full, and a common word fills it at once.

use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, IntoIden, JoinType, Order as Direction, Query as Sql, SelectStatement,
    SimpleExpr, SubQueryStatement,
};
use sea_orm::{Condition, DatabaseBackend};
use uuid::Uuid;

use super::keyset::{self, Keyset};
use crate::db::search::{Index, RANK_BITS, ranks_of};
use crate::domain::page::{Order, PageRequest};
use crate::domain::search::Query;

/// A search of a list.
pub(super) struct Search<'a> {
    /// Where the words are.
    pub(super) index: Index,
    /// What is asked for.
    pub(super) query: &'a Query,
    /// The mailboxes whose messages are asked for: part of the index itself.
    pub(super) mailboxes: Option<Vec<Uuid>>,
    /// The table of what is found.
    pub(super) table: &'static str,
    /// The columns by which the list is ordered: first those of the table, then those of PostgreSQL's index.
    pub(super) order: &'static [&'static str],
    /// What else must hold of a row of the table.
    pub(super) rest: Condition,
    /// Whether the index alone answers: nothing else is asked of the table.
    pub(super) index_answers: bool,
    /// What else must hold of a row of PostgreSQL's index.
    pub(super) of_index: Condition,
    /// The first and the last millisecond that is asked for.
    pub(super) millis: (Option<i64>, Option<i64>),
}

/// The order of a list by columns of one table.
struct By<'a, S: Keyset> {
    keyset: &'a S,
    table: &'static str,
    columns: &'static [&'static str],
    /// SQLite: no index of the table may give the order, because the hits come first.
    plain: bool,
}

impl<S: Keyset> Keyset for By<'_, S> {
    type Key = S::Key;

    fn columns(&self) -> Vec<SimpleExpr> {
        let column = |name: &&'static str| {
            let sign = if self.plain { "+" } else { "" };
            Expr::cust(format!("{sign}\"{}\".\"{name}\"", self.table))
        };
        self.columns.iter().map(column).collect()
    }

    fn values(&self, key: &S::Key) -> Vec<SimpleExpr> {
        self.keyset.values(key)
    }
}

/// Whether a row of the table is found: for a parent that has few.
pub(super) fn is_found(
    backend: DatabaseBackend,
    index: Index,
    query: &Query,
    table: &'static str,
) -> SimpleExpr {
    let mut found = Sql::select();
    found.expr(Expr::val(1)).from(index.rows);
    found.and_where(Expr::col((index.rows, "id")).equals((table, "id")));
    if backend == DatabaseBackend::Sqlite {
        crossed(&mut found, index.words, ranked(index));
    }
    found.and_where(index.matches(backend, query, None));
    Expr::exists(found)
}

impl Search<'_> {
    /// The slice of the list, with these columns of the table.
    pub(super) fn slice<S, C>(
        &self,
        backend: DatabaseBackend,
        columns: &[C],
        keyset: &S,
        order: Order,
        page: &PageRequest<S::Key>,
        millis: impl Fn(&S::Key) -> i64,
    ) -> SelectStatement
    where
        S: Keyset,
        C: IntoIden + Clone,
    {
        let mut select = match backend {
            DatabaseBackend::Postgres => self.sorted(keyset, order, page),
            _ => self.walked_slice(keyset, order, page, millis),
        };
        select.columns(columns.iter().map(|column| (Alias::new(self.table), column.clone().into_iden())));
        select
    }

    /// All rows that are found, in no order, to be counted.
    pub(super) fn all(&self, backend: DatabaseBackend) -> SelectStatement {
        match backend {
            DatabaseBackend::Postgres if self.index_answers => self.hits(),
            DatabaseBackend::Postgres => self.joined(self.hits()),
            _ => self.walked(self.millis),
        }
    }

    /// PostgreSQL: the rows of the index that match.
    fn hits(&self) -> SelectStatement {
        let matches = self.index.matches(DatabaseBackend::Postgres, self.query, self.mailboxes.as_deref());
        Sql::select().from(self.index.rows).and_where(matches).cond_where(self.of_index.clone()).to_owned()
    }

    /// PostgreSQL: the rows of the table that those of the index name.
    fn joined(&self, mut hits: SelectStatement) -> SelectStatement {
        hits.columns(self.order.iter().map(|column| (Alias::new(self.index.rows), Alias::new(*column))));
        let same = Expr::col((self.table, "id")).equals(("hit", "id"));
        Sql::select()
            .from_subquery(hits, "hit")
            .join(JoinType::InnerJoin, self.table, same)
            .cond_where(self.rest.clone())
            .to_owned()
    }

    fn sorted<S: Keyset>(&self, keyset: &S, order: Order, page: &PageRequest<S::Key>) -> SelectStatement {
        let by = |table| By { keyset, table, columns: self.order, plain: false };
        let mut hits = self.hits();
        keyset::slice(&mut hits, &by(self.index.rows), order, page);
        if !self.index_answers {
            hits.reset_limit();
        }
        let mut select = self.joined(hits);
        keyset::slice(&mut select, &by("hit"), order, page);
        select
    }

    /// SQLite: the index walked in its own order, each hit's row read on the way.
    fn walked(&self, (first, last): (Option<i64>, Option<i64>)) -> SelectStatement {
        let Index { rows, words } = self.index;
        let same = Expr::col((self.table, "id")).equals((rows, "id"));
        let mut select = Sql::select();
        select.from(words);
        crossed(&mut select, rows, ranked(self.index));
        crossed(&mut select, self.table, same);
        select
            .and_where(self.index.matches(DatabaseBackend::Sqlite, self.query, self.mailboxes.as_deref()))
            .cond_where(self.rest.clone());
        if let Some(first) = first {
            select.and_where(row_id(self.index).gte(ranks_of(first).0));
        }
        if let Some(last) = last {
            select.and_where(row_id(self.index).lte(ranks_of(last).1));
        }
        select
    }

    /// SQLite: rows of one millisecond are not in the order of the list. So the walk first finds how far the page
    /// reaches, and then everything up to the end of that millisecond is sorted.
    fn walked_slice<S: Keyset>(
        &self,
        keyset: &S,
        order: Order,
        page: &PageRequest<S::Key>,
        millis: impl Fn(&S::Key) -> i64,
    ) -> SelectStatement {
        let ascending = order == Order::OldestFirst;
        let (mut first, mut last) = self.millis;
        for (key, up) in [(&page.after, ascending), (&page.before, !ascending)] {
            match key.as_ref().map(&millis) {
                Some(at) if up => first = Some(first.map_or(at, |first| Ord::max(first, at))),
                Some(at) => last = Some(last.map_or(at, |last| Ord::min(last, at))),
                None => {}
            }
        }
        let by = By { keyset, table: self.table, columns: self.order, plain: true };
        let upwards = ascending != page.from_end;
        let mut near = self.walked((first, last));
        keyset::within(&mut near, &by, order, page);
        near.expr_as(row_id(self.index), "rank")
            .order_by_expr(row_id(self.index), if upwards { Direction::Asc } else { Direction::Desc })
            .limit(u64::from(page.limit) + 1);
        let edge = if upwards {
            format!("MAX(\"rank\") | {}", (1 << RANK_BITS) - 1)
        } else {
            format!("MIN(\"rank\") >> {RANK_BITS} << {RANK_BITS}")
        };
        let edge = Sql::select().expr(Expr::cust(edge)).from_subquery(near, "near").to_owned();
        let edge = SimpleExpr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(edge)));
        let mut select = self.walked((first, last));
        select.and_where(if upwards { row_id(self.index).lte(edge) } else { row_id(self.index).gte(edge) });
        keyset::slice(&mut select, &by, order, page);
        select
    }
}

/// SQLite: a join whose order is as it is written (https://www.sqlite.org/lang_select.html, "CROSS JOIN"). sea-query
/// writes no ON for it.
fn crossed(select: &mut SelectStatement, table: &'static str, on: SimpleExpr) {
    select.cross_join(table).and_where(on);
}

fn row_id(index: Index) -> SimpleExpr {
    Expr::cust(format!("\"{}\".rowid", index.words))
}

fn ranked(index: Index) -> SimpleExpr {
    Expr::col((index.rows, "rank")).eq(row_id(index))
}
