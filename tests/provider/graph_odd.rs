//! Graph when things go wrong: positions lost, answers lost, throttles, damaged messages, forged links.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use mailroom::domain::fault::{FaultCode, Verdict};
use mailroom::domain::handling::Disposition;
use mailroom::provider::{
    Access, DisposeOutcome, Error, Extent, FetchOutcome, Order, Position, PurgeOrder, Session, Wanted,
};
use sandbox::faults::Rule;
use sandbox::sample;
use sandbox::switches::GoneSays;

use super::graph::{delivered, list_all, moved, office, order, raw};
use crate::harness::description::faults;
use crate::harness::free_port;
use crate::harness::office::{Office, Tenant};
use crate::harness::proxy::{Fate, Proxy};

async fn handling(office: &Office<'_>) -> Box<dyn Session> {
    office.provider().open(Access::Handle).await.unwrap()
}

fn refused(status: u16, code: &str) -> Rule {
    Rule { status: Some(status), code: Some(code.to_owned()), ..Rule::default() }
}

async fn fetched(
    session: &mut dyn Session,
    ids: impl IntoIterator<Item = &String>,
) -> Vec<Result<mailroom::provider::Fetched, Error>> {
    let wanted: Vec<Wanted> = ids
        .into_iter()
        .map(|id| Wanted { source_id: id.clone(), size: 100, extent: Extent::Whole })
        .collect();
    session.fetch("INBOX", &wanted).await.unwrap().collect().await
}

#[tokio::test]
async fn a_lost_position_starts_the_listing_anew_in_the_same_call_however_it_is_said() {
    let tenant = Tenant::start(faults).await;
    for says in [GoneSays::SyncStateNotFound, GoneSays::ResyncRequired, GoneSays::Nothing] {
        tenant.state.switch(|switches| switches.gone_says = says);
        let office = Office::new(&tenant, &format!("lost-{says:?}").to_lowercase());
        let mut session = handling(&office).await;
        let (before, position) = delivered(&office, &mut *session, &["1@x", "2@x"]).await;
        office.fault(Rule { expire_delta: true, count: Some(1), ..Rule::default() });
        office.deliver("INBOX", &raw("3@x"));
        let (after, _) = list_all(&mut *session, "INBOX", Some(position)).await;
        assert_eq!(after.len(), 3, "{says:?}");
        assert_eq!(after[..2], before, "the same ids, which the ledger knows");
    }
}

#[tokio::test]
async fn a_position_lost_in_the_middle_of_a_crawl_loses_nothing() {
    let office = office("lost-midway");
    for n in 0..1100 {
        office.deliver("INBOX", &raw(&format!("{n}@x")));
    }
    let mut session = handling(&office).await;
    let first = session.list("INBOX", None).await.unwrap();
    assert!(first.more && first.listed.len() == 500);
    office.fault(Rule {
        query: Some("skiptoken".to_owned()),
        count: Some(1),
        ..refused(410, "syncStateNotFound")
    });
    // Another session, as after a crash.
    let mut again = handling(&office).await;
    let (rest, _) = list_all(&mut *again, "INBOX", Some(first.position.clone())).await;
    let ids: BTreeSet<&String> = rest.iter().chain(&first.listed).map(|one| &one.source_id).collect();
    assert_eq!(ids.len(), 1100);
    assert_eq!(rest.len(), 1100, "listed anew from its beginning");
    let (resumed, _) = list_all(&mut *handling(&office).await, "INBOX", Some(first.position)).await;
    assert_eq!(resumed.len(), 600, "and resumed by the link where that is not lost");
}

#[tokio::test]
async fn a_listing_that_always_loses_its_position_fails_instead_of_going_round() {
    let office = office("always-lost");
    let mut session = handling(&office).await;
    let (_, position) = delivered(&office, &mut *session, &["1@x"]).await;
    office.fault(Rule { expire_delta: true, ..Rule::default() });
    let mut ends = Vec::new();
    for _ in 0..5 {
        ends.push(session.list("INBOX", Some(&position)).await);
    }
    let error = ends.pop().unwrap().unwrap_err();
    assert!(matches!(error.verdict(), Verdict::Retry { .. }));
    assert!(error.to_string().contains("loses its position again and again"), "{error}");
    assert!(ends[0].is_ok());
}

#[tokio::test]
async fn a_forged_link_gets_no_token() {
    let office = office("forged");
    let mut session = handling(&office).await;
    let (_, position) = delivered(&office, &mut *session, &["1@x"]).await;
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = trap.local_addr().unwrap();
    let (folder, _) = position.token.split_once(' ').unwrap();
    for link in [format!("http://{at}/v1.0/users/x/messages/delta"), format!("http://127.0.0.1@{at}/v1.0/x")]
    {
        let forged = Position { token: format!("{folder} {link}"), ..position.clone() };
        let error = session.list("INBOX", Some(&forged)).await.unwrap_err();
        assert!(error.to_string().contains("a link leads to another host"), "{error}");
    }
    assert!(futures::poll!(Box::pin(trap.accept())).is_pending(), "someone came to the trap");
}

