//! The first listing of a full mailbox: in pages that a crash does not cost, with `since` applied in the ledger.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use sandbox::faults::Rule;
use sandbox::input::{self, Mail};
use serde_json::json;

use crate::harness::database::{Fresh, on_both};
use crate::harness::office365::Office365;
use crate::harness::rows::{count, lapse_leases};
use crate::harness::service::Service;

#[cfg(feature = "failpoints")]
on_both!(a_first_crawl_that_is_killed_between_its_pages_goes_on_where_it_was);
on_both!(a_position_that_is_lost_again_and_again_takes_nothing_in_twice);

const ADDRESS: &str = "archive@contoso.example";
/// Mail from before the job.
const OLD: usize = 1_700;
/// And since.
const NEW: usize = 25;

/// A mailbox with years of mail, and some that arrives a moment from now.
async fn full() -> Office365 {
    let office = Office365::judged(&[ADDRESS]).await;
    let year = office.state().clock.now() - TimeDelta::days(365);
    for number in 0..OLD {
        deliver(&office, &format!("old-{number}"), Some(year + TimeDelta::minutes(number as i64)));
    }
    office
}

fn deliver(office: &Office365, id: &str, received: Option<chrono::DateTime<Utc>>) {
    let raw = format!(
        "Message-ID: <{id}@test.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {id}\r\n\r\nHello\r\n"
    );
    let mail = Mail { raw: Bytes::from(raw), received, is_read: false };
    input::deliver(office.state(), ADDRESS, "inbox", mail).unwrap();
}

async fn until(what: &str, service: &Service, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(feature = "failpoints")]
async fn dies(service: &mut Service) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while service.ended().is_none() {
        assert!(Instant::now() < deadline, "it lives on\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Requests for pages of the folder: those that begin anew, and those that go on.
fn pages(office: &Office365) -> (usize, usize) {
    let asked = office.asked();
    let pages = asked.iter().filter(|asked| asked.contains("/messages/delta"));
    let (go_on, begin): (Vec<&String>, Vec<&String>) = pages.partition(|asked| asked.contains("token="));
    (begin.len(), go_on.len())
}

fn assert_nothing_is_filtered(office: &Office365) {
    for asked in office.asked().iter().filter(|asked| asked.contains("/messages")) {
        let query = asked.split_once('?').map_or("", |(_, query)| query);
        for option in query.split('&').filter_map(|option| option.split('=').next()) {
            assert!(
                !["$filter", "%24filter", "$search", "%24search", "changeType"].contains(&option),
                "{asked}"
            );
        }
        assert!(!asked.contains("receivedDateTime%20") && !asked.contains("receivedDateTime+"), "{asked}");
    }
}

#[cfg(feature = "failpoints")]
async fn a_first_crawl_that_is_killed_between_its_pages_goes_on_where_it_was(fresh: Fresh) {
    let office = full().await;
    let mut service = office.service(&fresh.url, &[]).await;
    let credential = office.credential(&service).await;
    // It dies when its second page is committed, and again before the third is.
    service.restart(&[("FAILPOINTS", "list.committed=1*off->return")]).await;
    let job = json!({ "folder": "INBOX" });
    office.desk(&service, &credential, ADDRESS, job, &[]).await;
    for number in 0..NEW {
        deliver(&office, &format!("new-{number}"), None);
    }
    dies(&mut service).await;
    assert_eq!(pages(&office), (1, 1), "two pages");
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake").await, 1_000);
    lapse_leases(&fresh).await;
    service.spawn(&[("FAILPOINTS", "list.before_commit=return")]);
    dies(&mut service).await;
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake").await, 1_000);
    lapse_leases(&fresh).await;
    service.restart(&[]).await;

    until("the new ones are in", &service, async || {
        count(&fresh, "SELECT count(*) FROM message WHERE state = 'PROCESSED'").await == NEW as i64
    })
    .await;
    let (begun, _) = pages(&office);
    assert_eq!(begun, 1, "it never began anew");
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake WHERE state = 'OLD'").await, OLD as i64);
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake").await, (OLD + NEW) as i64);
    assert_eq!(count(&fresh, "SELECT count(*) FROM message").await, NEW as i64);
    let values = office.asked().into_iter().filter(|asked| asked.contains("/$value"));
    assert_eq!(values.collect::<BTreeSet<String>>().len(), NEW, "old mail is not read");
    assert_nothing_is_filtered(&office);
}

async fn a_position_that_is_lost_again_and_again_takes_nothing_in_twice(fresh: Fresh) {
    let office = full().await;
    // Three times in the middle of the first crawl, and once in each of some rounds after it.
    let lost = |every, count| Rule {
        path: Some("**/delta".to_owned()),
        expire_delta: true,
        every: Some(every),
        count: Some(count),
        ..Rule::default()
    };
    office.state().faults.add(lost(3, 3)).unwrap();
    let service = office.service(&fresh.url, &[("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "1")]).await;
    let credential = office.credential(&service).await;
    office.desk(&service, &credential, ADDRESS, json!({ "folder": "INBOX" }), &[]).await;
    let messages = async || count(&fresh, "SELECT count(*) FROM message").await;
    for number in 0..NEW {
        deliver(&office, &format!("new-{number}"), None);
    }
    until("the new ones are in", &service, async || messages().await >= NEW as i64).await;
    for number in 0..3 {
        office.state().faults.add(lost(1, 1)).unwrap();
        deliver(&office, &format!("newer-{number}"), None);
        until("the next one is in", &service, async || messages().await > (NEW + number) as i64).await;
    }
    let total = (NEW + 3) as i64;
    until("nothing is left to do", &service, async || {
        count(&fresh, "SELECT count(*) FROM message WHERE disposition_state = 'PENDING'").await == 0
    })
    .await;
    let (begun, _) = pages(&office);
    assert!(begun >= 1 + 3 + 3, "it began {begun} times");
    assert_eq!(messages().await, total);
    assert_eq!(count(&fresh, "SELECT count(*) FROM message_source").await, total);
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake WHERE state = 'OLD'").await, OLD as i64);
    let twice =
        "SELECT count(*) FROM (SELECT source_id FROM intake GROUP BY source_id HAVING count(*) > 1) AS twice";
    assert_eq!(count(&fresh, twice).await, 0);
    assert_nothing_is_filtered(&office);
}
