//! Graph against our sandbox tenant: the contract, and what only Graph has.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use mailroom::domain::clock::SystemClock;
use mailroom::domain::connection::{ConnectionStepKind, ConnectionTest};
use mailroom::domain::fault::{FaultCode, Halted, Verdict};
use mailroom::domain::handling::{Disposition, OriginalFate};
use mailroom::domain::intake::Listed;
use mailroom::provider::{self, Access, DisposeOutcome, FetchOutcome, Order, Position, Provider, Session};
use sandbox::sample;
use sandbox::world::{Scoped, Standing};

use super::contract::{self, Fixture};
use crate::harness::description::faults;
use crate::harness::office::{Office, Tenant};

// Immutable ids are never given anew, and a connection that breaks is no session's end: what IMAP shows there, graph_odd
// shows in Graph's way.
contract::holds! { office;
    a_listing_is_in_order_of_arrival_and_goes_on_where_it_ended
    an_empty_folder_has_a_position_to_go_on_from
    many_messages_come_in_pages
    a_missing_folder_halts_the_job
    what_is_fetched_is_what_was_delivered
    a_vanished_message_is_gone_and_the_others_are_fetched
    a_big_message_comes_whole
    of_a_message_over_the_limit_only_the_header_is_read
    fetching_marks_nothing
    marking_read_twice_is_harmless
    moving_twice_leaves_one_copy
    deleting_twice_leaves_one_copy_in_the_trash
    a_move_whose_end_is_unknown_is_found_in_the_target
    a_message_is_found_by_a_message_id_that_it_alone_bears
    what_is_unread_now_is_told
    what_is_purged_is_gone_and_purging_twice_is_harmless
    what_someone_took_out_of_the_trash_is_not_purged
    an_original_that_someone_moved_is_left_alone
    a_session_that_looks_changes_nothing
    message_ids_are_told_for_pairing
    a_wrong_password_halts_the_credential
    a_server_that_stands_still_is_a_timeout
    folders_tell_their_roles
}

/// A mailbox of one test's own.
pub fn office(name: &str) -> Office<'static> {
    Office::new(Tenant::shared(faults), &name.replace('_', "-"))
}

impl Fixture for Office<'_> {
    fn provider(&self) -> Box<dyn Provider> {
        Office::provider(self)
    }

    fn with_password(&self, password: &str) -> Box<dyn Provider> {
        self.connect(self.login(sample::CLIENT_ID, password), self.tenant.port, &[])
    }

    fn behind(&self, port: u16) -> Box<dyn Provider> {
        self.connect(self.login(sample::CLIENT_ID, sample::SECRET), port, &[])
    }

    fn upstream(&self) -> u16 {
        self.tenant.port
    }

    fn deliver(&self, folder: &str, raw: &[u8]) {
        Office::deliver(self, folder, raw);
    }

    fn renumber(&self, _folder: &str) {
        unreachable!("immutable ids are never given anew");
    }

    fn take_away(&self, folder: &str, message_id: &str) {
        let key = self.message(folder, message_id);
        self.world(|mailbox| mailbox.remove(key).unwrap());
    }

    fn seen(&self, folder: &str) -> BTreeMap<String, bool> {
        Office::seen(self, folder)
    }

    fn trash(&self) -> &str {
        "Deleted Items"
    }

    /// Only the newest delta link is sure to be known.
    fn positions_stand_still(&self) -> bool {
        false
    }
}

pub fn raw(id: &str) -> Vec<u8> {
    format!("From: a@example.com\r\nMessage-ID: <{id}>\r\nSubject: {id}\r\n\r\nHello {id}\r\n").into_bytes()
}

/// Delivers one message for each id and lists them.
pub async fn delivered(
    office: &Office<'_>,
    session: &mut dyn Session,
    ids: &[&str],
) -> (Vec<Listed>, Position) {
    for id in ids {
        office.deliver("INBOX", &raw(id));
    }
    list_all(session, "INBOX", None).await
}

/// Everything since the position.
pub async fn list_all(
    session: &mut dyn Session,
    folder: &str,
    mut position: Option<Position>,
) -> (Vec<Listed>, Position) {
    let mut all = Vec::new();
    loop {
        let page = session.list(folder, position.as_ref()).await.unwrap();
        assert!(!page.renumbered);
        all.extend(page.listed);
        if !page.more {
            return (all, page.position);
        }
        position = Some(page.position);
    }
}

