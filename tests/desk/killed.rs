//! The process is killed at every point of mapping again: it goes on where it was, and nothing is done twice.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::crash::kills::points_of;
use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::rows::{count, lapse_leases, query};
use crate::harness::service::Service;

on_both!(whenever_it_is_killed_each_message_is_mapped_again_once);

const USER: &str = "again";
/// Threads of two messages.
const THREADS: usize = 20;

async fn whenever_it_is_killed_each_message_is_mapped_again_once(fresh: Fresh) {
    let dovecot = Dovecot::start();
    dovecot.folder(USER, "INBOX");
    for n in 0..THREADS {
        for (id, more) in
            [(format!("{n}"), String::new()), (format!("{n}r"), format!("In-Reply-To: <{n}@x>\r\n"))]
        {
            let raw = format!(
                "From: a@x.example\r\nSubject: S{id}\r\nMessage-ID: <{id}@x>\r\n{more}\r\nbody {id}\r\n"
            );
            let second = 1_790_000_000 + 2 * n as u64 + u64::from(id.ends_with('r'));
            let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            dovecot.deliver_at(USER, "INBOX", raw.as_bytes(), arrived);
        }
    }
    let variables = [("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1")];
    let mut service = Service::start_with(&fresh.url, &variables).await;
    let desk = desk::create(&service, dovecot.port, USER, json!({ "since": null })).await;
    let messages = i64::try_from(2 * THREADS).unwrap();
    until(&service, "all is taken in", async || {
        count(&fresh, "SELECT count(*) FROM message WHERE disposition_state = 'DONE'").await == messages
    })
    .await;
    let rules = json!([
        { "attribute": "title", "source": { "expression": "message.subject + '!'" } },
        { "attribute": "updates", "type": "TEXT", "source": { "expression": "message.subject + '.'" },
          "onCreate": false, "onUpdate": "APPEND" },
    ]);
    let update =
        "mutation($input: UpdateMappingInput!) { updateMapping(input: $input) { userErrors { message } } }";
    service.run(update, json!({ "input": { "id": desk.mapping, "rules": rules } })).await;
    let head = count(&fresh, "SELECT head FROM event_head").await;

    let points = points_of("reprocess.");
    assert!(points.len() >= 5, "{points:?}");
    let mut asked = false;
    // What ends the run is passed once only: last.
    let (last, others): (Vec<String>, Vec<String>) =
        points.into_iter().partition(|point| point == "reprocess.finished");
    for (at, point) in others.iter().chain(others.iter()).chain(&last).enumerate() {
        service.kill();
        lapse_leases(&fresh).await;
        let passes = if point == "reprocess.finished" { 0 } else { at % 4 };
        service.spawn(&[("FAILPOINTS", &format!("{point}={passes}*off->return"))]);
        if !asked {
            assert!(service.until_ready().await);
            let again =
                "mutation { reprocessMessages(input: { filter: {} }) { accepted userErrors { message } } }";
            // It may die before it answers.
            let answer = service.ask(again, json!({})).await;
            asked = true;
            if let Ok(answer) = answer {
                assert_eq!(answer["data"]["reprocessMessages"]["accepted"], messages, "{answer:#}");
            }
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        while service.ended().is_none() {
            assert!(Instant::now() < deadline, "{point} is not reached:\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    lapse_leases(&fresh).await;
    service.restart(&[]).await;
    until(&service, "the run ends", async || {
        count(&fresh, "SELECT count(*) FROM run WHERE \"trigger\" = 'REPROCESS' AND finished_at IS NOT NULL")
            .await
            == 1
    })
    .await;
    let run =
        "SELECT found FROM run WHERE \"trigger\" = 'REPROCESS' AND state = 'SUCCEEDED' AND processed = found";
    assert_eq!(count(&fresh, run).await, messages, "each is counted once");
    assert_eq!(count(&fresh, "SELECT count(*) FROM reprocess").await, 0);
    for row in query(&fresh, "SELECT attributes FROM process_instance").await {
        let attributes: Value = row.try_get("", "attributes").unwrap();
        let title = attributes["title"].as_str().unwrap().trim_end_matches('!');
        let expected = json!({ "title": format!("{title}!"), "updates": format!("{title}r.") });
        assert_eq!(json!({ "title": attributes["title"], "updates": attributes["updates"] }), expected);
    }
    let told =
        format!("SELECT count(*) FROM event WHERE log_offset > {head} AND type = 'PROCESS_INSTANCE_UPDATED'");
    assert_eq!(count(&fresh, &told).await, messages, "each change is told once");
    assert_eq!(count(&fresh, "SELECT count(*) FROM process_instance").await, messages / 2);
}

async fn until(service: &Service, what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}\n{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
