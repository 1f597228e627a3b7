//! What every provider must do, whatever it talks to. A new provider implements [`Fixture`] and is held to it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::fault::{FaultCode, Halted, Verdict};
use mailroom::domain::folder::FolderRole;
use mailroom::domain::handling::{Disposition, OriginalFate};
use mailroom::domain::intake::Listed;
use mailroom::provider::{
    Access, DisposeOutcome, Disposed, Error, Extent, FetchOutcome, Order, Position, Provider, PurgeOrder,
    Session, Wanted,
};

use crate::harness::proxy::{Fate, Proxy};

/// A mailbox of one test's own, with a person who works in it.
pub trait Fixture: Sync {
    /// Reached the usual way.
    fn provider(&self) -> Box<dyn Provider>;
    /// Reached with another password.
    fn with_password(&self, password: &str) -> Box<dyn Provider>;
    /// Reached through another port of this machine, in clear. Silences last a second at most.
    fn behind(&self, port: u16) -> Box<dyn Provider>;
    /// The port that a proxy has to lead to.
    fn upstream(&self) -> u16;
    /// Puts a message into a folder, unread.
    fn deliver(&self, folder: &str, raw: &[u8]);
    /// Makes all source ids of a folder void.
    fn renumber(&self, folder: &str);
    /// Someone else removes a message.
    fn take_away(&self, folder: &str, message_id: &str);
    /// The messages of a folder, as someone else sees them: whether each is read, by Message-ID.
    fn seen(&self, folder: &str) -> BTreeMap<String, bool>;
    /// The folder with the trash role.
    fn trash(&self) -> &str;
    /// Whether a listing that finds nothing ends where it began; a service may renew its positions each time.
    fn positions_stand_still(&self) -> bool {
        true
    }
}

/// Runs every test of the contract over fixtures that the expression makes from a test's name.
macro_rules! holds {
    ($fixture:expr; $($name:ident)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() { super::contract::$name(&$fixture(stringify!($name))).await })+
    };
    ($fixture:expr) => {
        crate::provider::contract::holds! { $fixture;
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
            after_renumbering_the_first_page_says_so
            an_order_of_an_earlier_generation_touches_nothing
            a_session_that_looks_changes_nothing
            message_ids_are_told_for_pairing
            a_wrong_password_halts_the_credential
            a_server_that_stands_still_is_a_timeout
            a_connection_cut_in_the_middle_of_a_message_is_retried
            a_closed_port_is_unreachable
            folders_tell_their_roles
        }
    };
}
pub(super) use holds;

fn raw(id: &str) -> Vec<u8> {
    raw_of(id, 200)
}

fn raw_of(id: &str, body: usize) -> Vec<u8> {
    let line = "All work and no play makes Jack a dull boy. \u{fc}\r\n";
    let mut raw = format!("From: a@example.com\r\nMessage-ID: <{id}>\r\nSubject: {id}\r\n\r\n").into_bytes();
    raw.extend(line.bytes().cycle().take(body / line.len() * line.len()));
    raw.extend_from_slice(b"\r\n");
    raw
}

async fn session(fixture: &impl Fixture) -> Box<dyn Session> {
    fixture.provider().open(Access::Handle).await.unwrap()
}

/// Everything since the position, and where it ended.
async fn list_all(
    session: &mut dyn Session,
    folder: &str,
    mut position: Option<Position>,
) -> (Vec<Listed>, Position) {
    let mut all = Vec::new();
    loop {
        let page = session.list(folder, position.as_ref()).await.unwrap();
        assert!(page.listed.len() <= 1000, "a page of {}", page.listed.len());
        all.extend(page.listed);
        if !page.more {
            return (all, page.position);
        }
        position = Some(page.position);
    }
}

fn wanted(listed: &[Listed], extent: Extent) -> Vec<Wanted> {
    listed.iter().map(|one| Wanted { source_id: one.source_id.clone(), size: one.size, extent }).collect()
}

