//! Who reads a mailbox, until when, and the number that fences off whoever read it before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text_null, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("lease")
            .col(uuid("mailbox_id").primary_key())
            .col(text_null("owner"))
            .col(big_integer("fence"))
            .col(timestamp_with_time_zone("expires_at"))
            .to_owned();
        manager.create_table(table).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("lease").to_owned()).await?;
        Ok(())
    }
}
