//! Someone else works in the mailbox meanwhile: what a person did stands.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk::{self, Desk};
use crate::harness::dovecot::Dovecot;
use crate::harness::rows::{count, lapse_leases, text};
use crate::harness::service::Service;

const USER: &str = "shared";
const MESSAGES: &str = "SELECT count(*) FROM message";

on_both!(
    what_was_marked_unread_or_flagged_after_us_stays_so,
    what_was_moved_back_stays_where_it_is_and_is_not_taken_in_again,
    what_was_deleted_before_it_was_fetched_holds_up_nothing,
    what_was_deleted_moved_or_flagged_before_its_disposition_stands,
    what_was_moved_away_before_its_move_stays_there,
);

async fn what_was_marked_unread_or_flagged_after_us_stays_so(fresh: Fresh) {
    let (dovecot, service, desk) = start(&fresh, json!({ "since": null })).await;
    deliver(&dovecot, &["a", "b", "c"]);
    take_in(&service, &desk).await;
    let mut person = dovecot.person(USER);
    assert_eq!(flags(&mut person, "INBOX"), ["a \\Seen", "b \\Seen", "c \\Seen"]);
    person.open("INBOX").run("UID STORE 1 -FLAGS (\\Seen)");
    person.run("UID STORE 2 +FLAGS (\\Flagged \\Answered)");
    person.run("UID STORE 3 +FLAGS (\\Deleted)");
    take_in(&service, &desk).await;
    let found = flags(&mut person, "INBOX");
    assert_eq!(found, ["a", "b \\Answered \\Flagged \\Seen", "c \\Deleted \\Seen"]);
    assert_eq!(count(&fresh, MESSAGES).await, 3);
}

async fn what_was_moved_back_stays_where_it_is_and_is_not_taken_in_again(fresh: Fresh) {
    let (dovecot, service, desk) = start(&fresh, moving()).await;
    deliver(&dovecot, &["a", "b"]);
    take_in(&service, &desk).await;
    let mut person = dovecot.person(USER);
    assert_eq!(flags(&mut person, "Done"), ["a \\Seen", "b \\Seen"]);
    person.open("Done").run("UID MOVE 1 INBOX");
    take_in(&service, &desk).await;
    assert_eq!(flags(&mut person, "INBOX"), ["a \\Seen"], "it stays where the person put it");
    assert_eq!(flags(&mut person, "Done"), ["b \\Seen"]);
    assert_eq!(count(&fresh, MESSAGES).await, 2, "it is still the same message");
}

async fn what_was_deleted_before_it_was_fetched_holds_up_nothing(fresh: Fresh) {
    let (dovecot, mut service, desk) = start(&fresh, json!({ "since": null })).await;
    service.kill();
    deliver(&dovecot, &["a", "b", "c"]);
    killed_at(&mut service, "list.committed").await;
    let mut person = dovecot.person(USER);
    person.open("INBOX").run("UID STORE 2 +FLAGS (\\Deleted)");
    person.run("EXPUNGE");
    restart(&fresh, &mut service).await;
    take_in(&service, &desk).await;
    assert_eq!(flags(&mut person, "INBOX"), ["a \\Seen", "c \\Seen"]);
    assert_eq!(count(&fresh, MESSAGES).await, 2);
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake WHERE state = 'GONE'").await, 1);
}

async fn what_was_deleted_moved_or_flagged_before_its_disposition_stands(fresh: Fresh) {
    let (dovecot, mut service, desk) = start(&fresh, json!({ "since": null })).await;
    dovecot.folder(USER, "Elsewhere");
    service.kill();
    deliver(&dovecot, &["a", "b", "c", "d"]);
    killed_at(&mut service, "dispose.before").await;
    assert_eq!(count(&fresh, PENDING).await, 4, "committed, and not disposed of");
    let mut person = dovecot.person(USER);
    person.open("INBOX").run("UID STORE 1 +FLAGS (\\Deleted)");
    person.run("EXPUNGE");
    person.run("UID MOVE 2 Elsewhere");
    person.run("UID STORE 3 +FLAGS (\\Flagged)");
    restart(&fresh, &mut service).await;
    take_in(&service, &desk).await;
    assert_eq!(flags(&mut person, "INBOX"), ["c \\Flagged \\Seen", "d \\Seen"]);
    assert_eq!(flags(&mut person, "Elsewhere"), ["b"], "what a person moved is not ours any more");
    assert_eq!(count(&fresh, MESSAGES).await, 4);
    assert_eq!(count(&fresh, PENDING).await, 0, "nothing waits for what is gone");
    assert_eq!(count(&fresh, "SELECT count(*) FROM message WHERE disposition_state = 'DONE'").await, 4);
    let note = "SELECT disposition_note FROM message WHERE subject = 'a'";
    assert!(text(&fresh, note).await.is_some(), "it is noted that there was nothing to do");
}