#[tokio::test]
async fn a_renamed_folder_is_not_followed_by_its_link() {
    let office = office("renamed");
    office.deliver("Support", &raw("old@x"));
    let mut session = handling(&office).await;
    let (_, position) = list_all(&mut *session, "Support", None).await;
    let key = office.folder("Support");
    office.world(|mailbox| mailbox.change_folder(key, Some("Old"), None).unwrap());
    let error = handling(&office).await.list("Support", Some(&position)).await.unwrap_err();
    assert_eq!(error.to_string(), "the folder Support does not exist");
    office.deliver("Support", &raw("new@x"));
    let (listed, _) = list_all(&mut *handling(&office).await, "Support", Some(position)).await;
    let ids: Vec<Option<&str>> = listed.iter().map(|one| one.internet_message_id.as_deref()).collect();
    assert_eq!(ids, [Some("new@x")]);
}

#[tokio::test]
async fn a_move_whose_answer_is_lost_leaves_one_copy() {
    let office = office("lost-move");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x", "2@x", "3@x", "4@x"]).await;
    office.fault(Rule {
        path: Some("/users/*/messages/*/move".to_owned()),
        lose_answer: true,
        count: Some(2),
        ..Rule::default()
    });
    let orders: Vec<Order> = listed.iter().map(|one| order(one, moved("Done"))).collect();
    for one in session.dispose("INBOX", &orders).await.unwrap() {
        assert!(
            matches!(&one.outcome, DisposeOutcome::Done { moved_to: Some(place), .. } if place.folder == "Done"),
            "{one:?}"
        );
    }
    assert_eq!(office.seen("Done").len(), 4);
    assert!(office.seen("INBOX").is_empty());
    let moves = office.asked().iter().map(|one| one.body.matches("/move\"").count()).sum::<usize>();
    assert!(moves <= 4 + 2, "{moves} moves for 4 messages");
}

#[tokio::test]
async fn the_lost_answer_of_a_whole_batch_is_looked_for() {
    let office = office("lost-batch");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x", "2@x"]).await;
    // Only the second batch, which moves; the tenant is shared, so it is known by its path alone.
    let tenant = Tenant::start(faults).await;
    drop((session, listed));
    let office = Office::new(&tenant, "lost-batch-alone");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x", "2@x"]).await;
    let rule = Rule { path: Some("/$batch".to_owned()), nth: Some(2), lose_answer: true, ..Rule::default() };
    tenant.state.faults.add(rule).unwrap();
    let orders: Vec<Order> = listed.iter().map(|one| order(one, moved("Done"))).collect();
    for one in session.dispose("INBOX", &orders).await.unwrap() {
        assert!(matches!(one.outcome, DisposeOutcome::Done { moved_to: Some(_), .. }), "{one:?}");
    }
    assert_eq!(office.seen("Done").len(), 2);
}

#[tokio::test]
async fn a_throttled_entry_of_a_batch_is_repeated_alone() {
    let office = office("throttled-entry");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x", "2@x", "3@x"]).await;
    office.fault(Rule {
        method: Some("PATCH".to_owned()),
        nth: Some(2),
        retry_after: Some(1),
        ..refused(429, "ApplicationThrottled")
    });
    let begun = Instant::now();
    let orders: Vec<Order> = listed.iter().map(|one| order(one, Disposition::READ)).collect();
    for one in session.dispose("INBOX", &orders).await.unwrap() {
        assert!(matches!(one.outcome, DisposeOutcome::Done { .. }), "{one:?}");
    }
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let patches = office.asked().iter().map(|one| one.body.matches("PATCH").count()).sum::<usize>();
    assert_eq!(patches, 4);
}

