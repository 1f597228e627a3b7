//! A source id, and the message it names.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_source")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_key: Vec<u8>,
    pub mailbox_id: Uuid,
    pub message_id: Uuid,
    pub folder: String,
    pub generation: String,
    pub source_id: String,
    pub arrived_at: DateTimeUtc,
    pub gone: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
