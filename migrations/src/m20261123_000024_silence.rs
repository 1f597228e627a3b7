//! When a mailbox's last mail came, and when its silence was last told.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::timestamp_with_time_zone_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut column = timestamp_with_time_zone_null("silence_told_at");
        manager.alter_table(Table::alter().table("mailbox").add_column(&mut column).to_owned()).await?;
        let known = "UPDATE mailbox SET last_mail_at = \
                     (SELECT MAX(received_at) FROM message WHERE message.mailbox_id = mailbox.id)";
        manager.get_connection().execute_unprepared(known).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("mailbox").drop_column("silence_told_at").to_owned()).await
    }
}
