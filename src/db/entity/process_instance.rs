//! The business object that messages create and update.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "process_instance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub process: String,
    pub mapping_id: Option<Uuid>,
    pub mailbox_id: Option<Uuid>,
    pub reference: String,
    pub open: bool,
    pub closed_at: Option<DateTimeUtc>,
    pub attributes: Json,
    pub external_id: Option<String>,
    pub last_message_id: Option<Uuid>,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub by_hand: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
