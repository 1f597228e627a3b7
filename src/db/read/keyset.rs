//! Keyset paging as SQL: bounds and order of one slice, and the slices of many parents in one statement.

use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait, Order as Direction, SelectStatement, SimpleExpr, UnionType,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseBackend};
use uuid::Uuid;

use crate::domain::page::{Order, PageRequest};

/// The columns that order a list, the last one unique, and the key of a row in them.
pub(super) trait Keyset {
    /// What a cursor holds.
    type Key: Clone;

    /// The ordering columns of the list, as SQL.
    fn columns(&self) -> Vec<SimpleExpr>;

    /// The key's values, in the order of the columns.
    fn values(&self, key: &Self::Key) -> Vec<SimpleExpr>;
}

/// Bounds, orders and limits the statement to the slice, with one row more to see whether there are more.
pub(super) fn slice<S: Keyset>(
    select: &mut SelectStatement,
    keyset: &S,
    order: Order,
    page: &PageRequest<S::Key>,
) {
    within(select, keyset, order, page);
    let ascending = order == Order::OldestFirst;
    let direction = if ascending != page.from_end { Direction::Asc } else { Direction::Desc };
    for column in keyset.columns() {
        select.order_by_expr(column, direction.clone());
    }
    select.limit(u64::from(page.limit) + 1);
}

/// Bounds the statement to what is after and before the page's cursors.
pub(super) fn within<S: Keyset>(
    select: &mut SelectStatement,
    keyset: &S,
    order: Order,
    page: &PageRequest<S::Key>,
) {
    let ascending = order == Order::OldestFirst;
    let bounds = [(&page.after, ascending), (&page.before, !ascending)];
    for (key, beyond) in bounds.into_iter().filter_map(|(key, up)| key.as_ref().map(|key| (key, up))) {
        let (columns, values) = (Expr::tuple(keyset.columns()), Expr::tuple(keyset.values(key)));
        select.and_where(if beyond { columns.gt(values) } else { columns.lt(values) });
    }
}

/// One statement for the slices of all parents: each parent's own, so that each is read from its index and no
/// further than its limit. A window function would number every row of every parent first.
pub(in crate::db) fn each(parts: impl IntoIterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let mut parts = parts
        .into_iter()
        .map(|part| SelectStatement::new().column(Asterisk).from_subquery(part, "part").to_owned());
    let mut all = parts.next()?;
    all.unions(parts.map(|part| (UnionType::All, part)));
    Some(all)
}

/// Counts the rows of a statement, giving up one above what is told exactly.
pub(super) fn capped(mut select: SelectStatement) -> SelectStatement {
    select.clear_selects().expr(Expr::val(1)).limit(super::COUNT_BOUND);
    SelectStatement::new().expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(select, "capped").to_owned()
}

/// `column IN (ids)`, which is false for no ids. On PostgreSQL they are one value: the statement is the same for any
/// number of them, and prepared once.
pub(in crate::db) fn any_of<C, I>(db: &impl ConnectionTrait, column: C, ids: &[I]) -> SimpleExpr
where
    C: ColumnTrait,
    I: Copy + Into<Uuid>,
{
    let ids = ids.iter().copied().map(Into::<Uuid>::into);
    match db.get_database_backend() {
        DatabaseBackend::Postgres => {
            let ids = ids.map(|id| id.to_string()).collect::<Vec<_>>().join(",");
            let ids = Expr::val(format!("{{{ids}}}"));
            Expr::cust_with_exprs("$1 = ANY(CAST($2 AS uuid[]))", [column.into_expr(), ids])
        }
        _ => column.is_in(ids),
    }
}