pub fn order(one: &Listed, disposition: Disposition) -> Order {
    Order {
        generation: "immutable".to_owned(),
        source_id: one.source_id.clone(),
        internet_message_id: one.internet_message_id.clone(),
        size: one.size,
        disposition,
        repeated: false,
    }
}

pub fn moved(folder: &str) -> Disposition {
    Disposition { original: OriginalFate::Move, folder: Some(folder.to_owned()), ..Disposition::READ }
}

#[tokio::test]
async fn ids_survive_a_move_and_what_someone_moved_is_neither_moved_nor_lost() {
    let office = office("ids-survive");
    let mut session = office.provider().open(Access::Handle).await.unwrap();
    let (listed, _) = delivered(&office, &mut *session, &["1@x", "2@x"]).await;
    office.carry_off("INBOX", "1@x", "Theirs");
    let wanted: Vec<provider::Wanted> = listed
        .iter()
        .map(|one| provider::Wanted {
            source_id: one.source_id.clone(),
            size: one.size,
            extent: provider::Extent::Whole,
        })
        .collect();
    let fetched: Vec<_> = session.fetch("INBOX", &wanted).await.unwrap().collect().await;
    for one in fetched {
        assert!(matches!(one.unwrap().outcome, FetchOutcome::Raw(_)));
    }
    let orders: Vec<Order> = listed.iter().map(|one| order(one, moved("Done"))).collect();
    let disposed = session.dispose("INBOX", &orders).await.unwrap();
    assert!(matches!(disposed[0].outcome, DisposeOutcome::Elsewhere(_)), "{disposed:?}");
    let DisposeOutcome::Done { moved_to: Some(place), version } = &disposed[1].outcome else {
        panic!("{disposed:?}")
    };
    assert_eq!(place.source_id.as_deref(), Some(listed[1].source_id.as_str()), "the same id as before");
    assert!(version.is_some());
    assert_eq!(office.seen("Theirs").len(), 1);
    assert_eq!(office.seen("Done").len(), 1);
}

