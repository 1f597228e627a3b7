//! Originals that are marked before their grace period is over; lines of mail that someone marked unread again.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, text_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut message = Table::alter().table("message").to_owned();
        manager.alter_table(message.add_column(text_null("disposition_early")).to_owned()).await?;
        let mut intake = Table::alter().table("intake").to_owned();
        manager.alter_table(intake.add_column(boolean("again").default(false)).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut intake = Table::alter().table("intake").to_owned();
        manager.alter_table(intake.drop_column("again").to_owned()).await?;
        let mut message = Table::alter().table("message").to_owned();
        manager.alter_table(message.drop_column("disposition_early").to_owned()).await
    }
}
