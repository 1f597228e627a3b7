//! A pool as statements go through it; behind a pooler in transaction mode, each in a transaction of its own.
//!
//! Such a pooler gives every transaction any of its connections to the server. The driver prepares each statement under a name before it
//! runs it, in two steps: outside of a transaction the second would meet another connection, and the name would be in
//! the way of whoever comes next.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

/// A pool of connections.
#[derive(Clone)]
pub struct Door {
    pub(super) pool: DatabaseConnection,
    /// Whether each statement needs a transaction.
    pub(super) is_pooled: bool,
}

impl Door {
    /// A transaction; on SQLite it takes the write lock at once.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.pool.begin_with_options(options).await?;
        if self.is_pooled {
            // Names that whoever had this connection before has left.
            tx.execute_unprepared("DEALLOCATE ALL").await?;
        }
        Ok(tx)
    }
}

#[async_trait]
impl ConnectionTrait for Door {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        if !self.is_pooled {
            return self.pool.execute_raw(statement).await;
        }
        let tx = self.begin().await?;
        let done = tx.execute_raw(statement).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.pool.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        if !self.is_pooled {
            return self.pool.query_one_raw(statement).await;
        }
        let tx = self.begin().await?;
        let row = tx.query_one_raw(statement).await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        if !self.is_pooled {
            return self.pool.query_all_raw(statement).await;
        }
        let tx = self.begin().await?;
        let rows = tx.query_all_raw(statement).await?;
        tx.commit().await?;
        Ok(rows)
    }
}