async fn fetch(
    session: &mut dyn Session,
    wanted: &[Wanted],
) -> Result<BTreeMap<String, FetchOutcome>, Error> {
    let mut stream = session.fetch("INBOX", wanted).await?;
    let mut all = BTreeMap::new();
    while let Some(fetched) = stream.next().await {
        let fetched = fetched?;
        assert!(all.insert(fetched.source_id.clone(), fetched.outcome).is_none(), "answered twice");
    }
    Ok(all)
}

fn bytes(outcome: &FetchOutcome) -> &[u8] {
    match outcome {
        FetchOutcome::Raw(raw) => raw,
        other => panic!("not fetched: {other:?}"),
    }
}

fn order(listed: &Listed, id: &str, generation: &str, disposition: Disposition) -> Order {
    Order {
        generation: generation.to_owned(),
        source_id: listed.source_id.clone(),
        internet_message_id: Some(id.to_owned()),
        size: listed.size,
        disposition,
        repeated: false,
    }
}

fn moved_to(folder: &str) -> Disposition {
    Disposition { original: OriginalFate::Move, folder: Some(folder.to_owned()), ..Disposition::READ }
}

fn deleted() -> Disposition {
    Disposition { original: OriginalFate::Delete, ..Disposition::READ }
}

fn assert_done(disposed: &[Disposed]) {
    for one in disposed {
        assert!(matches!(one.outcome, DisposeOutcome::Done { .. }), "{one:?}");
    }
}

fn assert_elsewhere(disposed: &[Disposed]) {
    for one in disposed {
        assert!(matches!(one.outcome, DisposeOutcome::Elsewhere(_)), "{one:?}");
    }
}

fn purge_order(disposed: &Disposed, id: &str) -> PurgeOrder {
    let DisposeOutcome::Done { moved_to: Some(place), .. } = &disposed.outcome else {
        panic!("{disposed:?}")
    };
    PurgeOrder { key: "k".to_owned(), place: place.clone(), internet_message_id: Some(id.to_owned()) }
}

/// Delivers one message for each id and tells how they are listed.
async fn delivered(
    fixture: &impl Fixture,
    session: &mut dyn Session,
    ids: &[&str],
) -> (Vec<Listed>, Position) {
    for id in ids {
        fixture.deliver("INBOX", &raw(id));
    }
    let (listed, position) = list_all(session, "INBOX", None).await;
    assert_eq!(listed.len(), ids.len());
    (listed, position)
}

pub async fn a_listing_is_in_order_of_arrival_and_goes_on_where_it_ended(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (first, position) = delivered(fixture, &mut *session, &["1@x", "2@x"]).await;
    assert_eq!(first[0].size, raw("1@x").len() as u64);
    assert_eq!(first[0].is_read, Some(false));
    let (again, same) = list_all(&mut *session, "INBOX", Some(position.clone())).await;
    assert!(again.is_empty(), "nothing is new");
    // Elsewhere it may be another one, or the same within a moment.
    assert!(same == position || !fixture.positions_stand_still(), "{same:?}");

    fixture.deliver("INBOX", &raw("3@x"));
    let (new, _) = list_all(&mut *session, "INBOX", Some(position.clone())).await;
    assert_eq!(new.len(), 1);
    assert!(first.iter().all(|one| one.source_id != new[0].source_id));

    let mut other = self::session(fixture).await;
    let (elsewhere, _) = list_all(&mut *other, "INBOX", Some(position)).await;
    assert_eq!(elsewhere, new, "a position holds in another session");
}

pub async fn an_empty_folder_has_a_position_to_go_on_from(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (none, position) = list_all(&mut *session, "INBOX", None).await;
    assert!(none.is_empty());
    fixture.deliver("INBOX", &raw("1@x"));
    assert_eq!(list_all(&mut *session, "INBOX", Some(position)).await.0.len(), 1);
}

pub async fn many_messages_come_in_pages(fixture: &impl Fixture) {
    for n in 0..2300 {
        fixture.deliver("INBOX", &raw_of(&format!("{n}@x"), 10));
    }
    let mut session = session(fixture).await;
    let (all, _) = list_all(&mut *session, "INBOX", None).await;
    let ids: std::collections::HashSet<&str> = all.iter().map(|one| one.source_id.as_str()).collect();
    assert_eq!((all.len(), ids.len()), (2300, 2300));
}

