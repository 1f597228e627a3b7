//! Looking into the database from outside: what is really there, whatever the API says.

use sea_orm::{ConnectionTrait, QueryResult, Statement};

use super::database::Fresh;

/// The rows that a query answers with.
pub async fn query(fresh: &Fresh, sql: &str) -> Vec<QueryResult> {
    let db = fresh.database.read();
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap()
}

/// The one number that a query answers with; 0 for none.
pub async fn count(fresh: &Fresh, sql: &str) -> i64 {
    let sql = format!("SELECT CAST(coalesce(({sql}), 0) AS bigint) AS n");
    query(fresh, &sql).await.first().unwrap().try_get("", "n").unwrap()
}

/// The one text that a query answers with.
pub async fn text(fresh: &Fresh, sql: &str) -> Option<String> {
    query(fresh, sql).await.first().and_then(|row| row.try_get_by_index(0).unwrap())
}

/// Changes rows as no API does.
pub async fn execute(fresh: &Fresh, sql: &str) {
    let db = fresh.database.write();
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
}

/// Lets the leases of a killed process lapse at once, so that nobody has to wait for it.
pub async fn lapse_leases(fresh: &Fresh) {
    execute(fresh, "UPDATE lease SET expires_at = '2000-01-01T00:00:00.000+00:00'").await;
}
