//! The job's ledger: every message that a listing showed, and what became of it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, blob, boolean, integer, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("intake")
            .col(uuid("job_id"))
            .col(blob("source_key"))
            .col(text("generation"))
            .col(text("source_id"))
            .col(timestamp_with_time_zone("arrived_at"))
            .col(big_integer("size"))
            .col(text_null("internet_message_id"))
            .col(text("state"))
            .col(integer("attempts"))
            .col(timestamp_with_time_zone_null("next_try_at"))
            .col(boolean("pair"))
            .primary_key(Index::create().col("job_id").col("source_key"))
            .foreign_key(
                ForeignKey::create()
                    .from("intake", "job_id")
                    .to("job", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        manager.get_connection().execute_unprepared("CREATE INDEX intake_waiting ON intake (job_id, arrived_at, source_key) WHERE state = 'LISTED'").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("intake").to_owned()).await?;
        Ok(())
    }
}
