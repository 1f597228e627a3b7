//! National clouds have no permanent delete: a purge there is refused when it is saved, not when it is carried out.

use mailroom::domain::credential::Credential;
use mailroom::domain::entra::{EntraApp, EntraCloud, EntraIdentity};
use mailroom::domain::handling::OriginalFate;
use mailroom::domain::id::CredentialId;
use mailroom::domain::job::Job;
use mailroom::domain::mailbox::Mailbox;
use mailroom::service::credential::{self, CreateCredential, CredentialConfig, UpdateCredential};
use mailroom::service::job::{self, CreateJob, DispositionInput, FirstJob, HandlingInput, UpdateJob};
use mailroom::service::mailbox::{self, CreateMailbox, GraphInput, ProviderInput, UpdateMailbox};
use mailroom::service::{Error, Patch, UserErrorCode};

use super::mailboxes::change as change_mailbox;
use super::{Office, first_job, imap, mailbox as named, refusals};
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_job_with_a_purge_is_refused_in_every_national_cloud_and_says_why,
    a_mailbox_whose_first_job_purges_is_refused_whole,
    a_mailbox_with_a_job_that_purges_does_not_go_to_a_national_cloud,
    a_credential_does_not_take_its_mailboxes_to_a_national_cloud_where_a_job_purges,
    imap_purges_whatever_the_cloud_of_its_tokens,
);

const NATIONAL: [EntraCloud; 3] = [EntraCloud::UsGovL4, EntraCloud::UsGovL5, EntraCloud::China];

/// The identity of the machine: nothing has to be tried.
fn identity(cloud: EntraCloud) -> CredentialConfig {
    CredentialConfig::EntraManagedIdentity(EntraIdentity { tenant_id: None, client_id: None, cloud })
}

async fn credential_in(office: &Office, cloud: EntraCloud) -> Credential {
    let name = format!("{cloud} {}", CredentialId::new());
    credential::create(&office.cx, &office.permit, CreateCredential { name, config: identity(cloud) })
        .await
        .unwrap()
}

fn graph(name: &str) -> ProviderInput {
    ProviderInput::Graph(GraphInput { user: format!("{name}@contoso.example"), endpoint: None })
}

async fn mailbox_in(office: &Office, name: &str, credential: &Credential) -> Mailbox {
    let input = CreateMailbox { credential_id: Some(credential.id), provider: graph(name), ..named(name) };
    mailbox::create(&office.cx, &office.permit, input).await.unwrap()
}

fn handling(purge: bool) -> HandlingInput {
    let delete = DispositionInput {
        mark_read: true,
        original: OriginalFate::Delete,
        folder: None,
        categories: Vec::new(),
    };
    HandlingInput { on_success: Some(delete), purge_at_end_of_run: purge, ..HandlingInput::default() }
}

fn purging(name: &str) -> FirstJob {
    FirstJob { name: Some(name.to_owned()), handling: Some(handling(true)), ..first_job() }
}

async fn job_of(office: &Office, mailbox: &Mailbox, job: FirstJob) -> Result<Job, Error> {
    job::create(&office.cx, &office.permit, CreateJob { mailbox_id: mailbox.id, job }).await
}

fn change_job(job: &Job, handling: Patch<HandlingInput>) -> UpdateJob {
    UpdateJob { handling, ..super::jobs::change(job.id) }
}

/// The refusal says which cloud is at fault, and what to do.
fn says_why<T>(result: Result<T, Error>, path: &[&str], cloud: EntraCloud) {
    let Err(Error::Refused(errors)) = result else { panic!("not refused") };
    assert_eq!((errors.len(), errors[0].code), (1, UserErrorCode::Unsupported), "{errors:?}");
    assert_eq!(errors[0].path, path);
    for part in ["worldwide cloud only", cloud.as_str(), "leave the purge out", "retention policy"] {
        assert!(errors[0].message.contains(part), "{part}: {}", errors[0].message);
    }
}

async fn a_job_with_a_purge_is_refused_in_every_national_cloud_and_says_why(fresh: Fresh) {
    let office = Office::open(fresh);
    for cloud in NATIONAL {
        let credential = credential_in(&office, cloud).await;
        let mailbox = mailbox_in(&office, cloud.as_str(), &credential).await;
        let refused = job_of(&office, &mailbox, purging(cloud.as_str())).await;
        says_why(refused, &["handling", "purgeAtEndOfRun"], cloud);
        // Deleting is a move to the deleted items, which every cloud has.
        let deleting = FirstJob { handling: Some(handling(false)), ..purging(cloud.as_str()) };
        let saved = job_of(&office, &mailbox, deleting).await.unwrap();
        let change = change_job(&saved, Patch::Set(handling(true)));
        let refused = job::update(&office.cx, &office.permit, change).await;
        says_why(refused, &["handling", "purgeAtEndOfRun"], cloud);
    }
    let credential = credential_in(&office, EntraCloud::Global).await;
    let mailbox = mailbox_in(&office, "worldwide", &credential).await;
    let saved = job_of(&office, &mailbox, purging("worldwide")).await.unwrap();
    job::update(&office.cx, &office.permit, change_job(&saved, Patch::Set(handling(true)))).await.unwrap();
}

