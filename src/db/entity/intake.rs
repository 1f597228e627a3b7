//! A job's ledger.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "intake")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_key: Vec<u8>,
    pub generation: String,
    pub source_id: String,
    pub arrived_at: DateTimeUtc,
    pub size: i64,
    pub internet_message_id: Option<String>,
    pub state: String,
    pub attempts: i32,
    pub next_try_at: Option<DateTimeUtc>,
    pub pair: bool,
    pub message_id: Option<Uuid>,
    pub again: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
