//! One execution of a job.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub job_id: Uuid,
    pub mailbox_id: Uuid,
    pub trigger: String,
    pub state: String,
    pub queued_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub expected: Option<i32>,
    pub found: i32,
    pub processed: i32,
    pub ignored: i32,
    pub failed: i32,
    pub duplicates: i32,
    pub disposed: i32,
    pub purged: i32,
    pub bytes: i64,
    pub fault: Option<Json>,
    pub worker: Option<String>,
    pub cancel_requested: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