pub async fn a_missing_folder_halts_the_job(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let error = session.list("No such folder", None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Job));
    assert_eq!(error.fault(SystemClock.now()).code, FaultCode::NotFound);
    session.list("INBOX", None).await.unwrap();
}

pub async fn what_is_fetched_is_what_was_delivered(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let raws: Vec<Vec<u8>> = (0..40).map(|n| raw_of(&format!("{n}@x"), n * 3000)).collect();
    for raw in &raws {
        fixture.deliver("INBOX", raw);
    }
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    let fetched = fetch(&mut *session, &wanted(&listed, Extent::Whole)).await.unwrap();
    for (one, raw) in listed.iter().zip(&raws) {
        assert!(bytes(&fetched[&one.source_id]) == raw.as_slice(), "{} differs", one.source_id);
    }
}

pub async fn a_vanished_message_is_gone_and_the_others_are_fetched(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, _) = delivered(fixture, &mut *session, &["1@x", "2@x", "3@x"]).await;
    fixture.take_away("INBOX", "2@x");
    let fetched = fetch(&mut *session, &wanted(&listed, Extent::Whole)).await.unwrap();
    assert_eq!(bytes(&fetched[&listed[0].source_id]), raw("1@x"));
    let vanished = &fetched[&listed[1].source_id];
    assert!(matches!(vanished, FetchOutcome::Gone), "{vanished:?}");
    assert_eq!(bytes(&fetched[&listed[2].source_id]), raw("3@x"));
}

pub async fn a_big_message_comes_whole(fixture: &impl Fixture) {
    let big = raw_of("big@x", 12 * 1024 * 1024);
    fixture.deliver("INBOX", &big);
    let mut session = session(fixture).await;
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    let fetched = fetch(&mut *session, &wanted(&listed, Extent::Whole)).await.unwrap();
    assert!(bytes(&fetched[&listed[0].source_id]) == big.as_slice());
}

pub async fn of_a_message_over_the_limit_only_the_header_is_read(fixture: &impl Fixture) {
    fixture.deliver("INBOX", &raw_of("huge@x", 60 * 1024 * 1024));
    let mut session = session(fixture).await;
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    assert!(listed[0].size > 59 * 1024 * 1024);
    let fetched = fetch(&mut *session, &wanted(&listed, Extent::HeaderOnly)).await.unwrap();
    let header = String::from_utf8_lossy(bytes(&fetched[&listed[0].source_id]));
    assert!(header.contains("Message-ID: <huge@x>") && header.len() < 1000);
}

pub async fn fetching_marks_nothing(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, _) = delivered(fixture, &mut *session, &["1@x"]).await;
    fetch(&mut *session, &wanted(&listed, Extent::Whole)).await.unwrap();
    fetch(&mut *session, &wanted(&listed, Extent::HeaderOnly)).await.unwrap();
    assert_eq!(fixture.seen("INBOX"), BTreeMap::from([("1@x".to_owned(), false)]));
}

pub async fn marking_read_twice_is_harmless(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x", "2@x", "3@x"]).await;
    let orders: Vec<Order> = listed[..2]
        .iter()
        .zip(["1@x", "2@x"])
        .map(|(one, id)| order(one, id, &position.generation, Disposition::READ))
        .collect();
    for _ in 0..2 {
        let disposed = session.dispose("INBOX", &orders).await.unwrap();
        assert_eq!(disposed.len(), 2);
        assert_done(&disposed);
    }
    let expected = [("1@x".to_owned(), true), ("2@x".to_owned(), true), ("3@x".to_owned(), false)];
    assert_eq!(fixture.seen("INBOX"), BTreeMap::from(expected));
}

