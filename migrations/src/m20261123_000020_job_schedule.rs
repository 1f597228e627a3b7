//! When a job runs by itself. Jobs that there are go on as the default says: every five minutes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::json_binary_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Every five minutes, every day.
const DEFAULT: &str = r#"{"time_zone":"UTC","on":{"daily":{"every":1}},"at":{"every":{"every":5,"unit":"MINUTES","from":"00:00:00","until":"23:59:00"}},"starts_on":null,"ends_on":null}"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter().table("job").to_owned();
        manager.alter_table(table.add_column(json_binary_null("schedule")).to_owned()).await?;
        manager
            .get_connection()
            .execute_unprepared(&format!("UPDATE job SET schedule = '{DEFAULT}'"))
            .await
            .map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::alter().table("job").to_owned();
        manager.alter_table(table.drop_column("schedule").to_owned()).await
    }
}
