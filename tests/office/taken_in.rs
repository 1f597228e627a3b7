//! Mail becomes instances, and the originals end where the handling says.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::office365::Office365;
use crate::harness::rows::count;

on_both!(
    mail_of_office_365_becomes_instances_and_the_originals_are_moved,
    originals_are_deleted_and_purged_where_the_handling_says_so,
);

const ADDRESS: &str = "support@contoso.example";

fn mail(number: usize) -> Vec<u8> {
    format!(
        "Message-ID: <{number}@test.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {number}\r\n\r\nHello\r\n"
    )
    .into_bytes()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn mail_of_office_365_becomes_instances_and_the_originals_are_moved(fresh: Fresh) {
    let office = Office365::judged(&[ADDRESS]).await;
    office.make_folder(ADDRESS, "Done");
    for number in 0..25 {
        office.deliver(ADDRESS, "inbox", &mail(number), None);
    }
    let service = office.service(&fresh.url, &[]).await;
    let credential = office.credential(&service).await;
    let done = json!({ "onSuccess": { "markRead": true, "original": "MOVE", "folder": "Done" } });
    let job = json!({ "folder": "INBOX", "since": null, "handling": done });
    let made = office.desk(&service, &credential, ADDRESS, job, &[]).await;
    let all = |number| [(("Done".to_owned(), true), number)].into();
    until("all are moved", async || office.originals(ADDRESS) == all(25)).await;
    // Whoever asks for a run while there is one gets that.
    let running = "SELECT count(*) FROM run WHERE finished_at IS NULL";
    until("the run has ended", async || count(&fresh, running).await == 0).await;

    office.deliver(ADDRESS, "inbox", &mail(100), None);
    let run = desk::run_job(&service, &made.job, Duration::from_secs(60)).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run:#}");
    assert_eq!(office.originals(ADDRESS), all(26));
    assert_eq!(count(&fresh, "SELECT count(*) FROM process_instance").await, 26);
    assert_eq!(count(&fresh, "SELECT count(*) FROM message WHERE state = 'FAILED'").await, 0);
}

async fn originals_are_deleted_and_purged_where_the_handling_says_so(fresh: Fresh) {
    let office = Office365::judged(&[ADDRESS]).await;
    for number in 0..7 {
        office.deliver(ADDRESS, "inbox", &mail(number), None);
    }
    let service = office.service(&fresh.url, &[]).await;
    let credential = office.credential(&service).await;
    let purge = json!({ "onSuccess": { "markRead": true, "original": "DELETE" }, "purgeAtEndOfRun": true });
    let job = json!({ "folder": "INBOX", "since": null, "handling": purge });
    office.desk(&service, &credential, ADDRESS, job, &[]).await;
    until("all are in", async || count(&fresh, "SELECT count(*) FROM process_instance").await == 7).await;
    let seen = ["Inbox", "Deleted Items"];
    let left = || office.originals(ADDRESS).into_keys().any(|(folder, _)| seen.contains(&folder.as_str()));
    until("all are gone", async || !left()).await;
}
