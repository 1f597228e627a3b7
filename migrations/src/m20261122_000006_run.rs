//! One execution of a job that found something to do; a job has at most one that is not finished.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, boolean, integer, integer_null, json_binary_null, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("run")
            .col(uuid("id").primary_key())
            .col(uuid("job_id"))
            .col(uuid("mailbox_id"))
            .col(text("trigger"))
            .col(text("state"))
            .col(timestamp_with_time_zone("queued_at"))
            .col(timestamp_with_time_zone_null("started_at"))
            .col(timestamp_with_time_zone_null("finished_at"))
            .col(integer_null("expected"))
            .col(integer("found"))
            .col(integer("processed"))
            .col(integer("ignored"))
            .col(integer("failed"))
            .col(integer("duplicates"))
            .col(integer("disposed"))
            .col(integer("purged"))
            .col(big_integer("bytes"))
            .col(json_binary_null("fault"))
            .col(text_null("worker"))
            .col(boolean("cancel_requested"))
            .foreign_key(
                ForeignKey::create()
                    .from("run", "job_id")
                    .to("job", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(Index::create().name("run_job").table("run").col("job_id").col("id").to_owned())
            .await?;
        manager
            .create_index(
                Index::create().name("run_mailbox").table("run").col("mailbox_id").col("id").to_owned(),
            )
            .await?;
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX run_active ON run (job_id) WHERE state IN ('QUEUED', 'RUNNING')",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("run").to_owned()).await?;
        Ok(())
    }
}