pub async fn moving_twice_leaves_one_copy(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x", "2@x"]).await;
    let orders = [order(&listed[0], "1@x", &position.generation, moved_to("Done/2026"))];
    let disposed = session.dispose("INBOX", &orders).await.unwrap();
    assert_done(&disposed);
    assert_elsewhere(&session.dispose("INBOX", &orders).await.unwrap());
    assert_eq!(fixture.seen("INBOX"), BTreeMap::from([("2@x".to_owned(), false)]));
    assert_eq!(fixture.seen("Done/2026"), BTreeMap::from([("1@x".to_owned(), true)]));
    let DisposeOutcome::Done { moved_to: Some(place), .. } = &disposed[0].outcome else {
        panic!("{disposed:?}")
    };
    assert_eq!(place.folder, "Done/2026");
}

pub async fn deleting_twice_leaves_one_copy_in_the_trash(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x"]).await;
    let orders = [order(&listed[0], "1@x", &position.generation, deleted())];
    assert_done(&session.dispose("INBOX", &orders).await.unwrap());
    assert_elsewhere(&session.dispose("INBOX", &orders).await.unwrap());
    assert!(fixture.seen("INBOX").is_empty());
    assert_eq!(fixture.seen(fixture.trash()), BTreeMap::from([("1@x".to_owned(), true)]));
}

pub async fn a_move_whose_end_is_unknown_is_found_in_the_target(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x"]).await;
    let mut orders = [order(&listed[0], "1@x", &position.generation, moved_to("Done"))];
    assert_done(&session.dispose("INBOX", &orders).await.unwrap());
    orders[0].repeated = true;
    let mut after_a_crash = self::session(fixture).await;
    let disposed = after_a_crash.dispose("INBOX", &orders).await.unwrap();
    assert!(
        matches!(&disposed[0].outcome, DisposeOutcome::Done { moved_to: Some(place), .. } if place.folder == "Done"),
        "{disposed:?}"
    );
    assert_eq!(fixture.seen("Done").len(), 1);
}

pub async fn a_message_is_found_by_a_message_id_that_it_alone_bears(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["twice@x", "1@x", "twice@x", "11@x"]).await;
    let found = session.find("INBOX", "1@x").await.unwrap().unwrap();
    assert_eq!(found.folder, "INBOX");
    assert_eq!(found.generation, Some(position.generation));
    assert_eq!(found.source_id.as_deref(), Some(listed[1].source_id.as_str()));
    for id in ["twice@x", "missing@x", "\"quoted\\\"@x", "é@x"] {
        assert_eq!(session.find("INBOX", id).await.unwrap(), None, "{id}");
    }
    let error = session.find("Nowhere", "1@x").await.unwrap_err();
    assert_eq!(error.to_string(), "the folder Nowhere does not exist");
    let (after, _) = list_all(&mut *session, "INBOX", None).await;
    assert!(after.iter().all(|listed| listed.is_read == Some(false)), "looking marks nothing");
}

pub async fn what_is_unread_now_is_told(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x", "2@x", "3@x"]).await;
    let told: Vec<String> = listed.iter().map(|one| one.source_id.clone()).collect();
    let unread = async |session: &mut dyn Session| {
        let unread = session.unread("INBOX", &told).await.unwrap();
        unread.into_iter().map(|one| one.source_id).collect::<Vec<_>>()
    };
    assert_eq!(unread(&mut *session).await, told);
    let orders = [order(&listed[0], "1@x", &position.generation, Disposition::READ)];
    let done = session.dispose("INBOX", &orders).await.unwrap();
    assert_done(&done);
    fixture.take_away("INBOX", "2@x");
    assert_eq!(unread(&mut *session).await, told[2..]);
    let elsewhere = [order(&listed[2], "3@x", &position.generation, moved_to("Done"))];
    assert_done(&session.dispose("INBOX", &elsewhere).await.unwrap());
    assert_eq!(unread(&mut *session).await, Vec::<String>::new());
    let (after, _) = list_all(&mut *session, "INBOX", None).await;
    assert!(after.iter().all(|listed| listed.is_read == Some(true)), "looking marks nothing: {after:?}");
    assert_eq!(
        session.unread("Nowhere", &told).await.unwrap_err().to_string(),
        "the folder Nowhere does not exist"
    );
}

