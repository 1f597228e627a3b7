//! What a credential says beside its secrets, by kind; the refresh token; and when the secret lapses. The credentials that
//! are there have a user name and a password.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob_null, json_binary, timestamp_with_time_zone_null};
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut added = [
            json_binary("settings").default("{}").to_owned(),
            blob_null("refresh_token"),
            timestamp_with_time_zone_null("expires_at"),
        ];
        for column in &mut added {
            manager.alter_table(Table::alter().table("credential").add_column(column).to_owned()).await?;
        }
        let object = match manager.get_database_backend() {
            DbBackend::Postgres => "jsonb_build_object",
            _ => "json_object",
        };
        let fill = format!(
            "UPDATE credential SET settings = {object}('kind', 'BASIC', 'username', coalesce(username, ''))"
        );
        manager.get_connection().execute_unprepared(&fill).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let away = "DELETE FROM credential WHERE kind <> 'BASIC'";
        manager.get_connection().execute_unprepared(away).await?;
        for column in ["settings", "refresh_token", "expires_at"] {
            manager.alter_table(Table::alter().table("credential").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
