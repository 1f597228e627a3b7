//! The schema's version: what is applied, what this build knows.

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::{Database, Error};

/// Migrations by name, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Applied and known.
    pub applied: Vec<String>,
    /// Known and not applied.
    pub pending: Vec<String>,
    /// Applied and not known: the schema belongs to a newer mailroom.
    pub unknown: Vec<String>,
}

impl Status {
    /// Whether the schema is exactly what this build knows.
    pub const fn is_current(&self) -> bool {
        self.pending.is_empty() && self.unknown.is_empty()
    }
}

// One migrator at a time: any number that no one else uses.
const LOCK: i64 = 0x6d61_696c_726f_6f6d;

/// Applies what is pending, under a lock on PostgreSQL.
pub async fn up(database: &Database) -> Result<(), Error> {
    let connection = database.write();
    // A session lock needs one session: a transaction keeps the pool from changing it.
    let lock = database.begin().await?;
    if database.backend() == DatabaseBackend::Postgres {
        let take = Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [LOCK.into()],
        );
        lock.execute_raw(take).await?;
        Migrator::up(&connection.pool, None).await?;
        lock.commit().await?;
    } else {
        // One writer connection: the lock would wait for itself.
        lock.rollback().await?;
        Migrator::up(&connection.pool, None).await?;
    }
    Ok(())
}

/// Takes back the last `steps` migrations.
pub async fn down(database: &Database, steps: u32) -> Result<(), Error> {
    Ok(Migrator::down(&database.write().pool, Some(steps)).await?)
}

/// Compares the schema with what this build knows. Changes nothing.
pub async fn status(database: &Database) -> Result<Status, Error> {
    let known: Vec<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    let select =
        Statement::from_string(database.backend(), "SELECT version FROM seaql_migrations ORDER BY version");
    let applied: Vec<String> = match database.read().query_all_raw(select).await {
        Ok(rows) => rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?,
        Err(error) if is_missing_table(&error) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(Status {
        pending: known.iter().filter(|name| !applied.contains(name)).cloned().collect(),
        unknown: applied.iter().filter(|name| !known.contains(name)).cloned().collect(),
        applied: applied.into_iter().filter(|name| known.contains(name)).collect(),
    })
}

fn is_missing_table(error: &sea_orm::DbErr) -> bool {
    let text = error.to_string();
    text.contains("no such table") || text.contains("does not exist")
}
