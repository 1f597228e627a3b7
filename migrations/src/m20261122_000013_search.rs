//! The words of messages and instances for full-text search, and how far the indexer has come.
//!
//! The words are cut and folded before they come here, so neither database is asked for a dictionary.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, integer, small_integer, uuid};
use sea_orm_migration::sea_orm::DatabaseBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Without statistics, PostgreSQL always takes the index: it knows what a word costs to find there, but not what it
/// costs to unpack every row's words. The pending list is kept short, because every search reads it through.
const POSTGRES: [&str; 6] = [
    "CREATE TABLE message_search (id uuid PRIMARY KEY, received_at timestamptz NOT NULL, words tsvector NOT NULL)",
    "CREATE TABLE instance_search (id uuid PRIMARY KEY, words tsvector NOT NULL)",
    "ALTER TABLE message_search ALTER COLUMN words SET STATISTICS 0",
    "ALTER TABLE instance_search ALTER COLUMN words SET STATISTICS 0",
    "CREATE INDEX message_search_words ON message_search USING gin (words) WITH (gin_pending_list_limit = 1024)",
    "CREATE INDEX instance_search_words ON instance_search USING gin (words) WITH (gin_pending_list_limit = 1024)",
];

/// `rank` orders rows by time and is the row id of the words. The tokenizer `ascii` cuts at blanks only: every other
/// letter of what it is given is a letter or a digit.
const SQLITE: [&str; 4] = [
    "CREATE TABLE message_search (rank INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE)",
    "CREATE TABLE instance_search (rank INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE)",
    "CREATE VIRTUAL TABLE message_words USING fts5 \
     (words, pairs, mailbox, content = '', contentless_delete = 1, tokenize = 'ascii')",
    "CREATE VIRTUAL TABLE instance_words USING fts5 \
     (words, pairs, mailbox, content = '', contentless_delete = 1, tokenize = 'ascii')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables: &[&str] = match manager.get_database_backend() {
            DatabaseBackend::Postgres => &POSTGRES,
            _ => &SQLITE,
        };
        for sql in tables {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        let table = Table::create()
            .table("search_indexer")
            .col(small_integer("id").primary_key())
            .col(integer("folding"))
            .col(big_integer("log_offset"))
            .col(boolean("rebuilding"))
            .col(uuid("message_after"))
            .col(uuid("instance_after"))
            .to_owned();
        manager.create_table(table).await?;
        let nil = || uuid::Uuid::nil().into();
        // Folding 0 was never in use: the indexer begins with the messages that are there already.
        let start = Query::insert()
            .into_table("search_indexer")
            .columns(["id", "folding", "log_offset", "rebuilding", "message_after", "instance_after"])
            .values_panic([1.into(), 0.into(), 0i64.into(), false.into(), nil(), nil()])
            .to_owned();
        manager.execute(start).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("search_indexer").to_owned()).await?;
        if manager.get_database_backend() == DatabaseBackend::Sqlite {
            manager.drop_table(Table::drop().table("instance_words").to_owned()).await?;
            manager.drop_table(Table::drop().table("message_words").to_owned()).await?;
        }
        manager.drop_table(Table::drop().table("instance_search").to_owned()).await?;
        manager.drop_table(Table::drop().table("message_search").to_owned()).await?;
        Ok(())
    }
}
