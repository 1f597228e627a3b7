//! The ordered log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub log_offset: i64,
    pub id: Uuid,
    pub r#type: String,
    pub occurred_at: DateTimeUtc,
    pub actor: Option<String>,
    pub mailbox_id: Option<Uuid>,
    pub data: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
