//! A new database with today's schema for each test, of both kinds.

use mailroom::db::{Database, Options, migrate};

use super::postgres;

/// A database that goes with the test. `url` is for a process that the test starts.
pub struct Fresh {
    pub database: Database,
    pub url: String,
    _folder: Option<tempfile::TempDir>,
}

/// In a file of its own.
pub async fn on_sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("mailroom.db").display());
    Fresh { database: migrated(&url).await, url, _folder: Some(folder) }
}

/// On the server that all tests share.
pub async fn on_postgres() -> Fresh {
    let url = tokio::task::spawn_blocking(postgres::database).await.unwrap();
    Fresh { database: migrated(&url).await, url, _folder: None }
}

/// One that is there already, and stays; its schema is brought up to date.
pub async fn at(url: &str) -> Fresh {
    Fresh { database: migrated(url).await, url: url.to_owned(), _folder: None }
}

async fn migrated(url: &str) -> Database {
    let options = Options { url: url.to_owned(), max_connections: 5, statement_cache: 100 };
    let database = Database::connect(&options).await.unwrap();
    migrate::up(&database).await.unwrap();
    database
}

/// Makes two tests of an `async fn name(fresh: Fresh)`: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$name($crate::harness::database::on_sqlite().await).await;
            }
            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                super::$name($crate::harness::database::on_postgres().await).await;
            }
        }
    )+ };
}

pub(crate) use on_both;
