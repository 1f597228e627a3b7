//! The demo's mailboxes, made as an administrator makes them: through the services.

use ::sandbox::sample;

use super::tenant::{MAILBOXES, Shared};
use crate::cli::failure::Failure;
use crate::db::{self, mapping::MappingFilter};
use crate::domain::access::{Caller, Scope};
use crate::domain::entra::{EntraApp, EntraCloud};
use crate::domain::id::{CredentialId, MappingId};
use crate::domain::job::Selection;
use crate::domain::mailbox::{MailboxKind, MailboxMode};
use crate::domain::mapping::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};
use crate::domain::page::PageRequest;
use crate::service::credential::{CreateCredential, CredentialConfig};
use crate::service::job::FirstJob;
use crate::service::mailbox::{CreateMailbox, GraphInput, ProviderInput};
use crate::service::mapping::CreateMapping;
use crate::service::permit::ConfigWrite;
use crate::service::{self, Context, Patch, Permit};

/// What the mail of each mailbox becomes: the process, and the prefix of its references.
const PROCESSES: [(&str, &str, &str); 3] =
    [("Incidents", "incident", "INC"), ("Claims", "claim", "CLM"), ("Orders", "order", "ORD")];

/// Who uses the demo.
pub(super) fn visitor() -> Caller {
    Caller { subject: "demo".to_owned(), name: Some("Demo".to_owned()), scopes: vec![Scope::Admin] }
}

/// The mailboxes; each made, with mapping and job, if it is not there yet. One credential serves all.
pub(super) async fn mailboxes(cx: &Context, graph: &str) -> Result<(), Failure> {
    let permit = Permit::<ConfigWrite>::of(&visitor())?;
    let mut credential = None;
    for (shared, process) in MAILBOXES.iter().zip(PROCESSES) {
        if let Some(mailbox) = db::mailbox::by_address(cx.db.read(), shared.address).await? {
            credential = Some(mailbox.credential_id);
            continue;
        }
        let id = match credential {
            Some(id) => id,
            None => app(cx, &permit).await?,
        };
        credential = Some(id);
        let mapping_id = mapping(cx, &permit, process).await?;
        let input = mailbox(shared, graph, id, mapping_id);
        service::mailbox::create(cx, &permit, input).await.map_err(refused)?;
    }
    Ok(())
}

async fn app(cx: &Context, permit: &Permit<ConfigWrite>) -> Result<CredentialId, Failure> {
    let page = PageRequest { limit: 1, ..PageRequest::default() };
    let client_id = sample::CLIENT_ID.to_string();
    if let Some(saved) = db::credential::list(cx.db.read(), Some(&client_id), &page).await?.items.first() {
        return Ok(saved.id);
    }
    let app = EntraApp { tenant_id: sample::DOMAIN.to_owned(), client_id, cloud: EntraCloud::Global };
    let config = CredentialConfig::EntraClientSecret {
        app,
        secret: Some(sample::SECRET.to_owned().into()),
        expires_at: None,
    };
    let input = CreateCredential { name: "Contoso".to_owned(), config };
    Ok(service::credential::create(cx, permit, input).await.map_err(refused)?.id)
}

fn mailbox(shared: &Shared, graph: &str, credential: CredentialId, mapping: MappingId) -> CreateMailbox {
    CreateMailbox {
        title: shared.name.to_owned(),
        address: shared.address.to_owned(),
        display_name: Some(shared.name.to_owned()),
        kind: MailboxKind::Group,
        owner: None,
        mode: MailboxMode::Ingest,
        provider: ProviderInput::Graph(GraphInput {
            user: shared.address.to_owned(),
            endpoint: Some(graph.to_owned()),
        }),
        credential_id: Some(credential),
        new_credential: None,
        mapping_id: Some(mapping),
        job: Some(FirstJob {
            name: None,
            folder: "INBOX".to_owned(),
            enabled: true,
            schedule: Patch::Keep,
            watch: true,
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
    }
}

async fn mapping(
    cx: &Context,
    permit: &Permit<ConfigWrite>,
    (name, process, prefix): (&str, &str, &str),
) -> Result<MappingId, Failure> {
    let ours = MappingFilter { process: Some(process.to_owned()), ..MappingFilter::default() };
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
        name: name.to_owned(),
        process: process.to_owned(),
        reference_prefix: prefix.to_owned(),
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
            Failure::new(format!("the demo's mailboxes were refused: {}", sentences.join("; ")))
                .hint("delete the demo's folder to start afresh")
        }
        error => error.into(),
    }
}
