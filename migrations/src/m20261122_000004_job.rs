//! The standing order for one folder of a mailbox, and how far it has listed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    blob, boolean, integer, integer_null, json_binary_null, text, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("job")
            .col(uuid("id").primary_key())
            .col(uuid("mailbox_id"))
            .col(text("name").unique_key())
            .col(text("folder"))
            .col(blob("folder_key"))
            .col(boolean("enabled"))
            .col(text("selection"))
            .col(timestamp_with_time_zone_null("since"))
            .col(json_binary_null("handling"))
            .col(integer_null("max_messages_per_run"))
            .col(timestamp_with_time_zone_null("next_run_at"))
            .col(timestamp_with_time_zone_null("last_checked_at"))
            .col(integer("version"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("job", "mailbox_id")
                    .to("mailbox", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create()
                    .name("job_folder")
                    .table("job")
                    .col("mailbox_id")
                    .col("folder_key")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("job_due").table("job").col("next_run_at").to_owned())
            .await?;
        let table = Table::create()
            .table("job_position")
            .col(uuid("job_id").primary_key())
            .col(text("generation"))
            .col(text("token"))
            .col(text("listing"))
            .col(timestamp_with_time_zone("updated_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("job_position", "job_id")
                    .to("job", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("job_position").to_owned()).await?;
        manager.drop_table(Table::drop().table("job").to_owned()).await?;
        Ok(())
    }
}
