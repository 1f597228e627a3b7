//! How a provider is told who we are; secrets are sealed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    blob_null, integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("credential")
            .col(uuid("id").primary_key())
            .col(text("name").unique_key())
            .col(text("kind"))
            .col(text_null("username"))
            .col(blob_null("secret"))
            .col(timestamp_with_time_zone_null("secret_updated_at"))
            .col(integer("version"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .to_owned();
        manager.create_table(table).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("credential").to_owned()).await?;
        Ok(())
    }
}