#[tokio::test]
async fn a_throttled_read_waits_as_long_as_it_is_told_and_goes_on() {
    let office = office("throttled-read");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x"]).await;
    office.fault(Rule {
        path: Some("/users/*/messages/*/$value".to_owned()),
        count: Some(1),
        retry_after: Some(2),
        ..refused(429, "TooManyRequests")
    });
    let begun = Instant::now();
    let got = fetched(&mut *session, [&listed[0].source_id]).await;
    assert!(matches!(got[0].as_ref().unwrap().outcome, FetchOutcome::Raw(_)), "{got:?}");
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_long_throttle_is_told_with_its_time_and_nothing_is_sent_meanwhile() {
    let office = office("throttled-long");
    let mut session = handling(&office).await;
    let (_, position) = delivered(&office, &mut *session, &["1@x"]).await;
    office.fault(Rule { retry_after: Some(3000), ..refused(429, "ApplicationThrottled") });
    for _ in 0..3 {
        let error = session.list("INBOX", Some(&position)).await.unwrap_err();
        let Verdict::Retry { after: Some(after), throttled: true } = error.verdict() else {
            panic!("{error:?}")
        };
        assert!(after > Duration::from_secs(2900), "{after:?}");
    }
    let deltas = office.asked().iter().filter(|one| one.path.contains("deltatoken")).count();
    assert_eq!(deltas, 1, "the circuit is open");
}

#[tokio::test]
async fn a_damaged_message_is_refused_and_the_others_are_fetched() {
    let office = office("damaged");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x", "2@x", "3@x"]).await;
    for (status, code) in [(500, "ErrorMimeContentConversionFailed"), (400, "ErrorCorruptData")] {
        office.fault(Rule {
            path: Some(format!("/users/*/messages/{}/$value", listed[1].source_id)),
            count: Some(1),
            ..refused(status, code)
        });
        let got = fetched(&mut *session, listed.iter().map(|one| &one.source_id)).await;
        assert_eq!(got.len(), 3);
        for one in got {
            let one = one.unwrap();
            match one.outcome {
                FetchOutcome::Raw(_) => assert_ne!(one.source_id, listed[1].source_id),
                FetchOutcome::Refused(error) => {
                    assert_eq!(one.source_id, listed[1].source_id);
                    assert_eq!(error.verdict(), Verdict::Reject, "{error}");
                    let fault = error.fault(chrono::DateTime::UNIX_EPOCH);
                    assert_eq!(fault.code, FaultCode::InvalidMessage);
                    assert_eq!(fault.provider_code.as_deref(), Some(code));
                }
                FetchOutcome::Gone => panic!("gone"),
            }
        }
    }
}

#[tokio::test]
async fn an_outage_ends_the_fetch_and_marks_no_message() {
    let office = office("outage");
    let mut session = handling(&office).await;
    let ids: Vec<String> = (0..8).map(|n| format!("{n}@x")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (listed, _) = delivered(&office, &mut *session, &ids).await;
    office.fault(Rule {
        path: Some("/users/*/messages/*/$value".to_owned()),
        ..refused(503, "serviceNotAvailable")
    });
    let got = fetched(&mut *session, listed.iter().map(|one| &one.source_id)).await;
    let last = got.last().unwrap();
    assert!(last.is_err() && got.len() <= 3, "{got:?}");
}

#[tokio::test]
async fn a_truncated_body_is_read_again() {
    let office = office("truncated");
    let mut session = handling(&office).await;
    let big = [raw("1@x"), vec![b'x'; 100_000]].concat();
    office.deliver("INBOX", &big);
    let (listed, _) = list_all(&mut *session, "INBOX", None).await;
    office.fault(Rule {
        path: Some("/users/*/messages/*/$value".to_owned()),
        truncate: Some(50_000),
        count: Some(2),
        ..Rule::default()
    });
    let got = fetched(&mut *session, [&listed[0].source_id]).await;
    let FetchOutcome::Raw(bytes) = &got[0].as_ref().unwrap().outcome else { panic!("{got:?}") };
    assert!(*bytes == big, "{} bytes of {}", bytes.len(), big.len());
    office.fault(Rule {
        path: Some("/users/*/messages/*/$value".to_owned()),
        truncate: Some(50_000),
        ..Rule::default()
    });
    let got = fetched(&mut *session, [&listed[0].source_id]).await;
    let error = got[0].as_ref().unwrap_err();
    assert!(matches!(error, Error::Closed { midway: true }), "{error:?}");
    assert_eq!(error.verdict(), Verdict::Retry { after: None, throttled: false });
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_anew() {
    let office = office("cut");
    office.deliver("INBOX", &raw("1@x"));
    let proxy = Proxy::start(office.tenant.port, &[Fate::Cut { after: 100 }, Fate::Pass]).await;
    let login = office.login(sample::CLIENT_ID, sample::SECRET);
    let mut session = office.connect(login, proxy.port, &[]).open(Access::Handle).await.unwrap();
    assert_eq!(list_all(&mut *session, "INBOX", None).await.0.len(), 1);
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let office = office("closed-port");
    let login = office.login(sample::CLIENT_ID, sample::SECRET);
    let provider = office.connect(login, free_port(), &[]);
    let error = provider.open(Access::Look).await.unwrap().list("INBOX", None).await.unwrap_err();
    let fault = error.fault(chrono::DateTime::UNIX_EPOCH);
    assert_eq!(fault.code, FaultCode::Unreachable, "{error}");
    assert!(fault.retryable && fault.hint.is_some());
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let office = office("renewed");
    let mut session = handling(&office).await;
    office.fault(Rule { count: Some(1), ..refused(401, "InvalidAuthenticationToken") });
    session.list("INBOX", None).await.unwrap();
    office.fault(refused(401, "InvalidAuthenticationToken"));
    let before = office.asked().len();
    let error = session.list("INBOX", None).await.unwrap_err();
    assert_eq!(error.fault(chrono::DateTime::UNIX_EPOCH).code, FaultCode::Authentication, "{error}");
    assert_eq!(office.asked().len() - before, 2, "asked with two tokens, and no more");
}

#[tokio::test]
async fn a_conflict_is_given_way_to() {
    let office = office("conflict");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x"]).await;
    office.fault(Rule {
        method: Some("PATCH".to_owned()),
        count: Some(2),
        ..refused(412, "ErrorIrresolvableConflict")
    });
    let disposed = session.dispose("INBOX", &[order(&listed[0], Disposition::READ)]).await.unwrap();
    assert!(matches!(disposed[0].outcome, DisposeOutcome::Done { .. }), "{disposed:?}");
    assert_eq!(office.seen("INBOX").get("1@x"), Some(&true));
}

#[tokio::test]
async fn ids_with_awkward_characters_are_encoded_once() {
    let office = office("awkward");
    office.world(|mailbox| mailbox.awkward_ids = true);
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x", "2@x", "3@x"]).await;
    let odd = |id: &str| id.contains(['+', '/', '=']);
    let got = fetched(&mut *session, listed.iter().map(|one| &one.source_id)).await;
    assert!(got.iter().all(|one| matches!(one.as_ref().unwrap().outcome, FetchOutcome::Raw(_))), "{got:?}");
    // Someone else's ids are what they are: Graph takes either kind.
    let key = office.message("INBOX", "1@x");
    let mutable =
        office.world(|mailbox| mailbox.id_of(mailbox.message(key).unwrap(), sandbox::world::IdKind::Mutable));
    assert!(odd(&mutable), "{mutable}");
    let got = fetched(&mut *session, [&mutable]).await;
    assert!(matches!(got[0].as_ref().unwrap().outcome, FetchOutcome::Raw(_)), "{got:?}");
}

#[tokio::test]
async fn a_message_that_comes_twice_is_listed_once() {
    let office = office("twice");
    let mut session = handling(&office).await;
    let (_, position) = delivered(&office, &mut *session, &["1@x"]).await;
    for _ in 0..3 {
        office.carry_off("INBOX", "1@x", "Theirs");
        office.carry_off("Theirs", "1@x", "INBOX");
    }
    let (listed, _) = list_all(&mut *session, "INBOX", Some(position)).await;
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn without_permanent_delete_a_purge_is_refused_with_the_way_out() {
    let tenant = Tenant::start(faults).await;
    tenant.state.switch(|switches| switches.permanent_delete = false);
    let office = Office::new(&tenant, "national");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x"]).await;
    let deleted =
        Disposition { original: mailroom::domain::handling::OriginalFate::Delete, ..Disposition::READ };
    let disposed = session.dispose("INBOX", &[order(&listed[0], deleted)]).await.unwrap();
    let DisposeOutcome::Done { moved_to: Some(place), .. } = disposed[0].outcome.clone() else {
        panic!("{disposed:?}")
    };
    let purge = PurgeOrder { key: "k".to_owned(), place, internet_message_id: None };
    let purged = session.purge(&[purge]).await.unwrap();
    let DisposeOutcome::Refused(error) = &purged[0].outcome else { panic!("{purged:?}") };
    assert!(error.to_string().contains("permanentDelete"), "{error}");
    assert!(error.fault(chrono::DateTime::UNIX_EPOCH).hint.unwrap().contains("retention policy"));
    assert_eq!(office.seen("Deleted Items").len(), 1);
}

#[tokio::test]
async fn a_purge_whose_answer_is_lost_is_done() {
    let office = office("lost-purge");
    let mut session = handling(&office).await;
    let (listed, _) = delivered(&office, &mut *session, &["1@x"]).await;
    let deleted =
        Disposition { original: mailroom::domain::handling::OriginalFate::Delete, ..Disposition::READ };
    let disposed = session.dispose("INBOX", &[order(&listed[0], deleted)]).await.unwrap();
    let DisposeOutcome::Done { moved_to: Some(place), .. } = disposed[0].outcome.clone() else {
        panic!("{disposed:?}")
    };
    office.fault(Rule {
        path: Some("/users/*/messages/*/permanentDelete".to_owned()),
        lose_answer: true,
        count: Some(1),
        ..Rule::default()
    });
    let purge = PurgeOrder { key: "k".to_owned(), place, internet_message_id: None };
    let purged = session.purge(&[purge]).await.unwrap();
    assert!(matches!(purged[0].outcome, DisposeOutcome::Done { .. }), "{purged:?}");
    assert!(office.seen("Deleted Items").is_empty());
}
