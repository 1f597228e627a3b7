//! Who listens to a job's folder, and how it fares.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "listening")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    pub owner: Option<String>,
    pub means: Option<String>,
    pub since: Option<DateTimeUtc>,
    pub due_at: DateTimeUtc,
    pub attempts: i32,
    pub job_version: i32,
    pub mailbox_version: i32,
    pub fault: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
