//! Mail that someone marks unread again is processed again, once for each time: over IMAP, where the folder is searched, and
//! by Graph, whose listing tells of it.

use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::office365::Office365;
use crate::harness::rows::count;
use crate::harness::service::Service;

on_both!(on_a_dovecot, on_office_365);
#[cfg(feature = "failpoints")]
on_both!(whenever_it_is_killed_each_mark_counts_once);

const ADDRESS: &str = "unread@contoso.example";
const USER: &str = "unread";

fn job() -> Value {
    let read = json!({ "markRead": true });
    json!({ "since": null, "selection": "UNREAD", "schedule": null,
            "handling": { "onSuccess": read, "onIgnored": read, "onFailure": read } })
}

fn mail(name: &str) -> Vec<u8> {
    format!(
        "From: Ann <ann@test.example>\r\nTo: desk@mailroom.example\r\nSubject: {name}\r\n\
         Message-ID: <{name}@test.example>\r\nDate: Mon, 5 Jan 2026 08:00:00 +0000\r\n\r\nText\r\n"
    )
    .into_bytes()
}

/// Runs the job; how many it processed. A check that finds nothing has no run of its own but the one that was asked for.
async fn processed(service: &Service, job: &str) -> i64 {
    let run = desk::run_job(service, job, Duration::from_secs(60)).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run:#}\n{}", service.log());
    run["progress"]["processed"].as_i64().unwrap()
}

/// Waits until all that is to be done is done.
async fn done(fresh: &Fresh) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while count(fresh, "SELECT count(*) FROM message WHERE disposition_state = 'PENDING'").await > 0 {
        assert!(Instant::now() < deadline, "something is left to do");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// `mark` gives the message of that name another mark, as a person does.
async fn judge(
    fresh: &Fresh,
    service: &Service,
    job: &str,
    mark: impl Fn(&str, bool),
    read: impl Fn() -> Vec<bool>,
) {
    mark("old", true);
    assert_eq!(processed(service, job).await, 1, "what is read is left alone");
    assert_eq!(read(), [true, true]);
    for _ in 0..2 {
        assert_eq!(processed(service, job).await, 0, "our own mark is no person's");
        mark("new", false);
        assert_eq!(processed(service, job).await, 1);
        done(fresh).await;
        assert_eq!(read(), [true, true]);
    }
    mark("old", false);
    assert_eq!(processed(service, job).await, 1);
    done(fresh).await;
    assert_eq!(processed(service, job).await, 0);
    assert_eq!(read(), [true, true]);
    assert_eq!(count(fresh, "SELECT count(*) FROM message").await, 2);
    assert_eq!(count(fresh, "SELECT count(*) FROM process_instance").await, 2);
}

async fn on_a_dovecot(fresh: Fresh) {
    let dovecot = Dovecot::start();
    dovecot.deliver(USER, "INBOX", &mail("old"));
    dovecot.deliver(USER, "INBOX", &mail("new"));
    let service = Service::start_with(&fresh.url, &[]).await;
    let desk = desk::create(&service, dovecot.port, USER, job()).await;
    let mark = |name: &str, read: bool| {
        let mut person = dovecot.person(USER);
        let uid = if name == "old" { 1 } else { 2 };
        let sign = if read { '+' } else { '-' };
        person.open("INBOX").run(&format!("UID STORE {uid} {sign}FLAGS (\\Seen)"));
    };
    let read = || {
        let flags = dovecot.person(USER).flags("INBOX");
        flags.iter().map(|(_, flags)| flags.iter().any(|flag| flag == "\\Seen")).collect()
    };
    judge(&fresh, &service, &desk.job, mark, read).await;
}

async fn on_office_365(fresh: Fresh) {
    let office = Office365::judged(&[ADDRESS]).await;
    office.deliver(ADDRESS, "inbox", &mail("old"), None);
    office.deliver(ADDRESS, "inbox", &mail("new"), None);
    let service = office.service(&fresh.url, &[]).await;
    let credential = office.credential(&service).await;
    let desk = office.desk(&service, &credential, ADDRESS, job(), &[]).await;
    let mark = |name: &str, read: bool| {
        let mut world = office.state().world_mut();
        let mailbox = world.tenants.iter_mut().find_map(|tenant| tenant.mailbox_mut(ADDRESS)).unwrap();
        let id = format!("<{name}@test.example>");
        let mut messages = mailbox.messages();
        let key = messages.find(|one| one.envelope.internet_message_id.as_ref() == Some(&id)).unwrap().key;
        drop(messages);
        #[expect(clippy::disallowed_methods, reason = "a person's own time")]
        let now = Utc::now();
        mailbox.change(key, now, |message| message.is_read = read).unwrap();
    };
    let read = || {
        let world = office.state().world();
        let mailbox = world.tenants.iter().find_map(|tenant| tenant.mailbox(ADDRESS)).unwrap();
        mailbox.messages().map(|message| message.is_read).collect()
    };
    judge(&fresh, &service, &desk.job, mark, read).await;
}

/// Everything that is passed from the mark to the end of what follows.
#[cfg(feature = "failpoints")]
const KILLS: [&str; 8] = [
    "unread.before_commit",
    "unread.committed",
    "reprocess.begin",
    "reprocess.before_commit",
    "reprocess.committed",
    "dispose.before",
    "dispose.done_unrecorded",
    "dispose.recorded",
];

#[cfg(feature = "failpoints")]
async fn whenever_it_is_killed_each_mark_counts_once(fresh: Fresh) {
    let dovecot = Dovecot::start();
    dovecot.deliver(USER, "INBOX", &mail("new"));
    let variables =
        [("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1"), ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "1")];
    let mut service = Service::start_with(&fresh.url, &variables).await;
    let mut job = job();
    job.as_object_mut().unwrap().remove("schedule");
    desk::create(&service, dovecot.port, USER, job).await;
    let processed =
        "SELECT CAST(COALESCE(SUM(processed), 0) AS BIGINT) FROM run WHERE finished_at IS NOT NULL";
    let passes = async |expected: i64, service: &mut Service| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while count(&fresh, processed).await != expected {
            assert!(
                Instant::now() < deadline,
                "{} of {expected}\n{}",
                count(&fresh, processed).await,
                service.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        done(&fresh).await;
    };
    passes(1, &mut service).await;
    for (number, point) in KILLS.into_iter().enumerate() {
        service.kill();
        crate::harness::rows::lapse_leases(&fresh).await;
        dovecot.person(USER).open("INBOX").run("UID STORE 1 -FLAGS (\\Seen)");
        service.spawn(&[("FAILPOINTS", &format!("{point}=return"))]);
        let deadline = Instant::now() + Duration::from_secs(60);
        while service.ended().is_none() {
            assert!(Instant::now() < deadline, "{point} is not reached:\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        crate::harness::rows::lapse_leases(&fresh).await;
        service.restart(&[]).await;
        passes(number as i64 + 2, &mut service).await;
        let flags = dovecot.person(USER).flags("INBOX");
        assert!(flags[0].1.iter().any(|flag| flag == "\\Seen"), "{point}: {flags:?}");
    }
    assert_eq!(count(&fresh, "SELECT count(*) FROM message").await, 1);
    assert_eq!(count(&fresh, "SELECT count(*) FROM process_instance").await, 1);
}
