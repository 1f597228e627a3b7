//! Mailboxes of a slow provider, taken in by one worker and by four.

use std::time::{Duration, Instant};

use sandbox::faults::Rule;
use serde_json::json;

use crate::cost::cpu_millis;
use crate::harness::database::at;
use crate::harness::office365::Office365;
use crate::harness::postgres::Server;
use crate::harness::rows;
use crate::harness::service::Service;

const MAILBOXES: usize = 32;
/// Of each request.
const LATENCY_MS: u64 = 150;

/// So many messages in each mailbox.
pub async fn run(messages: usize) {
    println!("\n| workers | took | messages/s | CPU of all processes |");
    println!("|---|---:|---:|---:|");
    let one = case(1, messages).await;
    let four = case(4, messages).await;
    println!("\nfour workers take in {:.2} times what one does", one.as_secs_f64() / four.as_secs_f64());
}

async fn case(workers: usize, messages: usize) -> Duration {
    let server = Server::start();
    let url = server.database();
    let fresh = at(&url).await;
    let addresses: Vec<String> = (0..MAILBOXES)
        .map(|number| {
            let letter = |n: usize| char::from(b'a' + u8::try_from(n).unwrap());
            format!("box{}{}@contoso.example", letter(number / 26), letter(number % 26))
        })
        .collect();
    let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let office = Office365::start(&names).await;
    for address in &addresses {
        for number in 0..messages {
            office.deliver(address, "inbox", &letter(address, number), None);
        }
    }
    let own = office.variables();
    let of = |role: &'static str| {
        let mut of = vec![
            ("MAILROOM_LOG__LEVEL", "warn"),
            ("MAILROOM_WORKER__CONCURRENCY", "8"),
            ("MAILROOM_WORKER__ROLES", role),
        ];
        of.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        of
    };
    let api = Service::start_with(&url, &of("api")).await;
    let credential = office.credential(&api).await;
    for address in &addresses {
        let read = json!({ "markRead": true });
        let handling = json!({ "onSuccess": read, "onIgnored": read, "onFailure": read });
        let job = json!({ "folder": "INBOX", "since": null, "enabled": false, "handling": handling });
        office.desk(&api, &credential, address, job, &[]).await;
    }
    let mut running = Vec::new();
    for _ in 0..workers {
        running.push(Service::start_with(&url, &of("worker")).await);
    }
    let latency = Rule {
        name: Some("latency".to_owned()),
        path: Some("/users/**".to_owned()),
        delay_ms: Some(LATENCY_MS),
        probability: Some(1.0),
        ..Rule::default()
    };
    office.state().faults.add(latency).unwrap();
    let pids: Vec<u32> = running.iter().map(Service::pid).chain([api.pid(), std::process::id()]).collect();
    let cpu = || pids.iter().map(|pid| cpu_millis(*pid)).sum::<f64>();
    let (before, began) = (cpu(), Instant::now());
    rows::execute(&fresh, "UPDATE job SET enabled = TRUE, next_run_at = clock_timestamp()").await;
    // As a process does after it has made work.
    rows::query(&fresh, "SELECT pg_notify('mailroom', 'bench')").await;
    let total = (MAILBOXES * messages) as i64;
    let done = "SELECT count(*) FROM message WHERE disposition_state = 'DONE'";
    while rows::count(&fresh, done).await < total {
        assert!(began.elapsed() < Duration::from_secs(600), "{}", running[0].log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = began.elapsed();
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    // Without PostgreSQL's own.
    let share = (cpu() - before) / 1000.0 / took.as_secs_f64() / cores;
    println!(
        "| {workers} | {:.1} s | {:.1} | {:.0} % |",
        took.as_secs_f64(),
        total as f64 / took.as_secs_f64(),
        share * 100.0
    );
    took
}

fn letter(address: &str, number: usize) -> Vec<u8> {
    let text = "We have had no delivery since Monday, please look into it.\r\n".repeat(60);
    format!(
        "From: Eva Example <eva{number}@fabrikam.example>\r\nTo: {address}\r\nSubject: Order {number}\r\n\
         Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}.{address}>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{number}\r\n{text}"
    )
    .into_bytes()
}
