//! A mail account, and how it fares.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mailbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub title: String,
    pub address: String,
    pub address_key: String,
    pub display_name: Option<String>,
    pub kind: String,
    pub owner: Option<String>,
    pub mode: String,
    pub provider: String,
    pub settings: Json,
    pub identity: Vec<u8>,
    pub credential_id: Uuid,
    pub mapping_id: Option<Uuid>,
    pub folder_roles: Json,
    pub signature: Option<String>,
    pub aliases: Json,
    pub unified_inbox: bool,
    pub expect_mail_within_hours: Option<i32>,
    pub alert_to: Json,
    pub paused: bool,
    pub unread_count: Option<i32>,
    pub state: String,
    pub state_since: DateTimeUtc,
    pub last_success_at: Option<DateTimeUtc>,
    pub consecutive_failures: i32,
    pub waits_for_person: bool,
    pub next_attempt_at: Option<DateTimeUtc>,
    pub last_mail_at: Option<DateTimeUtc>,
    pub silence_told_at: Option<DateTimeUtc>,
    pub fault: Option<Json>,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