async fn a_mailbox_whose_first_job_purges_is_refused_whole(fresh: Fresh) {
    let office = Office::open(fresh);
    let saved = credential_in(&office, EntraCloud::China).await;
    let new = || CreateCredential { name: "new".to_owned(), config: identity(EntraCloud::UsGovL4) };
    let path = ["job", "handling", "purgeAtEndOfRun"];
    let input = || CreateMailbox { provider: graph("desk"), job: Some(purging("desk")), ..named("desk") };
    let by_saved = CreateMailbox { credential_id: Some(saved.id), ..input() };
    says_why(mailbox::create(&office.cx, &office.permit, by_saved).await, &path, EntraCloud::China);
    let by_new = CreateMailbox { new_credential: Some(new()), ..input() };
    says_why(mailbox::create(&office.cx, &office.permit, by_new).await, &path, EntraCloud::UsGovL4);
    // Nothing was left behind: the names are free.
    credential::create(&office.cx, &office.permit, new()).await.unwrap();
    let without = CreateMailbox { credential_id: Some(saved.id), job: Some(first_job()), ..input() };
    mailbox::create(&office.cx, &office.permit, without).await.unwrap();
}

async fn a_mailbox_with_a_job_that_purges_does_not_go_to_a_national_cloud(fresh: Fresh) {
    let office = Office::open(fresh);
    let (global, china) =
        (credential_in(&office, EntraCloud::Global).await, credential_in(&office, EntraCloud::China).await);
    let desk = mailbox_in(&office, "desk", &global).await;
    let job = job_of(&office, &desk, purging("desk")).await.unwrap();
    let to_china = || UpdateMailbox { credential_id: Patch::Set(china.id), ..change_mailbox(desk.id) };
    let refused = mailbox::update(&office.cx, &office.permit, to_china()).await;
    says_why(refused, &["credentialId"], EntraCloud::China);

    // IMAP purges with a token of any cloud; as a mailbox of Graph it would not any more.
    let shop = CreateMailbox {
        credential_id: Some(china.id),
        provider: imap("imap.partner.example"),
        job: Some(purging("shop")),
        ..named("shop")
    };
    let shop = mailbox::create(&office.cx, &office.permit, shop).await.unwrap();
    let to_graph = UpdateMailbox { provider: Patch::Set(graph("shop")), ..change_mailbox(shop.id) };
    says_why(mailbox::update(&office.cx, &office.permit, to_graph).await, &["provider"], EntraCloud::China);

    // Without the purge it goes.
    job::update(&office.cx, &office.permit, change_job(&job, Patch::Set(handling(false)))).await.unwrap();
    mailbox::update(&office.cx, &office.permit, to_china()).await.unwrap();
}

async fn a_credential_does_not_take_its_mailboxes_to_a_national_cloud_where_a_job_purges(fresh: Fresh) {
    let office = Office::open(fresh);
    let saved = credential_in(&office, EntraCloud::Global).await;
    let desk = mailbox_in(&office, "desk", &saved).await;
    let job = job_of(&office, &desk, purging("desk")).await.unwrap();
    let to = |config| UpdateCredential {
        id: saved.id,
        name: Patch::Keep,
        config: Patch::Set(config),
        expected_version: None,
    };
    let refused = credential::update(&office.cx, &office.permit, to(identity(EntraCloud::UsGovL5))).await;
    says_why(refused, &["config", "entraManagedIdentity", "cloud"], EntraCloud::UsGovL5);
    let delegated = CredentialConfig::EntraDelegated {
        app: EntraApp {
            tenant_id: "contoso.example".to_owned(),
            client_id: "c".to_owned(),
            cloud: EntraCloud::China,
        },
        secret: None,
    };
    let refused = credential::update(&office.cx, &office.permit, to(delegated)).await;
    assert_eq!(refusals(refused), ["UNSUPPORTED config.entraDelegated.cloud"]);
    job::update(&office.cx, &office.permit, change_job(&job, Patch::Set(handling(false)))).await.unwrap();
    credential::update(&office.cx, &office.permit, to(identity(EntraCloud::UsGovL5))).await.unwrap();
}

async fn imap_purges_whatever_the_cloud_of_its_tokens(fresh: Fresh) {
    let office = Office::open(fresh);
    let china = credential_in(&office, EntraCloud::China).await;
    let input = CreateMailbox {
        credential_id: Some(china.id),
        provider: imap("imap.partner.example"),
        ..named("imap")
    };
    let imap = mailbox::create(&office.cx, &office.permit, input).await.unwrap();
    job_of(&office, &imap, purging("imap")).await.unwrap();
}
