//! The standing order for one folder.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub mailbox_id: Uuid,
    pub name: String,
    pub folder: String,
    pub folder_key: Vec<u8>,
    pub enabled: bool,
    pub schedule: Option<Json>,
    pub watch: bool,
    pub selection: String,
    pub since: Option<DateTimeUtc>,
    pub handling: Option<Json>,
    pub max_messages_per_run: Option<i32>,
    pub next_run_at: Option<DateTimeUtc>,
    pub noted_at: Option<DateTimeUtc>,
    pub last_checked_at: Option<DateTimeUtc>,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
