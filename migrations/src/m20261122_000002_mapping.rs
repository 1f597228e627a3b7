//! The rules that turn a message into a process instance, and the numbers of references.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, json_binary, text, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("mapping")
            .col(uuid("id").primary_key())
            .col(text("name").unique_key())
            .col(text("process"))
            .col(text("reference_prefix"))
            .col(json_binary("rules"))
            .col(json_binary("correlation"))
            .col(integer("version"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .to_owned();
        manager.create_table(table).await?;
        let table = Table::create()
            .table("reference_prefix")
            .col(text("prefix").primary_key())
            .col(text("process"))
            .col(big_integer("last_number"))
            .to_owned();
        manager.create_table(table).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("reference_prefix").to_owned()).await?;
        manager.drop_table(Table::drop().table("mapping").to_owned()).await?;
        Ok(())
    }
}