pub async fn what_is_purged_is_gone_and_purging_twice_is_harmless(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x", "2@x"]).await;
    let orders = [order(&listed[0], "1@x", &position.generation, deleted())];
    let disposed = session.dispose("INBOX", &orders).await.unwrap();
    fixture.deliver(fixture.trash(), &raw("not ours@x"));
    let purge = [purge_order(&disposed[0], "1@x")];
    let purged = session.purge(&purge).await.unwrap();
    assert!(matches!(purged[0].outcome, DisposeOutcome::Done { .. }), "{purged:?}");
    let purged = session.purge(&purge).await.unwrap();
    assert!(matches!(purged[0].outcome, DisposeOutcome::Elsewhere(_)), "{purged:?}");
    assert_eq!(fixture.seen(fixture.trash()), BTreeMap::from([("not ours@x".to_owned(), false)]));
    assert_eq!(fixture.seen("INBOX").len(), 1);
}

pub async fn what_someone_took_out_of_the_trash_is_not_purged(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x"]).await;
    let orders = [order(&listed[0], "1@x", &position.generation, deleted())];
    let disposed = session.dispose("INBOX", &orders).await.unwrap();
    fixture.take_away(fixture.trash(), "1@x");
    fixture.deliver("INBOX", &raw("1@x"));
    let purged = session.purge(&[purge_order(&disposed[0], "1@x")]).await.unwrap();
    assert!(matches!(purged[0].outcome, DisposeOutcome::Elsewhere(_)), "{purged:?}");
    assert_eq!(fixture.seen("INBOX").len(), 1);
}

pub async fn an_original_that_someone_moved_is_left_alone(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x", "2@x"]).await;
    fixture.take_away("INBOX", "1@x");
    let order = |at: usize, id| order(&listed[at], id, &position.generation, moved_to("Done"));
    let disposed = session.dispose("INBOX", &[order(0, "1@x"), order(1, "2@x")]).await.unwrap();
    assert_elsewhere(&disposed[..1]);
    assert_done(&disposed[1..]);
    assert_eq!(fixture.seen("Done"), BTreeMap::from([("2@x".to_owned(), true)]));
}

pub async fn after_renumbering_the_first_page_says_so(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (before, position) = delivered(fixture, &mut *session, &["1@x", "2@x"]).await;
    session.close().await;
    fixture.renumber("INBOX");
    let mut session = self::session(fixture).await;
    let page = session.list("INBOX", Some(&position)).await.unwrap();
    assert!(page.renumbered);
    assert_ne!(page.position.generation, position.generation);
    let arrivals = |listed: &[Listed]| listed.iter().map(|one| one.arrived_at).collect::<Vec<_>>();
    assert_eq!(arrivals(&page.listed), arrivals(&before), "the same messages, for pairing");
    let next = session.list("INBOX", Some(&page.position)).await.unwrap();
    assert!(!next.renumbered && next.listed.is_empty());
}

pub async fn an_order_of_an_earlier_generation_touches_nothing(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    let (listed, position) = delivered(fixture, &mut *session, &["1@x"]).await;
    session.close().await;
    fixture.renumber("INBOX");
    let mut session = self::session(fixture).await;
    let orders = [order(&listed[0], "1@x", &position.generation, deleted())];
    assert_elsewhere(&session.dispose("INBOX", &orders).await.unwrap());
    assert_eq!(fixture.seen("INBOX"), BTreeMap::from([("1@x".to_owned(), false)]));
}

pub async fn a_session_that_looks_changes_nothing(fixture: &impl Fixture) {
    fixture.deliver("INBOX", &raw("1@x"));
    let mut session = fixture.provider().open(Access::Look).await.unwrap();
    let (listed, position) = list_all(&mut *session, "INBOX", None).await;
    fetch(&mut *session, &wanted(&listed, Extent::Whole)).await.unwrap();
    let orders = [order(&listed[0], "1@x", &position.generation, Disposition::READ)];
    let error = session.dispose("INBOX", &orders).await.unwrap_err();
    assert_eq!(error.fault(SystemClock.now()).code, FaultCode::Forbidden);
    assert_eq!(fixture.seen("INBOX"), BTreeMap::from([("1@x".to_owned(), false)]));
}

