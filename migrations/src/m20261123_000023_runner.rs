//! Every mailbox has its lease from the start, so that a claim finds a row to lock; and what claims look for is found
//! without reading what is done.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in [
            "INSERT INTO lease (mailbox_id, owner, fence, expires_at) \
             SELECT id, NULL, 0, created_at FROM mailbox WHERE id NOT IN (SELECT mailbox_id FROM lease)",
            "CREATE INDEX lease_owner ON lease (owner) WHERE owner IS NOT NULL",
            "CREATE INDEX run_unfinished ON run (mailbox_id) WHERE state IN ('QUEUED', 'RUNNING')",
        ] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in ["DROP INDEX run_unfinished", "DROP INDEX lease_owner"] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}
