//! Jobs that react at once: whether they do, when they were last told of something, and what they are subscribed to at the
//! provider.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    blob_null, boolean, integer, json_binary_null, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut added =
            [boolean("watch").default(false).to_owned(), timestamp_with_time_zone_null("noted_at")];
        for column in &mut added {
            manager.alter_table(Table::alter().table("job").add_column(column).to_owned()).await?;
        }
        let table = Table::create()
            .table("subscription")
            .col(uuid("job_id").primary_key())
            .col(text_null("provider_id").unique_key())
            .col(blob_null("state_hash"))
            .col(timestamp_with_time_zone_null("expires_at"))
            .col(timestamp_with_time_zone("due_at"))
            .col(integer("attempts").default(0))
            .col(integer("job_version"))
            .col(integer("mailbox_version"))
            .col(json_binary_null("fault"))
            .foreign_key(
                ForeignKey::create()
                    .name("subscription_job")
                    .from("subscription", "job_id")
                    .to("job", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("subscription").to_owned()).await?;
        for column in ["noted_at", "watch"] {
            manager.alter_table(Table::alter().table("job").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