pub async fn message_ids_are_told_for_pairing(fixture: &impl Fixture) {
    let mut session = session(fixture).await;
    fixture.deliver("INBOX", b"From: a@example.com\r\n\r\nNo id.\r\n");
    fixture.deliver("INBOX", b"Message-ID:\r\n <folded@x>\r\n\r\nFolded.\r\n");
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    let identified = session.identify("INBOX", listed).await.unwrap();
    let ids: Vec<Option<&str>> = identified.iter().map(|one| one.internet_message_id.as_deref()).collect();
    assert_eq!(ids, [None, Some("folded@x")]);
}

pub async fn a_wrong_password_halts_the_credential(fixture: &impl Fixture) {
    let secret = "not the password";
    let error = fixture.with_password(secret).open(Access::Look).await.err().unwrap();
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential));
    let fault = error.fault(SystemClock.now());
    assert_eq!(fault.code, FaultCode::Authentication);
    assert!(fault.hint.is_some() && !fault.retryable);
    assert!(!format!("{error:?} {fault:?}").contains(secret));
}

pub async fn a_server_that_stands_still_is_a_timeout(fixture: &impl Fixture) {
    fixture.deliver("INBOX", &raw_of("1@x", 300_000));
    let proxy = Proxy::start(fixture.upstream(), &[Fate::Stall { after: 100_000 }]).await;
    let mut session = fixture.behind(proxy.port).open(Access::Handle).await.unwrap();
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    let wanted = wanted(&listed, Extent::Whole);
    let fetched = tokio::time::timeout(Duration::from_secs(20), fetch(&mut *session, &wanted)).await.unwrap();
    let fault = fetched.unwrap_err().fault(SystemClock.now());
    assert_eq!(fault.code, FaultCode::Timeout);
    assert!(fault.retryable);
}

pub async fn a_connection_cut_in_the_middle_of_a_message_is_retried(fixture: &impl Fixture) {
    fixture.deliver("INBOX", &raw_of("1@x", 50_000));
    fixture.deliver("INBOX", &raw_of("2@x", 300_000));
    let proxy = Proxy::start(fixture.upstream(), &[Fate::Cut { after: 100_000 }, Fate::Pass]).await;
    let provider = fixture.behind(proxy.port);
    let mut session = provider.open(Access::Handle).await.unwrap();
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    let wanted = wanted(&listed, Extent::Whole);
    let mut stream = session.fetch("INBOX", &wanted).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(bytes(&first.outcome), raw_of("1@x", 50_000), "what came whole is told");
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.verdict(), Verdict::Retry { after: None, throttled: false });
    assert_eq!(error.fault(SystemClock.now()).code, FaultCode::Unreachable);
    assert!(error.ends_session() && stream.next().await.is_none());
    drop(stream);
    let mut again = provider.open(Access::Handle).await.unwrap();
    assert_eq!(fetch(&mut *again, &wanted).await.unwrap().len(), 2);
}

pub async fn a_closed_port_is_unreachable(fixture: &impl Fixture) {
    let error = fixture.behind(crate::harness::free_port()).open(Access::Look).await.err().unwrap();
    let fault = error.fault(SystemClock.now());
    assert_eq!(fault.code, FaultCode::Unreachable);
    assert!(fault.retryable && fault.hint.is_some());
}

pub async fn folders_tell_their_roles(fixture: &impl Fixture) {
    fixture.deliver("Größe & Länge/Unter", &raw("1@x"));
    let mut session = session(fixture).await;
    let folders = session.folders().await.unwrap();
    let with_role = |role| folders.iter().find(|one| one.role == Some(role)).map(|one| one.path.as_str());
    assert_eq!(with_role(FolderRole::Inbox), Some("INBOX"));
    assert_eq!(with_role(FolderRole::Trash), Some(fixture.trash()));
    let deep = folders.iter().find(|one| one.path == "Größe & Länge/Unter").unwrap();
    assert_eq!((deep.name.as_str(), deep.total, deep.unread), ("Unter", Some(1), Some(1)));
    assert_eq!(list_all(&mut *session, "Größe & Länge/Unter", None).await.0.len(), 1);
}
