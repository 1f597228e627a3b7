//! What an installation has once: the key that reply tokens are signed with, sealed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob, small_integer, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("installation")
            .col(uuid("id").primary_key())
            .col(small_integer("place").unique_key())
            .col(blob("reply_key"))
            .col(timestamp_with_time_zone("created_at"))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("installation").to_owned()).await
    }
}
