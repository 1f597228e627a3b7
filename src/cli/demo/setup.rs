//! The demo's mailbox, made as an administrator makes one: through the services.

use super::folder::Settled;
use super::mail_server::USER;
use crate::cli::failure::Failure;
use crate::db::{self, mapping::MappingFilter};
use crate::domain::access::{Caller, Scope};
use crate::domain::id::MappingId;
use crate::domain::job::Selection;
use crate::domain::mailbox::{Mailbox, MailboxKind, MailboxMode, Security};
use crate::domain::mapping::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};
use crate::domain::page::PageRequest;
use crate::service::credential::{CreateCredential, CredentialConfig};
use crate::service::job::FirstJob;
use crate::service::mailbox::{CreateMailbox, ImapInput, ProviderInput};
use crate::service::mapping::CreateMapping;
use crate::service::permit::ConfigWrite;
use crate::service::{self, Context, Patch, Permit};

const ADDRESS: &str = "support@mailroom.example";
const PROCESS: &str = "incident";

/// Who uses the demo.
pub(super) fn visitor() -> Caller {
    Caller { subject: "demo".to_owned(), name: Some("Demo".to_owned()), scopes: vec![Scope::Admin] }
}

/// The mailbox; made, with credential, mapping and job, if it is not there yet.
pub(super) async fn mailbox(cx: &Context, settled: &Settled) -> Result<Mailbox, Failure> {
    if let Some(mailbox) = db::mailbox::by_address(cx.db.read(), ADDRESS).await? {
        return Ok(mailbox);
    }
    let permit = Permit::<ConfigWrite>::of(&visitor())?;
    let mapping_id = mapping(cx, &permit).await?;
    let input = CreateMailbox {
        title: "Support".to_owned(),
        address: ADDRESS.to_owned(),
        display_name: Some("Support".to_owned()),
        kind: MailboxKind::Group,
        owner: None,
        mode: MailboxMode::Ingest,
        provider: ProviderInput::Imap(ImapInput {
            host: "127.0.0.1".to_owned(),
            port: Some(settled.imap_port.into()),
            security: Security::None,
            login: None,
        }),
        credential_id: None,
        new_credential: Some(CreateCredential {
            name: "Demo".to_owned(),
            config: CredentialConfig::Basic {
                username: USER.to_owned(),
                password: Some(settled.password.clone().into()),
            },
        }),
        mapping_id: Some(mapping_id),
        job: Some(FirstJob {
            name: None,
            folder: "INBOX".to_owned(),
            enabled: true,
            watch: false,
            selection: Selection::New,
            since: Patch::Clear,
            handling: None,
            max_messages_per_run: None,
        }),
        signature: None,
        aliases: Vec::new(),
        expect_mail_within_hours: None,
        alert_to: Vec::new(),
        folder_roles: Vec::new(),
        unified_inbox: false,
    };
    service::mailbox::create(cx, &permit, input).await.map_err(refused)
}

async fn mapping(cx: &Context, permit: &Permit<ConfigWrite>) -> Result<MappingId, Failure> {
    let ours = MappingFilter { process: Some(PROCESS.to_owned()), ..MappingFilter::default() };
    let page = PageRequest { limit: 1, from_end: false, after: None, before: None };
    if let Some(mapping) = db::mapping::list(cx.db.read(), &ours, &page).await?.items.first() {
        return Ok(mapping.id);
    }
    let field = |attribute: &str, r#type, field, on_create, on_update| AttributeRule {
        attribute: attribute.to_owned(),
        r#type,
        source: ValueSource::Field(field),
        required: false,
        max_length: Some(if r#type == AttributeType::Text { 2000 } else { 250 }),
        on_create,
        on_update,
    };
    let input = CreateMapping {
        name: "Incidents".to_owned(),
        process: PROCESS.to_owned(),
        reference_prefix: "INC".to_owned(),
        rules: vec![
            field("title", AttributeType::String, MessageField::Subject, true, UpdateAction::Keep),
            field("reporter", AttributeType::String, MessageField::FromAddress, true, UpdateAction::Keep),
            field("text", AttributeType::Text, MessageField::BodyText, true, UpdateAction::Keep),
            field("answers", AttributeType::Text, MessageField::BodyText, false, UpdateAction::Append),
        ],
        correlation: None,
        filters: Vec::new(),
        loop_protection: None,
        forwarding: None,
        attachments: None,
    };
    Ok(service::mapping::create(cx, permit, input).await.map_err(refused)?.id)
}

/// A refusal, with what was at fault.
fn refused(error: service::Error) -> Failure {
    match error {
        service::Error::Refused(refusals) => {
            let sentences: Vec<String> = refusals
                .into_iter()
                .map(|refusal| format!("{}: {}", refusal.path.join("."), refusal.message))
                .collect();
            Failure::new(format!("the demo's mailbox was refused: {}", sentences.join("; ")))
                .hint("delete the demo's folder to start afresh")
        }
        error => error.into(),
    }
}