#[tokio::test]
async fn a_message_costs_one_request_to_read_and_one_to_mark() {
    let office = office("what-it-costs");
    let mut session = office.provider().open(Access::Handle).await.unwrap();
    let ids: Vec<String> = (0..60).map(|n| format!("{n}@x")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (listed, position) = delivered(&office, &mut *session, &ids).await;
    let wanted: Vec<provider::Wanted> = listed
        .iter()
        .map(|one| provider::Wanted {
            source_id: one.source_id.clone(),
            size: one.size,
            extent: provider::Extent::Whole,
        })
        .collect();
    assert_eq!(session.fetch("INBOX", &wanted).await.unwrap().count().await, 60);
    let orders: Vec<Order> = listed.iter().map(|one| order(one, Disposition::READ)).collect();
    for one in session.dispose("INBOX", &orders).await.unwrap() {
        assert!(matches!(one.outcome, DisposeOutcome::Done { moved_to: None, version: Some(_) }), "{one:?}");
    }
    list_all(&mut *session, "INBOX", Some(position)).await;
    let requests: usize = office
        .asked()
        .iter()
        .map(|one| if one.path.ends_with("/$batch") { one.body.matches("\"method\"").count() } else { 1 })
        .sum();
    assert!(requests <= 126, "{requests} requests for 60 messages");
}

#[tokio::test]
async fn categories_are_added_to_those_that_are_there() {
    let office = office("categories");
    let key = office.deliver("INBOX", &raw("1@x"));
    office.world(|mailbox| {
        mailbox
            .change(key, chrono::DateTime::UNIX_EPOCH, |message| message.categories = vec!["Blue".to_owned()])
            .unwrap();
    });
    let mut session = office.provider().open(Access::Handle).await.unwrap();
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    let categories = vec!["blue".to_owned(), "Taken in".to_owned()];
    let wanted = Disposition { categories, ..Disposition::READ };
    for _ in 0..2 {
        let disposed = session.dispose("INBOX", &[order(&listed[0], wanted.clone())]).await.unwrap();
        assert!(matches!(disposed[0].outcome, DisposeOutcome::Done { .. }), "{disposed:?}");
    }
    let kept = office.world(|mailbox| mailbox.message(key).unwrap().categories.clone());
    assert_eq!(kept, ["Blue", "Taken in"]);
}

#[tokio::test]
async fn folders_are_found_by_well_known_name_in_any_case_and_by_path_with_a_slash_in_a_name() {
    let office = office("folder-names");
    let mut session = office.provider().open(Access::Look).await.unwrap();
    for name in ["INBOX", "Inbox", "inbox", "DeletedItems", "sentitems", "Sent Items", "sent items"] {
        session.list(name, None).await.unwrap();
    }
    office.world(|mailbox| {
        let root = mailbox.well_known("msgfolderroot").unwrap().key;
        let top = mailbox.create_folder(root, "A/B", false).unwrap();
        mailbox.create_folder(top, "~1", false).unwrap();
    });
    let folders = session.folders().await.unwrap();
    let paths: Vec<&str> = folders.iter().map(|folder| folder.path.as_str()).collect();
    assert!(paths.contains(&"A~1B") && paths.contains(&"A~1B/~01"), "{paths:?}");
    let mut fresh = office.provider().open(Access::Look).await.unwrap();
    fresh.list("A~1B/~01", None).await.unwrap();
    let error = fresh.list("A/B", None).await.unwrap_err();
    assert_eq!(error.to_string(), "the folder A/B does not exist");
}

#[tokio::test]
async fn drafts_and_what_left_the_folder_are_not_listed() {
    let office = office("no-drafts");
    let mut session = office.provider().open(Access::Handle).await.unwrap();
    let (_, position) = delivered(&office, &mut *session, &["1@x"]).await;
    let inbox = office.folder("INBOX");
    office.world(|mailbox| {
        let envelope = sandbox::mime::envelope(&raw("draft@x"));
        let now = chrono::DateTime::UNIX_EPOCH;
        mailbox.begin_mime_draft(inbox, envelope, raw("draft@x").into(), now).unwrap();
    });
    office.carry_off("INBOX", "1@x", "Theirs");
    office.deliver("INBOX", &raw("2@x"));
    let (listed, _) = list_all(&mut *session, "INBOX", Some(position)).await;
    let ids: Vec<Option<&str>> = listed.iter().map(|one| one.internet_message_id.as_deref()).collect();
    assert_eq!(ids, [Some("2@x")]);
}

async fn probed(office: &Office<'_>, client: uuid::Uuid, secret: &str, folder: &str) -> ConnectionTest {
    let login = office.login(client, secret);
    let settings = office.settings(office.tenant.port);
    provider::probe(&settings, login, Vec::new(), &office.reach(), folder, &SystemClock).await
}

fn failed(test: &ConnectionTest) -> (ConnectionStepKind, FaultCode, String) {
    let step = test.steps.last().unwrap();
    let fault = step.fault.clone().unwrap_or_else(|| panic!("{test:?}"));
    assert!(fault.hint.is_some(), "{fault:?}");
    (step.step, fault.code, fault.message)
}

#[tokio::test]
async fn a_connection_test_says_that_the_permission_is_broader_than_needed_and_how_to_narrow_it() {
    let office = office("probed-well");
    office.deliver("INBOX", &raw("1@x"));
    let test = probed(&office, sample::CLIENT_ID, sample::SECRET, "INBOX").await;
    assert!(test.is_ok(), "{test:?}");
    let steps: Vec<ConnectionStepKind> = test.steps.iter().map(|step| step.step).collect();
    use ConnectionStepKind::{Authenticate, OpenFolder, Permissions, Read};
    assert_eq!(steps, [Authenticate, OpenFolder, Read, Permissions]);
    assert!(test.folders.iter().any(|folder| folder.path == "INBOX"));
    let detail = test.steps[3].detail.as_deref().unwrap();
    assert!(detail.contains("every mailbox of the tenant (Mail.ReadWrite, Mail.Send)"), "{detail}");
    assert!(detail.contains(&format!("New-ServicePrincipal -AppId {}", sample::CLIENT_ID)), "{detail}");
    assert!(detail.contains("PrimarySmtpAddress -eq 'probed-well@contoso.example'"), "{detail}");
    assert_eq!(Office::seen(&office, "INBOX"), BTreeMap::from([("1@x".to_owned(), false)]));
}

/// Another app of the tenant, with a secret.
fn app(office: &Office<'_>, roles: &[&str], scoped: Vec<Scoped>) -> uuid::Uuid {
    let mut world = office.tenant.state.world_mut();
    let apps = &mut world.tenants[0].apps;
    let mut app = apps[&sample::CLIENT_ID].clone();
    app.client_id = uuid::Uuid::now_v7();
    app.roles = roles.iter().map(|role| (*role).to_owned()).collect();
    app.scoped = scoped;
    let id = app.client_id;
    apps.insert(id, app);
    id
}

#[tokio::test]
async fn a_connection_test_tells_the_refusals_apart() {
    let office = office("probed-ill");
    office.deliver("INBOX", &raw("1@x"));
    use ConnectionStepKind::{Authenticate, OpenFolder, Permissions, Read};
    let secret = sample::SECRET;

    let (step, code, _) = failed(&probed(&office, sample::CLIENT_ID, "wrong", "INBOX").await);
    assert_eq!((step, code), (Authenticate, FaultCode::Authentication));
    let (step, code, _) = failed(&probed(&office, uuid::Uuid::now_v7(), secret, "INBOX").await);
    assert_eq!((step, code), (Authenticate, FaultCode::Authentication));

    let nothing = app(&office, &[], Vec::new());
    let (step, code, message) = failed(&probed(&office, nothing, secret, "INBOX").await);
    assert_eq!((step, code), (OpenFolder, FaultCode::Forbidden));
    assert!(message.contains("an administrator has not granted consent"), "{message}");

    let users = app(&office, &["User.Read.All"], Vec::new());
    let (step, _, message) = failed(&probed(&office, users, secret, "INBOX").await);
    assert_eq!(step, OpenFolder);
    assert!(message.contains("permissions do not suffice"), "{message}");

    let basic = app(&office, &["Mail.ReadBasic.All"], Vec::new());
    let (step, _, message) = failed(&probed(&office, basic, secret, "INBOX").await);
    assert_eq!(step, Read, "{message}");
    assert!(message.contains("permissions do not suffice"), "{message}");

    let reads = app(&office, &["Mail.Read"], Vec::new());
    let (step, _, message) = failed(&probed(&office, reads, secret, "INBOX").await);
    assert_eq!(step, Permissions, "{message}");

    let others = vec![Scoped {
        role: "Mail.ReadWrite".to_owned(),
        mailboxes: vec![uuid::Uuid::now_v7()],
        since: chrono::DateTime::UNIX_EPOCH,
    }];
    let others = app(&office, &[], others);
    let (step, _, message) = failed(&probed(&office, others, secret, "INBOX").await);
    assert_eq!(step, OpenFolder);
    assert!(message.contains("outside the application's scope"), "{message}");

    let (step, code, message) = failed(&probed(&office, sample::CLIENT_ID, secret, "Nowhere").await);
    assert_eq!((step, code), (OpenFolder, FaultCode::NotFound));
    assert_eq!(message, "The folder Nowhere does not exist.");

    office.world(|mailbox| mailbox.standing = Standing::NotEnabled);
    let (_, code, message) = failed(&probed(&office, sample::CLIENT_ID, secret, "INBOX").await);
    assert_eq!(code, FaultCode::NotFound);
    assert!(message.contains("licence") && message.contains("on-premises"), "{message}");
    office.world(|mailbox| mailbox.standing = Standing::Enabled);

    office.fault(sandbox::faults::Rule {
        status: Some(403),
        code: Some("ErrorAccessDenied".to_owned()),
        message: Some("Access to OData is disabled.".to_owned()),
        ..Default::default()
    });
    let (_, _, message) = failed(&probed(&office, sample::CLIENT_ID, secret, "INBOX").await);
    assert!(message.contains("application access policy"), "{message}");
}

#[tokio::test]
async fn a_user_that_does_not_exist_halts_the_mailbox() {
    let office = office("ghost");
    let settings = mailroom::domain::mailbox::GraphSettings {
        user: "nobody-ghost@contoso.example".to_owned(),
        endpoint: Some(format!("http://127.0.0.1:{}", office.tenant.port)),
    };
    let login = office.login(sample::CLIENT_ID, sample::SECRET);
    let settings = mailroom::domain::mailbox::ProviderSettings::Graph(settings);
    let provider = provider::connect(&settings, login, Vec::new(), &office.reach()).unwrap();
    let error = provider.open(Access::Look).await.unwrap().list("INBOX", None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Mailbox), "{error}");
    assert_eq!(error.to_string(), "Exchange Online does not know this user");
    let fault = error.fault(chrono::DateTime::UNIX_EPOCH);
    assert!(fault.request_id.is_some() && fault.provider_code.is_some(), "{fault:?}");
}
