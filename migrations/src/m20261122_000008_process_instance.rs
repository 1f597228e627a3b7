//! The business object that messages create and update, and the keys that find it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    blob, boolean, integer, json_binary, small_integer, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("process_instance")
            .col(uuid("id").primary_key())
            .col(text("process"))
            .col(uuid_null("mapping_id"))
            .col(uuid_null("mailbox_id"))
            .col(text("reference").unique_key())
            .col(boolean("open"))
            .col(timestamp_with_time_zone_null("closed_at"))
            .col(json_binary("attributes"))
            .col(text_null("external_id"))
            .col(uuid_null("last_message_id"))
            .col(integer("version"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create()
                    .name("process_instance_external")
                    .table("process_instance")
                    .col("process")
                    .col("external_id")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("process_instance_mailbox")
                    .table("process_instance")
                    .col("mailbox_id")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        let table = Table::create()
            .table("correlation_key")
            .col(blob("key"))
            .col(small_integer("role"))
            .col(uuid("instance_id"))
            .col(uuid("message_id"))
            .primary_key(Index::create().col("key").col("role").col("instance_id"))
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create()
                    .name("correlation_key_instance")
                    .table("correlation_key")
                    .col("instance_id")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("correlation_key_message")
                    .table("correlation_key")
                    .col("message_id")
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("correlation_key").to_owned()).await?;
        manager.drop_table(Table::drop().table("process_instance").to_owned()).await?;
        Ok(())
    }
}
