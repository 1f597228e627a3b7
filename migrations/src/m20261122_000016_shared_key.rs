//! Keys of an instance that further messages of it gave too: when the first one leaves, the key stays.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob, small_integer, uuid};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("shared_key")
            .col(blob("key"))
            .col(small_integer("role"))
            .col(uuid("instance_id"))
            .col(uuid("message_id"))
            .primary_key(Index::create().col("key").col("role").col("instance_id").col("message_id"))
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create().name("shared_key_message").table("shared_key").col("message_id").to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("shared_key").to_owned()).await
    }
}
