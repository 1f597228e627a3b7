//! The threshold, in days, at which it was last told that a credential's secret lapses.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::integer_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter().table("credential").to_owned();
        manager.alter_table(table.add_column(integer_null("expiry_told")).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter().table("credential").to_owned();
        manager.alter_table(table.drop_column("expiry_told").to_owned()).await
    }
}
