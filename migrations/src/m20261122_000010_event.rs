//! The one ordered log: offsets are taken under the lock of the head, so that what is visible is always a prefix.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, json_binary, small_integer, text, text_null, timestamp_with_time_zone, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("event")
            .col(big_integer("log_offset").primary_key())
            .col(uuid("id").unique_key())
            .col(text("type"))
            .col(timestamp_with_time_zone("occurred_at"))
            .col(text_null("actor"))
            .col(uuid_null("mailbox_id"))
            .col(json_binary("data"))
            .to_owned();
        manager.create_table(table).await?;
        let table = Table::create()
            .table("event_head")
            .col(small_integer("id").primary_key())
            .col(uuid("epoch"))
            .col(big_integer("head"))
            .to_owned();
        manager.create_table(table).await?;
        let epoch = Query::insert()
            .into_table("event_head")
            .columns(["id", "epoch", "head"])
            .values_panic([1.into(), uuid::Uuid::now_v7().into(), 0i64.into()])
            .to_owned();
        manager.execute(epoch).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("event_head").to_owned()).await?;
        manager.drop_table(Table::drop().table("event").to_owned()).await?;
        Ok(())
    }
}
