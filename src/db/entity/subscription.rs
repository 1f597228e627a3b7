//! What a job is subscribed to at its provider.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    pub provider_id: Option<String>,
    pub state_hash: Option<Vec<u8>>,
    pub expires_at: Option<DateTimeUtc>,
    pub due_at: DateTimeUtc,
    pub attempts: i32,
    pub job_version: i32,
    pub mailbox_version: i32,
    pub fault: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
