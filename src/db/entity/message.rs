//! One mail as taken in.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub mailbox_id: Uuid,
    pub mapping_id: Option<Uuid>,
    pub job_id: Option<Uuid>,
    pub run_id: Option<Uuid>,
    pub instance_id: Option<Uuid>,
    pub folder: String,
    pub generation: String,
    pub source_id: String,
    pub internet_message_id: Option<String>,
    pub internet_message_id_hash: Option<Vec<u8>>,
    pub conversation_id: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub sent_at: Option<DateTimeUtc>,
    pub received_at: DateTimeUtc,
    pub ingested_at: DateTimeUtc,
    pub importance: String,
    pub automatic: Option<String>,
    pub forwarding: Option<String>,
    pub oddity: Option<String>,
    pub size: i64,
    pub attachment_count: i32,
    pub has_raw: bool,
    pub state: String,
    pub reason: Option<String>,
    pub failure: Option<Json>,
    pub matched: Option<Json>,
    pub disposition_state: String,
    pub disposition: Json,
    pub disposition_attempts: i32,
    pub disposition_due_at: Option<DateTimeUtc>,
    pub disposition_done_at: Option<DateTimeUtc>,
    pub disposition_note: Option<String>,
    pub disposition_fault: Option<Json>,
    pub disposition_tried: bool,
    pub disposition_early: Option<String>,
    pub moved_to: Option<Json>,
    pub purge: Option<String>,
    pub provider_version: Option<String>,
    pub emptied_at: Option<DateTimeUtc>,
    pub notes: Option<Json>,
    pub subject: String,
    pub snippet: String,
    pub text: String,
    pub new_text: Option<String>,
    pub appended: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
