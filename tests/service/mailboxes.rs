//! Mailboxes: made in one step or not at all, changed field by field, refused by path.

use mailroom::db;
use mailroom::db::job::JobFilter;
use mailroom::db::mailbox::MailboxFilter;
use mailroom::domain::fault::{Fault, FaultCode};
use mailroom::domain::folder::{FolderAssignment, FolderRole};
use mailroom::domain::handling::Handling;
use mailroom::domain::health::MailboxState;
use mailroom::domain::id::{CredentialId, MailboxId, MappingId};
use mailroom::domain::mailbox::{MailboxKind, MailboxMode, ProviderKind, ProviderSettings, Security};
use mailroom::domain::page::PageRequest;
use mailroom::service::job::{CreateJob, FirstJob, HandlingInput};
use mailroom::service::mailbox::{
    CreateMailbox, GraphInput, ImapInput, ProviderInput, UpdateMailbox, create, delete, pause, resume, update,
};
use mailroom::service::{self, Patch};

use super::{Office, basic, credential, first_job, imap, mailbox, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::harness::rows;

on_both!(
    a_password_for_graph_is_refused_with_the_kinds_that_fit,
    a_password_for_exchange_online_or_gmail_is_refused_with_the_way_out,
    a_mailbox_is_made_with_its_credential_and_first_job_in_one_step,
    a_refused_job_leaves_nothing_behind,
    a_taken_job_name_leaves_nothing_behind,
    every_wrong_field_is_named_at_once,
    exactly_one_credential_is_given,
    what_is_unique_is_taken_once,
    an_update_keeps_what_is_absent_clears_what_is_null_and_replaces_the_rest,
    an_update_is_refused_by_path,
    of_two_updates_of_one_version_one_wins,
    going_to_check_only_takes_the_handling_and_coming_back_brings_the_default,
    deleting_takes_the_jobs_and_frees_mapping_and_folder,
    pausing_and_resuming_is_told_and_may_be_repeated,
    what_failed_before_a_pause_is_not_told_to_be_well_after_it,
    a_mailbox_that_waits_is_tried_at_once_after_a_change,
    filters_find_what_they_say,
);

pub fn change(id: MailboxId) -> UpdateMailbox {
    UpdateMailbox {
        id,
        title: Patch::Keep,
        address: Patch::Keep,
        display_name: Patch::Keep,
        kind: Patch::Keep,
        owner: Patch::Keep,
        mode: Patch::Keep,
        provider: Patch::Keep,
        credential_id: Patch::Keep,
        mapping_id: Patch::Keep,
        signature: Patch::Keep,
        aliases: Patch::Keep,
        expect_mail_within_hours: Patch::Keep,
        alert_to: Patch::Keep,
        folder_roles: Patch::Keep,
        unified_inbox: Patch::Keep,
        expected_version: None,
    }
}

async fn counts(office: &Office) -> (u64, u64, u64) {
    let db = office.cx.db.read();
    (
        db::credential::count(db, None).await.unwrap(),
        db::mailbox::count(db, &MailboxFilter::default()).await.unwrap(),
        db::job::count(db, &JobFilter::default()).await.unwrap(),
    )
}

async fn a_mailbox_is_made_with_its_credential_and_first_job_in_one_step(fresh: Fresh) {
    let office = Office::open(fresh);
    let mapping = office.mapping("incidents").await;
    let input = CreateMailbox {
        new_credential: Some(credential("desk login")),
        mapping_id: Some(mapping.id),
        job: Some(first_job()),
        aliases: vec!["help@example.com".to_owned()],
        ..mailbox("desk")
    };
    let made = create(&office.cx, &office.permit, input).await.unwrap();
    let db = office.cx.db.read();
    assert_eq!(db::mailbox::get(db, made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(db::mailbox::by_address(db, "DESK@Example.com").await.unwrap(), Some(made.clone()));
    assert_eq!(made.health.state, MailboxState::NeverRun);
    let ProviderSettings::Imap(settings) = &made.settings else { panic!("{:?}", made.settings) };
    assert_eq!(settings.port, 993);
    let credential = db::credential::get(db, made.credential_id).await.unwrap().unwrap();
    assert_eq!(credential.name, "desk login");
    let jobs = db::job::of_mailbox(db, made.id).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].name, "desk");
    assert_eq!(jobs[0].since, Some(office.now()));
    assert_eq!(jobs[0].next_run_at, Some(office.now()));
    assert_eq!(jobs[0].handling, Some(Handling::default()));
    assert_eq!(db::mailbox::by_mapping_ids(db, &[mapping.id]).await.unwrap()[&mapping.id], made);
}

async fn a_refused_job_leaves_nothing_behind(fresh: Fresh) {
    let office = Office::open(fresh);
    let purge = HandlingInput { purge_at_end_of_run: true, ..HandlingInput::default() };
    let input = CreateMailbox {
        new_credential: Some(credential("desk login")),
        job: Some(FirstJob { handling: Some(purge), folder: "a//b".to_owned(), ..first_job() }),
        ..mailbox("desk")
    };
    let refused = refusals(create(&office.cx, &office.permit, input).await);
    assert_eq!(refused, ["INVALID job.folder", "INVALID job.handling.purgeAtEndOfRun"]);
    assert_eq!(counts(&office).await, (0, 0, 0));
}

async fn a_taken_job_name_leaves_nothing_behind(fresh: Fresh) {
    let office = Office::open(fresh);
    let other = office.mailbox("other").await;
    office.job(&other, "INBOX").await;
    let before = counts(&office).await;
    let input = CreateMailbox {
        new_credential: Some(credential("desk login")),
        job: Some(FirstJob { name: Some("INBOX of other".to_owned()), ..first_job() }),
        ..mailbox("desk")
    };
    assert_eq!(refusals(create(&office.cx, &office.permit, input).await), ["TAKEN job.name"]);
    assert_eq!(counts(&office).await, before);
}

async fn every_wrong_field_is_named_at_once(fresh: Fresh) {
    let office = Office::open(fresh);
    let wrong = ImapInput {
        host: "https://imap.example.com".to_owned(),
        port: Some(65_536),
        security: Security::Starttls,
        login: Some("a\0b".to_owned()),
    };
    let input = CreateMailbox {
        title: String::new(),
        address: "nobody".to_owned(),
        kind: MailboxKind::Personal,
        provider: ProviderInput::Imap(wrong),
        new_credential: Some(service::credential::CreateCredential {
            name: "c".to_owned(),
            config: basic("u", None),
        }),
        aliases: vec!["a@example.com".to_owned(), "b".to_owned()],
        alert_to: vec!["c".to_owned()],
        expect_mail_within_hours: Some(-1),
        folder_roles: vec![
            FolderAssignment { role: FolderRole::Trash, path: "Bin".to_owned() },
            FolderAssignment { role: FolderRole::Trash, path: "Bin".to_owned() },
        ],
        ..mailbox("desk")
    };
    let mut refused = refusals(create(&office.cx, &office.permit, input).await);
    refused.sort_unstable();
    assert_eq!(
        refused,
        [
            "INVALID address",
            "INVALID alertTo.0",
            "INVALID aliases.1",
            "INVALID expectMailWithinHours",
            "INVALID folderRoles.1.path",
            "INVALID folderRoles.1.role",
            "INVALID provider.imap.host",
            "INVALID provider.imap.login",
            "INVALID provider.imap.port",
            "REQUIRED newCredential.config.basic.password",
            "REQUIRED owner",
            "REQUIRED title",
        ]
    );
    let graph = CreateMailbox {
        provider: ProviderInput::Unsupported(ProviderKind::Graph),
        new_credential: Some(credential("c")),
        owner: Some("someone".to_owned()),
        ..mailbox("desk")
    };
    assert_eq!(refusals(create(&office.cx, &office.permit, graph).await), ["UNSUPPORTED provider.graph"]);
    let group = CreateMailbox {
        new_credential: Some(credential("c")),
        owner: Some("someone".to_owned()),
        ..mailbox("desk")
    };
    assert_eq!(refusals(create(&office.cx, &office.permit, group).await), ["INVALID owner"]);
}

async fn exactly_one_credential_is_given(fresh: Fresh) {
    let office = Office::open(fresh);
    let saved = office.credential("saved").await;
    let none = create(&office.cx, &office.permit, mailbox("desk")).await;
    assert_eq!(refusals(none), ["REQUIRED credentialId"]);
    let both = CreateMailbox {
        credential_id: Some(saved.id),
        new_credential: Some(credential("new")),
        ..mailbox("desk")
    };
    assert_eq!(refusals(create(&office.cx, &office.permit, both).await), ["INVALID newCredential"]);
    let unknown = CreateMailbox { credential_id: Some(CredentialId::new()), ..mailbox("desk") };
    assert_eq!(refusals(create(&office.cx, &office.permit, unknown).await), ["NOT_FOUND credentialId"]);
    let taken = CreateMailbox { new_credential: Some(credential("saved")), ..mailbox("desk") };
    assert_eq!(refusals(create(&office.cx, &office.permit, taken).await), ["TAKEN newCredential.name"]);
    let unmapped = CreateMailbox {
        credential_id: Some(saved.id),
        mapping_id: Some(MappingId::new()),
        ..mailbox("desk")
    };
    assert_eq!(refusals(create(&office.cx, &office.permit, unmapped).await), ["NOT_FOUND mappingId"]);
}

async fn what_is_unique_is_taken_once(fresh: Fresh) {
    let office = Office::open(fresh);
    let mapping = office.mapping("incidents").await;
    let first = CreateMailbox {
        new_credential: Some(credential("c1")),
        mapping_id: Some(mapping.id),
        ..mailbox("desk")
    };
    let first = create(&office.cx, &office.permit, first).await.unwrap();
    let fresh_login = || Some(credential("c2"));
    let same_title = CreateMailbox {
        new_credential: fresh_login(),
        address: "other@example.com".to_owned(),
        ..mailbox("desk")
    };
    assert_eq!(refusals(create(&office.cx, &office.permit, same_title).await), ["TAKEN title"]);
    let same_address = CreateMailbox {
        new_credential: fresh_login(),
        address: "Desk@EXAMPLE.com".to_owned(),
        ..mailbox("two")
    };
    assert_eq!(refusals(create(&office.cx, &office.permit, same_address).await), ["TAKEN address"]);
    let same_mapping =
        CreateMailbox { new_credential: fresh_login(), mapping_id: Some(mapping.id), ..mailbox("two") };
    assert_eq!(refusals(create(&office.cx, &office.permit, same_mapping).await), ["TAKEN mappingId"]);
    let same_place = CreateMailbox { credential_id: Some(first.credential_id), ..mailbox("two") };
    assert_eq!(refusals(create(&office.cx, &office.permit, same_place).await), ["TAKEN provider.imap"]);
    assert_eq!(counts(&office).await, (1, 1, 0));
}

async fn an_update_keeps_what_is_absent_clears_what_is_null_and_replaces_the_rest(fresh: Fresh) {
    let office = Office::open(fresh);
    let mapping = office.mapping("incidents").await;
    let input = CreateMailbox {
        new_credential: Some(credential("c1")),
        mapping_id: Some(mapping.id),
        display_name: Some("The desk".to_owned()),
        signature: Some("<p>Bye</p>".to_owned()),
        aliases: vec!["a@example.com".to_owned(), "b@example.com".to_owned()],
        expect_mail_within_hours: Some(8),
        ..mailbox("desk")
    };
    let made = create(&office.cx, &office.permit, input).await.unwrap();
    office.clock.advance(chrono::TimeDelta::minutes(1));
    let kept = update(&office.cx, &office.permit, change(made.id)).await.unwrap();
    let mut same = made.clone();
    (same.version, same.updated_at) = (2, office.now());
    assert_eq!(kept, same);

    let mut nulls = change(made.id);
    nulls.mapping_id = Patch::Clear;
    nulls.display_name = Patch::Clear;
    nulls.signature = Patch::Clear;
    nulls.aliases = Patch::Clear;
    nulls.expect_mail_within_hours = Patch::Clear;
    let cleared = update(&office.cx, &office.permit, nulls).await.unwrap();
    assert_eq!((cleared.mapping_id, cleared.display_name, cleared.signature), (None, None, None));
    assert_eq!((cleared.aliases, cleared.expect_mail_within_hours), (Vec::new(), None));

    let mut values = change(made.id);
    values.title = Patch::Set("front desk".to_owned());
    values.aliases = Patch::Set(vec!["c@example.com".to_owned()]);
    values.kind = Patch::Set(MailboxKind::Personal);
    values.owner = Patch::Set("someone".to_owned());
    values.mapping_id = Patch::Set(mapping.id);
    let replaced = update(&office.cx, &office.permit, values).await.unwrap();
    assert_eq!((replaced.title.as_str(), replaced.version), ("front desk", 4));
    assert_eq!(replaced.aliases, ["c@example.com"]);
    assert_eq!((replaced.kind, replaced.owner.as_deref()), (MailboxKind::Personal, Some("someone")));
    assert_eq!(db::mailbox::get(office.cx.db.read(), made.id).await.unwrap(), Some(replaced));
}

async fn an_update_is_refused_by_path(fresh: Fresh) {
    let office = Office::open(fresh);
    let mapping = office.mapping("incidents").await;
    let (one, two) = (office.mailbox("one").await, office.mailbox("two").await);
    let mut bind = change(one.id);
    bind.mapping_id = Patch::Set(mapping.id);
    update(&office.cx, &office.permit, bind).await.unwrap();

    let mut nulls = change(two.id);
    (nulls.title, nulls.address, nulls.kind, nulls.mode) =
        (Patch::Clear, Patch::Clear, Patch::Clear, Patch::Clear);
    (nulls.provider, nulls.credential_id, nulls.unified_inbox) = (Patch::Clear, Patch::Clear, Patch::Clear);
    assert_eq!(
        refusals(update(&office.cx, &office.permit, nulls).await),
        [
            "REQUIRED title",
            "REQUIRED address",
            "REQUIRED kind",
            "REQUIRED mode",
            "REQUIRED provider",
            "REQUIRED credentialId",
            "REQUIRED unifiedInbox",
        ]
    );
    let mut twice = change(two.id);
    twice.mapping_id = Patch::Set(mapping.id);
    assert_eq!(refusals(update(&office.cx, &office.permit, twice).await), ["TAKEN mappingId"]);
    let mut title = change(two.id);
    title.title = Patch::Set("one".to_owned());
    assert_eq!(refusals(update(&office.cx, &office.permit, title).await), ["TAKEN title"]);
    let mut place = change(two.id);
    place.credential_id = Patch::Set(one.credential_id);
    assert_eq!(refusals(update(&office.cx, &office.permit, place).await), ["TAKEN provider.imap"]);
    let mut unknown = change(two.id);
    unknown.credential_id = Patch::Set(CredentialId::new());
    assert_eq!(refusals(update(&office.cx, &office.permit, unknown).await), ["NOT_FOUND credentialId"]);
    let nobody = update(&office.cx, &office.permit, change(MailboxId::new())).await;
    assert_eq!(refusals(nobody), ["NOT_FOUND id"]);
    assert_eq!(db::mailbox::get(office.cx.db.read(), two.id).await.unwrap(), Some(two));
}

async fn of_two_updates_of_one_version_one_wins(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mailbox("desk").await;
    let rename = |title: &str| {
        let mut input = change(made.id);
        input.title = Patch::Set(title.to_owned());
        input.expected_version = Some(made.version);
        input
    };
    let (one, two) = tokio::join!(
        update(&office.cx, &office.permit, rename("one")),
        update(&office.cx, &office.permit, rename("two")),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(refusals(lost), ["CONFLICT expectedVersion"]);
    let saved = db::mailbox::get(office.cx.db.read(), made.id).await.unwrap().unwrap();
    assert_eq!(saved.title, won.unwrap().title);
}

async fn going_to_check_only_takes_the_handling_and_coming_back_brings_the_default(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mailbox("desk").await;
    let job = office.job(&made, "INBOX").await;
    let handling = async || {
        let saved = db::job::get(office.cx.db.read(), job.id).await.unwrap().unwrap();
        (saved.handling, saved.version)
    };
    let mut check_only = change(made.id);
    check_only.mode = Patch::Set(MailboxMode::CheckOnly);
    update(&office.cx, &office.permit, check_only).await.unwrap();
    assert_eq!(handling().await, (None, 2));
    let with_handling = FirstJob {
        name: Some("other".to_owned()),
        folder: "Other".to_owned(),
        handling: Some(HandlingInput::default()),
        ..first_job()
    };
    let with_handling = CreateJob { mailbox_id: made.id, job: with_handling };
    let refused = refusals(service::job::create(&office.cx, &office.permit, with_handling).await);
    assert_eq!(refused, ["INVALID handling"]);
    let mut ingest = change(made.id);
    ingest.mode = Patch::Set(MailboxMode::Ingest);
    update(&office.cx, &office.permit, ingest).await.unwrap();
    assert_eq!(handling().await, (Some(Handling::default()), 3));
}

async fn deleting_takes_the_jobs_and_frees_mapping_and_folder(fresh: Fresh) {
    let office = Office::open(fresh);
    let mapping = office.mapping("incidents").await;
    let made = office.mailbox("desk").await;
    let mut bind = change(made.id);
    bind.mapping_id = Patch::Set(mapping.id);
    update(&office.cx, &office.permit, bind).await.unwrap();
    office.job(&made, "INBOX").await;
    delete(&office.cx, &office.permit, made.id).await.unwrap();
    assert_eq!(counts(&office).await, (1, 0, 0));
    service::mapping::delete(&office.cx, &office.permit, mapping.id).await.unwrap();
    assert_eq!(refusals(delete(&office.cx, &office.permit, made.id).await), ["NOT_FOUND id"]);
}

async fn pausing_and_resuming_is_told_and_may_be_repeated(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mailbox("desk").await;
    for _ in 0..2 {
        let paused = pause(&office.cx, &office.permit, made.id).await.unwrap();
        assert!(paused.paused);
        assert_eq!(paused.health.state, MailboxState::Paused);
        assert_eq!(db::mailbox::get(office.cx.db.read(), made.id).await.unwrap(), Some(paused));
    }
    for _ in 0..2 {
        let resumed = resume(&office.cx, &office.permit, made.id).await.unwrap();
        assert!(!resumed.paused);
        assert_eq!(resumed.health.state, MailboxState::NeverRun);
        assert_eq!(resumed.version, made.version);
    }
    assert_eq!(changes(&office).await, ["NEVER_RUN PAUSED", "PAUSED NEVER_RUN"], "each is told once");
    assert_eq!(refusals(pause(&office.cx, &office.permit, MailboxId::new()).await), ["NOT_FOUND id"]);
}

/// The changes of state that the log tells, in order, with the code of the error.
async fn changes(office: &Office) -> Vec<String> {
    let sql = "SELECT data FROM event WHERE type = 'MAILBOX_STATE_CHANGED' ORDER BY log_offset";
    let rows = rows::query(&office._fresh, sql).await;
    let told = rows.iter().map(|row| {
        let data: serde_json::Value = row.try_get("", "data").unwrap();
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        [word(&data["was"]), word(&data["now"]), word(&data["fault"]["code"])].join(" ").trim_end().to_owned()
    });
    told.collect()
}

async fn what_failed_before_a_pause_is_not_told_to_be_well_after_it(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mailbox("desk").await;
    let fault = Fault {
        code: FaultCode::Forbidden,
        message: "The application may not open the mailbox.".to_owned(),
        hint: Some("Give it the right.".to_owned()),
        retryable: false,
        provider_code: None,
        request_id: None,
        occurred_at: office.now(),
    };
    let mut failed = made.health.clone();
    (failed.state, failed.consecutive_failures) = (MailboxState::Forbidden, 3);
    (failed.last_success_at, failed.fault) = (Some(office.now()), Some(fault.clone()));
    db::mailbox::set_health(office.cx.db.write(), made.id, &failed).await.unwrap();
    pause(&office.cx, &office.permit, made.id).await.unwrap();
    let resumed = resume(&office.cx, &office.permit, made.id).await.unwrap().health;
    assert_eq!((resumed.state, &resumed.fault), (MailboxState::Forbidden, &Some(fault)));
    assert_eq!((resumed.consecutive_failures, resumed.next_attempt_at), (3, None), "it is tried at once");
    assert_eq!(changes(&office).await, ["FORBIDDEN PAUSED", "PAUSED FORBIDDEN FORBIDDEN"]);

    (failed.state, failed.fault) = (MailboxState::Ok, None);
    db::mailbox::set_health(office.cx.db.write(), made.id, &failed).await.unwrap();
    pause(&office.cx, &office.permit, made.id).await.unwrap();
    let resumed = resume(&office.cx, &office.permit, made.id).await.unwrap().health;
    assert_eq!((resumed.state, resumed.fault), (MailboxState::Ok, None));
}

async fn a_mailbox_that_waits_is_tried_at_once_after_a_change(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mailbox("desk").await;
    let job = office.job(&made, "INBOX").await;
    let later = office.now() + chrono::TimeDelta::hours(1);
    let mut waiting = made.health.clone();
    (waiting.state, waiting.waits_for_person) = (MailboxState::AuthenticationFailed, true);
    waiting.next_attempt_at = Some(later);
    let wait = async || {
        db::mailbox::set_health(office.cx.db.write(), made.id, &waiting).await.unwrap();
        db::job::set_checked(office.cx.db.write(), &job, None, Some(later)).await.unwrap();
    };
    let due = async || {
        let ttl = std::time::Duration::from_secs(30);
        let first = db::claim::rank(&office.cx.db, office.now(), 10).await.unwrap();
        let claimed = db::claim::take(&office.cx.db, "worker", ttl, office.now(), &first).await.unwrap();
        for lease in &claimed {
            db::lease::release(office.cx.db.write(), lease).await.unwrap();
        }
        claimed.len()
    };
    wait().await;
    assert_eq!(due().await, 0);
    update(&office.cx, &office.permit, change(made.id)).await.unwrap();
    assert_eq!(due().await, 1);
    wait().await;
    let password = service::credential::UpdateCredential {
        id: made.credential_id,
        name: Patch::Keep,
        config: Patch::Set(basic("company\\of desk", Some("right"))),
        expected_version: None,
    };
    service::credential::update(&office.cx, &office.permit, password).await.unwrap();
    assert_eq!(due().await, 1);
    wait().await;
    resume(&office.cx, &office.permit, made.id).await.unwrap();
    assert_eq!(due().await, 1);
}

async fn filters_find_what_they_say(fresh: Fresh) {
    let office = Office::open(fresh);
    let mapping = office.mapping("incidents").await;
    let (one, two) = (office.mailbox("one").await, office.mailbox("two").await);
    let mut two_else = change(two.id);
    two_else.mode = Patch::Set(MailboxMode::CheckOnly);
    two_else.kind = Patch::Set(MailboxKind::Personal);
    two_else.owner = Patch::Set("someone".to_owned());
    two_else.mapping_id = Patch::Set(mapping.id);
    update(&office.cx, &office.permit, two_else).await.unwrap();
    pause(&office.cx, &office.permit, one.id).await.unwrap();
    let titles = async |filter: MailboxFilter| {
        let db = office.cx.db.read();
        let page = db::mailbox::list(db, &filter, &PageRequest::default()).await.unwrap();
        assert_eq!(db::mailbox::count(db, &filter).await.unwrap(), page.items.len() as u64);
        page.items.into_iter().map(|mailbox| mailbox.title).collect::<Vec<_>>().join(" ")
    };
    let any = MailboxFilter::default;
    assert_eq!(titles(any()).await, "one two");
    assert_eq!(titles(MailboxFilter { providers: Some(vec![ProviderKind::Imap]), ..any() }).await, "one two");
    assert_eq!(titles(MailboxFilter { providers: Some(vec![ProviderKind::Graph]), ..any() }).await, "");
    assert_eq!(titles(MailboxFilter { providers: Some(vec![]), ..any() }).await, "");
    assert_eq!(titles(MailboxFilter { states: Some(vec![MailboxState::Paused]), ..any() }).await, "one");
    assert_eq!(titles(MailboxFilter { kinds: Some(vec![MailboxKind::Personal]), ..any() }).await, "two");
    assert_eq!(titles(MailboxFilter { modes: Some(vec![MailboxMode::Ingest]), ..any() }).await, "one");
    assert_eq!(titles(MailboxFilter { paused: Some(true), ..any() }).await, "one");
    assert_eq!(titles(MailboxFilter { search: Some("TWO@".to_owned()), ..any() }).await, "two");
    assert_eq!(titles(MailboxFilter { credential_id: Some(one.credential_id), ..any() }).await, "one");
    assert_eq!(titles(MailboxFilter { mapping_id: Some(mapping.id), ..any() }).await, "two");
}

async fn a_password_for_exchange_online_or_gmail_is_refused_with_the_way_out(fresh: Fresh) {
    let office = Office::open(fresh);
    let credential = office.credential("desk").await;
    for (host, way_out) in [("outlook.office365.com", "GRAPH"), ("IMAP.gmail.com", "OAUTH2")] {
        let given =
            CreateMailbox { provider: imap(host), credential_id: Some(credential.id), ..mailbox("desk") };
        let error = service::mailbox::create(&office.cx, &office.permit, given).await.err().unwrap();
        let service::Error::Refused(errors) = error else { panic!("{error:?}") };
        assert_eq!(errors[0].path, ["credentialId"]);
        assert_eq!(errors[0].code, service::UserErrorCode::Unsupported);
        assert!(errors[0].message.contains(way_out), "{}", errors[0].message);
    }
}

async fn a_password_for_graph_is_refused_with_the_kinds_that_fit(fresh: Fresh) {
    let office = Office::open(fresh);
    let credential = office.credential("desk").await;
    let graph = || ProviderInput::Graph(GraphInput { user: "desk@contoso.com".to_owned(), endpoint: None });
    let given = CreateMailbox { provider: graph(), credential_id: Some(credential.id), ..mailbox("desk") };
    let error = create(&office.cx, &office.permit, given).await.err().unwrap();
    let service::Error::Refused(errors) = error else { panic!("{error:?}") };
    assert_eq!(errors[0].path, ["credentialId"]);
    assert!(errors[0].message.contains("ENTRA_CLIENT_CERTIFICATE"), "{}", errors[0].message);
    // By an update of either it does not come about as well.
    let saved = office.mailbox("other").await;
    let change = UpdateMailbox { provider: Patch::Set(graph()), ..change(saved.id) };
    let error = update(&office.cx, &office.permit, change).await.err().unwrap();
    let service::Error::Refused(errors) = error else { panic!("{error:?}") };
    assert_eq!(errors[0].code, service::UserErrorCode::Unsupported);
}
