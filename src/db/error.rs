//! What a database answers, sorted by what follows.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// What a database answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique key is taken; the text names the constraint or its columns.
    #[error("{0} is taken")]
    Taken(String),
    /// A row that others refer to cannot go, or a row referred to does not exist.
    #[error("the row is referred to, or refers to a row that does not exist")]
    Referred(#[source] DbErr),
    /// `expected_version` is not the row's version, or the row is gone.
    #[error("the row was changed or deleted by someone else")]
    Stale,
    /// A deadlock, a serialization failure, or a lock not granted in time: the transaction may be repeated.
    #[error("the database could not serialize the transaction")]
    Contended(#[source] DbErr),
    /// The database can't be reached, ends, or has no room: try again later.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// The fence has moved on: another worker holds the mailbox.
    #[error("the lease on the mailbox was lost")]
    LeaseLost,
    /// A row holds what no version of mailroom wrote.
    #[error("a row of {table} can't be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else: a statement the database refuses.
    #[error("the database refused a statement")]
    Refused(#[source] DbErr),
}

impl Error {
    /// Whether the same transaction may succeed if it is repeated at once.
    pub const fn is_contended(&self) -> bool {
        matches!(self, Self::Contended(_))
    }

    /// Whether the unique key of that column is taken, by the names that the databases give: SQLite the columns,
    /// PostgreSQL the constraint or the index.
    pub fn is_taken(&self, table: &str, column: &str) -> bool {
        let Self::Taken(what) = self else { return false };
        let mut words = what.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
        let (by_column, by_constraint, by_index) =
            (format!("{table}.{column}"), format!("{table}_{column}_key"), format!("{table}_{column}"));
        words.any(|word| word == by_column || word == by_constraint || word == by_index)
    }

    /// Whether nothing works for now, whatever is asked.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(what)) => return Self::Taken(what),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return Self::Referred(error),
            _ => {}
        }
        match code(&error).as_deref() {
            // SQLite: ON DELETE RESTRICT, which is enforced as a trigger is.
            Some("1811") => Self::Referred(error),
            // PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
            // SQLite: BUSY, BUSY_RECOVERY, BUSY_SNAPSHOT, BUSY_TIMEOUT, LOCKED.
            Some("40001" | "40P01" | "55P03" | "5" | "261" | "517" | "773" | "6") => Self::Contended(error),
            // PostgreSQL: connection_exception, insufficient_resources, operator_intervention; SQLite: FULL, IOERR.
            Some(code) if is_unavailable(code) => Self::Unavailable(error),
            Some(_) => Self::Refused(error),
            None if is_connection(&error) => Self::Unavailable(error),
            None => Self::Refused(error),
        }
    }
}

fn is_unavailable(code: &str) -> bool {
    (code.len() == 5 && (code.starts_with("08") || code.starts_with("53") || code.starts_with("57")))
        || code == "13"
        || code.parse::<u32>().is_ok_and(|code| code & 0xff == 10)
}

fn is_connection(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            matches!(
                **inner,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            )
        }
        _ => false,
    }
}

fn code(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner))
        | DbErr::Conn(RuntimeErr::SqlxError(inner)) => {
            inner.as_database_error().and_then(|database| database.code()).map(std::borrow::Cow::into_owned)
        }
        _ => None,
    }
}
