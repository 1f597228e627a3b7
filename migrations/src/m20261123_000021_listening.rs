//! Who listens to which folder: processes with the end of their lease, and jobs with the process that listens for them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    integer, json_binary_null, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let processes = Table::create()
            .table("listener")
            .col(text("owner").primary_key())
            .col(timestamp_with_time_zone("until"))
            .to_owned();
        manager.create_table(processes).await?;
        let jobs = Table::create()
            .table("listening")
            .col(uuid("job_id").primary_key())
            .col(text_null("owner"))
            .col(text_null("means"))
            .col(timestamp_with_time_zone_null("since"))
            .col(timestamp_with_time_zone("due_at"))
            .col(integer("attempts").default(0))
            .col(integer("job_version"))
            .col(integer("mailbox_version"))
            .col(json_binary_null("fault"))
            .foreign_key(
                ForeignKey::create()
                    .name("listening_job")
                    .from("listening", "job_id")
                    .to("job", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(jobs).await?;
        let owners = Index::create().name("listening_owner").table("listening").col("owner").to_owned();
        manager.create_index(owners).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("listening").to_owned()).await?;
        manager.drop_table(Table::drop().table("listener").to_owned()).await
    }
}
