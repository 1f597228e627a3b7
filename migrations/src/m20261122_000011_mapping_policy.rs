//! What a mapping says beside its rules, at its defaults for the mappings that are there; and the index that automatic
//! mail is counted by.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::json_binary;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The columns, each with its default.
const COLUMNS: [(&str, &str); 4] = [
    ("filters", "[]"),
    (
        "loop_protection",
        r#"{"auto_replies":"UPDATE_ONLY","bounces":"UPDATE_ONLY","bulk":"PROCESS","max_per_sender_per_10_min":0}"#,
    ),
    ("forwarding", r#"{"trusted_forwarders":[],"refuse_text_only":true}"#),
    ("attachments", r#"{"ignore_inline_images_below":0,"ignore_types":[],"max_size":null}"#),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, default) in COLUMNS {
            let table =
                Table::alter().table("mapping").add_column(json_binary(column).default(default)).to_owned();
            manager.alter_table(table).await?;
        }
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX message_automatic ON message (mailbox_id, received_at) WHERE automatic IS NOT NULL",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX message_automatic").await?;
        for (column, _) in COLUMNS {
            manager.alter_table(Table::alter().table("mapping").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
