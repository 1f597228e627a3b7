//! One mail as taken in, its addresses, its parts, and its raw bytes. The text is the last column: lists don't read it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, blob, blob_null, boolean, integer, json_binary, json_binary_null, small_integer, text,
    text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("message")
            .col(uuid("id").primary_key())
            .col(uuid("mailbox_id"))
            .col(uuid_null("mapping_id"))
            .col(uuid_null("job_id"))
            .col(uuid_null("run_id"))
            .col(uuid_null("instance_id"))
            .col(text("folder"))
            .col(text("generation"))
            .col(text("source_id"))
            .col(text_null("internet_message_id"))
            .col(blob_null("internet_message_id_hash"))
            .col(text_null("conversation_id"))
            .col(blob_null("fingerprint"))
            .col(timestamp_with_time_zone_null("sent_at"))
            .col(timestamp_with_time_zone("received_at"))
            .col(timestamp_with_time_zone("ingested_at"))
            .col(text("importance"))
            .col(text_null("automatic"))
            .col(big_integer("size"))
            .col(integer("attachment_count"))
            .col(boolean("has_raw"))
            .col(text("state"))
            .col(text_null("reason"))
            .col(json_binary_null("failure"))
            .col(json_binary_null("matched"))
            .col(text("disposition_state"))
            .col(json_binary("disposition"))
            .col(integer("disposition_attempts"))
            .col(timestamp_with_time_zone_null("disposition_due_at"))
            .col(timestamp_with_time_zone_null("disposition_done_at"))
            .col(text_null("disposition_note"))
            .col(json_binary_null("disposition_fault"))
            .col(boolean("disposition_tried"))
            .col(json_binary_null("moved_to"))
            .col(text_null("purge"))
            .col(text_null("provider_version"))
            .col(timestamp_with_time_zone_null("emptied_at"))
            .col(json_binary_null("notes"))
            .col(text("subject"))
            .col(text("snippet"))
            .col(text("text"))
            .col(text_null("new_text"))
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create()
                    .name("message_mailbox")
                    .table("message")
                    .col("mailbox_id")
                    .col("received_at")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("message_received")
                    .table("message")
                    .col("received_at")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        manager.get_connection().execute_unprepared("CREATE INDEX message_instance ON message (instance_id, received_at) WHERE instance_id IS NOT NULL").await?;
        manager
            .get_connection()
            .execute_unprepared("CREATE INDEX message_run ON message (run_id, id) WHERE run_id IS NOT NULL")
            .await?;
        manager.get_connection().execute_unprepared("CREATE INDEX message_pending ON message (mailbox_id, job_id) WHERE disposition_state = 'PENDING'").await?;
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX message_to_purge ON message (mailbox_id, job_id) WHERE purge = 'WANTED'",
            )
            .await?;
        manager.get_connection().execute_unprepared("CREATE INDEX message_internet_id ON message (internet_message_id_hash) WHERE internet_message_id_hash IS NOT NULL").await?;
        let table = Table::create()
            .table("message_source")
            .col(blob("source_key").primary_key())
            .col(uuid("mailbox_id"))
            .col(uuid("message_id"))
            .col(text("folder"))
            .col(text("generation"))
            .col(text("source_id"))
            .col(timestamp_with_time_zone("arrived_at"))
            .col(boolean("gone"))
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create()
                    .name("message_source_message")
                    .table("message_source")
                    .col("message_id")
                    .to_owned(),
            )
            .await?;
        let table = Table::create()
            .table("message_address")
            .col(uuid("message_id"))
            .col(small_integer("role"))
            .col(small_integer("position"))
            .col(text_null("name"))
            .col(text("address"))
            .primary_key(Index::create().col("message_id").col("role").col("position"))
            .foreign_key(
                ForeignKey::create()
                    .from("message_address", "message_id")
                    .to("message", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let table = Table::create()
            .table("message_raw")
            .col(uuid("message_id").primary_key())
            .col(text_null("blob_key"))
            .col(blob_null("content"))
            .foreign_key(
                ForeignKey::create()
                    .from("message_raw", "message_id")
                    .to("message", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        if manager.get_database_backend() == sea_orm_migration::sea_orm::DatabaseBackend::Postgres {
            manager
                .get_connection()
                .execute_unprepared("ALTER TABLE message_raw ALTER COLUMN content SET STORAGE EXTERNAL")
                .await?;
        }
        let table = Table::create()
            .table("attachment")
            .col(uuid("id").primary_key())
            .col(uuid("message_id"))
            .col(integer("part"))
            .col(text("filename"))
            .col(text("content_type"))
            .col(big_integer("size"))
            .col(boolean("inline"))
            .col(text_null("content_id"))
            .col(blob("sha256"))
            .foreign_key(
                ForeignKey::create()
                    .from("attachment", "message_id")
                    .to("message", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create()
                    .name("attachment_message")
                    .table("attachment")
                    .col("message_id")
                    .col("part")
                    .to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("attachment").to_owned()).await?;
        manager.drop_table(Table::drop().table("message_raw").to_owned()).await?;
        manager.drop_table(Table::drop().table("message_address").to_owned()).await?;
        manager.drop_table(Table::drop().table("message_source").to_owned()).await?;
        manager.drop_table(Table::drop().table("message").to_owned()).await?;
        Ok(())
    }
}
