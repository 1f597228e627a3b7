//! A mail account that is read and answered from, and how it fares.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    blob, boolean, integer, integer_null, json_binary, json_binary_null, text, text_null,
    timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("mailbox")
            .col(uuid("id").primary_key())
            .col(text("title").unique_key())
            .col(text("address"))
            .col(text("address_key").unique_key())
            .col(text_null("display_name"))
            .col(text("kind"))
            .col(text_null("owner"))
            .col(text("mode"))
            .col(text("provider"))
            .col(json_binary("settings"))
            .col(blob("identity").unique_key())
            .col(uuid("credential_id"))
            .col(uuid_null("mapping_id").unique_key())
            .col(json_binary("folder_roles"))
            .col(text_null("signature"))
            .col(json_binary("aliases"))
            .col(boolean("unified_inbox"))
            .col(integer_null("expect_mail_within_hours"))
            .col(json_binary("alert_to"))
            .col(boolean("paused"))
            .col(integer_null("unread_count"))
            .col(text("state"))
            .col(timestamp_with_time_zone("state_since"))
            .col(timestamp_with_time_zone_null("last_success_at"))
            .col(integer("consecutive_failures"))
            .col(boolean("waits_for_person"))
            .col(timestamp_with_time_zone_null("next_attempt_at"))
            .col(timestamp_with_time_zone_null("last_mail_at"))
            .col(json_binary_null("fault"))
            .col(integer("version"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("mailbox", "credential_id")
                    .to("credential", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("mailbox", "mapping_id")
                    .to("mapping", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .to_owned();
        manager.create_table(table).await?;
        manager
            .create_index(
                Index::create().name("mailbox_credential").table("mailbox").col("credential_id").to_owned(),
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("mailbox").to_owned()).await?;
        Ok(())
    }
}
