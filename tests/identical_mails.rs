//! Which mails are one and the same: never two that were delivered, always one that was renumbered.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::rows::count;
use crate::harness::service::Service;

const USER: &str = "twins";
const MESSAGES: &str = "SELECT count(*) FROM message";
const SOURCES: &str = "SELECT count(*) FROM message_source";

on_both!(
    what_is_delivered_twice_is_two_messages,
    a_renumbered_folder_gives_no_second_message,
    a_mailbox_of_ten_thousand_old_mails_gives_none,
);

async fn what_is_delivered_twice_is_two_messages(fresh: Fresh) {
    let dovecot = Dovecot::start();
    let service = Service::start(&fresh.url).await;
    let job = desk::create(&service, dovecot.port, USER, json!({ "since": null })).await.job;
    deliver(&dovecot, pairs().iter().flatten());
    take_in(&service, &job).await;
    assert_eq!(count(&fresh, MESSAGES).await, 8, "each of a pair is a message");

    deliver(&dovecot, pairs().iter().flatten());
    take_in(&service, &job).await;
    take_in(&service, &job).await;
    assert_eq!(count(&fresh, MESSAGES).await, 16, "the same again is eight more");
    assert_eq!(count(&fresh, SOURCES).await, 16, "each has its own place");
    let merged = "SELECT count(*) FROM message WHERE instance_id IS NULL OR state <> 'PROCESSED'";
    assert_eq!(count(&fresh, merged).await, 0, "each has its effect");
}

async fn a_renumbered_folder_gives_no_second_message(fresh: Fresh) {
    let dovecot = Dovecot::start();
    let service = Service::start(&fresh.url).await;
    let job = desk::create(&service, dovecot.port, USER, json!({ "since": null })).await.job;
    deliver(&dovecot, pairs().iter().flatten());
    take_in(&service, &job).await;
    assert_eq!(count(&fresh, MESSAGES).await, 8);

    dovecot.renumber(USER, "INBOX");
    take_in(&service, &job).await;
    assert_eq!(count(&fresh, MESSAGES).await, 8, "the same mails under new numbers are known");

    deliver(&dovecot, pairs().first().into_iter().flatten());
    take_in(&service, &job).await;
    assert_eq!(count(&fresh, MESSAGES).await, 10, "what comes later is new, the same or not");
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake WHERE state = 'LISTED'").await, 0);
}

async fn a_mailbox_of_ten_thousand_old_mails_gives_none(fresh: Fresh) {
    let dovecot = Dovecot::start();
    let old = mail("old", "<old@test.example>", "", "long ago");
    let arrived = SystemTime::now() - Duration::from_secs(86_400);
    dovecot.deliver_many(USER, "INBOX", (0..10_000).map(|_| (old.as_slice(), arrived)));
    let service = Service::start(&fresh.url).await;
    let job = desk::create(&service, dovecot.port, USER, json!({})).await.job;
    take_in(&service, &job).await;
    assert_eq!(count(&fresh, MESSAGES).await, 0, "what was there before the job is left alone");
    assert_eq!(count(&fresh, "SELECT count(*) FROM intake WHERE state = 'OLD'").await, 10_000);
    let unseen = dovecot.person(USER).open("INBOX").run("UID SEARCH RETURN (COUNT) UNSEEN");
    assert!(unseen.contains("COUNT 10000"), "none was touched: {unseen}");

    // What is first seen later is new, whatever its date.
    dovecot.deliver_at(USER, "INBOX", &old, arrived);
    take_in(&service, &job).await;
    assert_eq!(count(&fresh, MESSAGES).await, 1);
}

/// Twice the same: the bytes; the Message-ID alone; neither (no Message-ID at all); a list's copy and the direct one.
fn pairs() -> [[Vec<u8>; 2]; 4] {
    let alarm = mail("alarm", "<alarm@test.example>", "", "disk full");
    let nameless = mail("nameless", "", "", "no name");
    [
        [alarm.clone(), alarm],
        [
            mail("one", "<reused@test.example>", "", "first text"),
            mail("two", "<reused@test.example>", "", "second text"),
        ],
        [nameless.clone(), nameless],
        [
            mail("both", "<both@test.example>", "", "to you and to the list"),
            mail("both", "<both@test.example>", "List-Id: <team.test.example>\r\n", "to you and to the list"),
        ],
    ]
}

fn mail(subject: &str, message_id: &str, more: &str, text: &str) -> Vec<u8> {
    let named = if message_id.is_empty() { String::new() } else { format!("Message-ID: {message_id}\r\n") };
    format!(
        "From: Ann <ann@test.example>\r\nTo: twins@mailroom.example\r\nSubject: {subject}\r\n{named}{more}\
         Date: Mon, 5 Jan 2026 08:00:00 +0000\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

/// All within one second.
fn deliver<'a>(dovecot: &Dovecot, mails: impl IntoIterator<Item = &'a Vec<u8>>) {
    let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_600_000);
    dovecot.deliver_many(USER, "INBOX", mails.into_iter().map(|mail| (mail.as_slice(), arrived)));
}

/// Runs the job; the first answer may be of a run that was under way when the mail came, the second is not.
async fn take_in(service: &Service, job: &str) {
    for _ in 0..2 {
        let run = desk::run_job(service, job, Duration::from_secs(120)).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run:#}\n{}", service.log());
    }
}
