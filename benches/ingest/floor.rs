//! The least that has to be done: fetch, compress, insert, with the same durability. No rows beside the bytes.

use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{QueryBuilder, Sqlite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::USER;
use crate::harness::dovecot::{Dovecot, PASSWORD};
use crate::harness::postgres::Server;
use crate::kind::Kind;

/// Rows of one transaction.
const BATCH: usize = 100;

type Row = (i64, Vec<u8>);

/// Reads the mailbox once into a new table; how long it took.
pub async fn run(kind: Kind, dovecot: &Dovecot, postgres: Option<&Server>, messages: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let table = match kind {
        Kind::Sqlite => Table::on_sqlite(&folder.path().join("floor.db")).await,
        Kind::Postgres => Table::on_postgres(&postgres.unwrap().database()).await,
    };
    let began = Instant::now();
    let (fetched, to_compress) = mpsc::channel::<Vec<Row>>(2);
    let (compressed, to_insert) = mpsc::channel::<Vec<Row>>(2);
    let port = dovecot.port;
    let (_, (), inserted) = tokio::join!(
        tokio::spawn(async move { fetch(port, fetched).await }),
        async { tokio::spawn(compress(to_compress, compressed)).await.unwrap() },
        table.fill(to_insert)
    );
    let took = began.elapsed();
    assert_eq!(inserted, messages, "the floor stored all");
    table.close().await;
    took
}

/// One command for all: the server sends without waiting for us.
async fn fetch(port: u16, batches: mpsc::Sender<Vec<Row>>) {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut client = async_imap::Client::new(stream);
    client.read_response().await.unwrap();
    let mut session = client.login(USER, PASSWORD).await.map_err(|(error, _)| error).unwrap();
    session.examine("INBOX").await.unwrap();
    let mut messages = session.uid_fetch("1:*", "(UID BODY.PEEK[])").await.unwrap();
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(message) = messages.try_next().await.unwrap() {
        let Some(body) = message.body() else { continue };
        batch.push((i64::from(message.uid.unwrap()), body.to_vec()));
        if batch.len() == BATCH {
            batches.send(std::mem::take(&mut batch)).await.unwrap();
        }
    }
    if !batch.is_empty() {
        batches.send(batch).await.unwrap();
    }
}

async fn compress(mut batches: mpsc::Receiver<Vec<Row>>, compressed: mpsc::Sender<Vec<Row>>) {
    while let Some(mut batch) = batches.recv().await {
        for (_, bytes) in &mut batch {
            *bytes = zstd::bulk::compress(bytes, 3).unwrap();
        }
        compressed.send(batch).await.unwrap();
    }
}

enum Table {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Table {
    async fn on_sqlite(path: &std::path::Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        sqlx::query("CREATE TABLE floor (id INTEGER PRIMARY KEY, raw BLOB NOT NULL)")
            .execute(&pool)
            .await
            .unwrap();
        Self::Sqlite(pool)
    }

    async fn on_postgres(url: &str) -> Self {
        let pool = PgPool::connect(url).await.unwrap();
        for statement in [
            "CREATE TABLE floor (id bigint PRIMARY KEY, raw bytea NOT NULL)",
            // The bytes are compressed already.
            "ALTER TABLE floor ALTER COLUMN raw SET STORAGE EXTERNAL",
        ] {
            sqlx::query(statement).execute(&pool).await.unwrap();
        }
        Self::Postgres(pool)
    }

    /// A transaction a batch; how many rows there are in the end.
    async fn fill(&self, mut batches: mpsc::Receiver<Vec<Row>>) -> usize {
        let mut rows = 0;
        while let Some(batch) = batches.recv().await {
            rows += batch.len();
            match self {
                Self::Sqlite(pool) => {
                    let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO floor (id, raw) ");
                    insert.push_values(batch, |mut row, (id, raw)| {
                        row.push_bind(id).push_bind(raw);
                    });
                    insert.build().execute(pool).await.unwrap();
                }
                Self::Postgres(pool) => {
                    let (ids, raws): (Vec<i64>, Vec<Vec<u8>>) = batch.into_iter().unzip();
                    sqlx::query(
                        "INSERT INTO floor (id, raw) SELECT * FROM UNNEST($1::bigint[], $2::bytea[])",
                    )
                    .bind(ids)
                    .bind(raws)
                    .execute(pool)
                    .await
                    .unwrap();
                }
            }
        }
        rows
    }

    async fn close(self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => {
                sqlx::query("DROP TABLE floor").execute(&pool).await.unwrap();
                pool.close().await;
            }
        }
    }
}
