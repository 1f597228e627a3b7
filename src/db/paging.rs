//! Lists of the configuration: by name, then id, a page at a time; found by a part of a text; counted to a bound.

use sea_orm::sea_query::extension::postgres::PgExpr;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, LikeExpr, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, EntityTrait, IntoSimpleExpr, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use super::Error;
use crate::domain::page::PageRequest;

/// Where a row stands in a list of the configuration: its name or title, then its id. Names are told apart without
/// regard to the case of ASCII letters, the same on both databases.
pub type NameKey = (String, Uuid);

/// More rows than this are not counted.
pub const COUNT_BOUND: u64 = 10_001;

/// The page of `select` in the order of `name`, then `id`, with one row more than asked for.
pub(super) fn by_name<E: EntityTrait>(
    select: Select<E>,
    backend: DatabaseBackend,
    name: E::Column,
    id: E::Column,
    page: &PageRequest<NameKey>,
) -> Select<E> {
    let rank = || folded(backend, name.into_simple_expr());
    let key = |key: &NameKey| (folded(backend, Expr::val(key.0.clone())), key.1);
    let mut select = select;
    if let Some((text, uuid)) = page.after.as_ref().map(key) {
        select = select
            .filter(Condition::any().add(rank().gt(text.clone())).add(rank().eq(text).and(id.gt(uuid))));
    }
    if let Some((text, uuid)) = page.before.as_ref().map(key) {
        select = select
            .filter(Condition::any().add(rank().lt(text.clone())).add(rank().eq(text).and(id.lt(uuid))));
    }
    let order = if page.from_end { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
    select.order_by(rank(), order.clone()).order_by(id, order).limit(u64::from(page.limit) + 1)
}

/// PostgreSQL's own collation depends on how the database was made; byte order does not.
fn folded(backend: DatabaseBackend, text: SimpleExpr) -> SimpleExpr {
    match backend {
        DatabaseBackend::Postgres => Expr::cust_with_expr("lower(CAST($1 AS text) COLLATE \"C\")", text),
        _ => Func::lower(text).into(),
    }
}

/// What the database makes of a name to order by it. SQLite and the "C" locale fold ASCII letters only.
pub(super) fn folded_key(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Rows in which one of the columns contains the text, in any case.
pub(super) fn contains<C: ColumnTrait>(backend: DatabaseBackend, columns: &[C], text: &str) -> Condition {
    // SQLite folds ASCII only, PostgreSQL what its locale knows: other letters are asked for in both cases.
    let mut forms = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase()];
    forms.dedup();
    let mut any = Condition::any();
    for column in columns {
        for form in &forms {
            let (column, like) = (column.into_simple_expr(), LikeExpr::new(escaped(form)));
            any = any.add(match backend {
                DatabaseBackend::Postgres => column.ilike(like),
                _ => column.like(like.escape('\\')),
            });
        }
    }
    any
}

/// PostgreSQL's escape character is the backslash by itself, SQLite has none unless told.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    escaped.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped.push('%');
    escaped
}

/// How many rows there are, up to [`COUNT_BOUND`].
pub(super) async fn count<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    id: E::Column,
) -> Result<u64, Error> {
    let rows = select.select_only().column(id).limit(COUNT_BOUND).into_query();
    let count = Query::select()
        .expr_as(Expr::cust("COUNT(*)"), Alias::new("rows"))
        .from_subquery(rows, Alias::new("bounded"))
        .to_owned();
    let row = db.query_one(&count).await?;
    let rows: i64 = row.map(|row| row.try_get("", "rows")).transpose()?.unwrap_or(0);
    Ok(u64::try_from(rows).unwrap_or(0))
}