async fn what_was_moved_away_before_its_move_stays_there(fresh: Fresh) {
    let (dovecot, mut service, desk) = start(&fresh, moving()).await;
    dovecot.folder(USER, "Elsewhere");
    service.kill();
    deliver(&dovecot, &["a", "b", "c"]);
    killed_at(&mut service, "dispose.done_unrecorded").await;
    // Moved by us, unrecorded; a person takes one of them out of the target, another away for good.
    let mut person = dovecot.person(USER);
    assert_eq!(flags(&mut person, "Done"), ["a \\Seen", "b \\Seen", "c \\Seen"]);
    person.open("Done").run("UID MOVE 1 Elsewhere");
    person.run("UID STORE 2 +FLAGS (\\Deleted)");
    person.run("EXPUNGE");
    restart(&fresh, &mut service).await;
    take_in(&service, &desk).await;
    assert_eq!(flags(&mut person, "INBOX"), Vec::<String>::new());
    assert_eq!(flags(&mut person, "Done"), ["c \\Seen"]);
    assert_eq!(flags(&mut person, "Elsewhere"), ["a \\Seen"]);
    assert_eq!(count(&fresh, MESSAGES).await, 3);
    assert_eq!(count(&fresh, PENDING).await, 0);
}

const PENDING: &str = "SELECT count(*) FROM message WHERE disposition_state = 'PENDING'";

fn moving() -> Value {
    let done = json!({ "markRead": true, "original": "MOVE", "folder": "Done" });
    json!({ "since": null, "handling": { "onSuccess": done } })
}

/// A mailbox with an empty INBOX, whose job has listed it once.
async fn start(fresh: &Fresh, job: Value) -> (Dovecot, Service, Desk) {
    let dovecot = Dovecot::start();
    dovecot.folder(USER, "INBOX");
    dovecot.folder(USER, "Done");
    let variables =
        [("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1"), ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "1")];
    let service = Service::start_with(&fresh.url, &variables).await;
    let desk = desk::create(&service, dovecot.port, USER, job).await;
    take_in(&service, &desk).await;
    (dovecot, service, desk)
}

fn deliver(dovecot: &Dovecot, subjects: &[&str]) {
    for subject in subjects {
        let raw = format!(
            "From: Ann <ann@test.example>\r\nTo: shared@mailroom.example\r\nSubject: {subject}\r\n\
             Message-ID: <{subject}@test.example>\r\nDate: Mon, 5 Jan 2026 08:00:00 +0000\r\n\r\nabout {subject}\r\n"
        );
        dovecot.deliver(USER, "INBOX", raw.as_bytes());
    }
}

/// Starts the service, which dies at the kill point.
async fn killed_at(service: &mut Service, point: &str) {
    service.spawn(&[("FAILPOINTS", &format!("{point}=return"))]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while service.ended().is_none() {
        assert!(Instant::now() < deadline, "{point} is not reached:\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn restart(fresh: &Fresh, service: &mut Service) {
    lapse_leases(fresh).await;
    service.restart(&[]).await;
}

/// Two runs, the second of which began after everything that was done before.
async fn take_in(service: &Service, desk: &Desk) {
    for _ in 0..2 {
        let run = desk::run_job(service, &desk.job, Duration::from_secs(60)).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run:#}\n{}", service.log());
    }
}

/// Each message of a folder: the name in its Message-ID, and its flags in order.
fn flags(person: &mut crate::harness::person::Person, folder: &str) -> Vec<String> {
    let names = person.message_ids(folder);
    let flags = person.flags(folder);
    let told = names.iter().zip(flags).map(|(name, (_, mut flags))| {
        flags.retain(|flag| flag != "\\Recent");
        flags.sort();
        let name = name.trim_start_matches('<').split('@').next().unwrap_or_default();
        [&[name.to_owned()], flags.as_slice()].concat().join(" ")
    });
    told.collect()
}
