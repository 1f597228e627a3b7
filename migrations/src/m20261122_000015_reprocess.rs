//! Messages that are to be mapped again: orders of a run of their own, what a message appended and what a person set,
//! so that mapping again replaces the one and leaves the other.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{json_binary_null, text, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("reprocess")
            .col(uuid("id").primary_key())
            .col(uuid("run_id"))
            .col(json_binary_null("selection"))
            .col(uuid("until"))
            .col(uuid_null("after"))
            .col(text("actor"))
            .foreign_key(
                ForeignKey::create()
                    .from("reprocess", "run_id")
                    .to("run", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create().name("reprocess_run").table("reprocess").col("run_id").col("id").to_owned(),
            )
            .await?;
        for (table, column) in [
            ("intake", uuid_null("message_id")),
            ("process_instance", json_binary_null("by_hand")),
            ("message", json_binary_null("appended")),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        for sql in [
            "DROP INDEX run_active",
            "CREATE UNIQUE INDEX run_active ON run (job_id) \
             WHERE state IN ('QUEUED', 'RUNNING') AND \"trigger\" <> 'REPROCESS'",
            "CREATE UNIQUE INDEX run_reprocess ON run (job_id) \
             WHERE state IN ('QUEUED', 'RUNNING') AND \"trigger\" = 'REPROCESS'",
        ] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("reprocess").to_owned()).await?;
        for sql in [
            "DROP INDEX run_reprocess",
            "DROP INDEX run_active",
            "DELETE FROM run WHERE \"trigger\" = 'REPROCESS'",
            "CREATE UNIQUE INDEX run_active ON run (job_id) WHERE state IN ('QUEUED', 'RUNNING')",
        ] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        for (table, column) in
            [("message", "appended"), ("process_instance", "by_hand"), ("intake", "message_id")]
        {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
