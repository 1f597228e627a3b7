//! Mailboxes taken in, against the clock and the limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sandbox::faults::Rule;
use serde_json::json;

use crate::cost::peak_megabytes;
use crate::harness::office365::Office365;
use crate::harness::service::Service;

/// What is taken in.
pub struct Case {
    pub mailboxes: usize,
    /// In each of them.
    pub messages: usize,
    /// Of each request and each entry of a batch.
    pub latency_ms: u64,
}

/// What came of it.
pub struct Done {
    pub messages: usize,
    /// Entries of batches counted singly.
    pub requests: u64,
    pub refused: u64,
    pub took: Duration,
    pub peak_megabytes: f64,
}

impl Done {
    pub fn rate(&self) -> f64 {
        self.messages as f64 / self.took.as_secs_f64()
    }

    pub fn per_message(&self) -> f64 {
        self.requests as f64 / self.messages as f64
    }

    pub fn row(&self, name: &str, part: Option<f64>) -> String {
        let part = part.map_or(String::new(), |part| format!("{:.0} %", part * 100.0));
        format!(
            "| {name} | {} | {:.2} | {} | {:.1} s | {:.1} | {part} | {:.0} MB |",
            self.requests,
            self.per_message(),
            self.refused,
            self.took.as_secs_f64(),
            self.rate(),
            self.peak_megabytes
        )
    }
}

impl Case {
    /// From the moment that all jobs exist until every message is stored and every original read.
    pub async fn run(&self) -> Done {
        let addresses: Vec<String> =
            ('a'..='z').take(self.mailboxes).map(|name| format!("{name}@contoso.example")).collect();
        let names: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let office = Office365::start(&names).await;
        for address in &addresses {
            for number in 0..self.messages {
                office.deliver(address, "inbox", &letter(address, number), None);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("mailroom.db").display());
        let own = office.variables();
        let concurrency = self.mailboxes.to_string();
        let mut variables =
            vec![("MAILROOM_LOG__LEVEL", "warn"), ("MAILROOM_WORKER__CONCURRENCY", concurrency.as_str())];
        variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        let mut service = Service::start_with(&url, &variables).await;
        let credential = office.credential(&service).await;
        // Counts, too: a rule tells how many calls it was about.
        let latency = Rule {
            name: Some("latency".to_owned()),
            path: Some("/users/**".to_owned()),
            delay_ms: Some(self.latency_ms.max(1)),
            probability: Some(if self.latency_ms == 0 { 0.0 } else { 1.0 }),
            ..Rule::default()
        };
        office.state().faults.add(latency).unwrap();
        let refused = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&refused);
        office.state().log.show(move |line| {
            counter.fetch_add(u64::from(line.status == 429), Ordering::Relaxed);
        });
        let read = json!({ "markRead": true });
        let handling = json!({ "onSuccess": read, "onIgnored": read, "onFailure": read });
        let mut began = Instant::now();
        for address in &addresses {
            let job = json!({ "folder": "INBOX", "since": null, "handling": handling });
            office.desk(&service, &credential, address, job, &[]).await;
            if self.mailboxes == 1 {
                began = Instant::now();
            }
        }
        let deadline = Instant::now() + Duration::from_secs(1800);
        while !self.is_read(&office) {
            assert!(Instant::now() < deadline && service.ended().is_none(), "{}", service.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let took = began.elapsed();
        let requests = office.state().faults.list().first().map_or(0, |report| report.seen);
        let peak_megabytes = peak_megabytes(service.pid());
        service.stop();
        let messages = self.mailboxes * self.messages;
        Done { messages, requests, refused: refused.load(Ordering::Relaxed), took, peak_megabytes }
    }

    fn is_read(&self, office: &Office365) -> bool {
        let world = office.state().world();
        let mailboxes = world.tenants.iter().flat_map(|tenant| tenant.mailboxes.values());
        mailboxes.into_iter().all(|mailbox| mailbox.messages().all(|message| message.is_read))
    }
}

/// A request of a customer, 4 KB.
pub fn letter(address: &str, number: usize) -> Vec<u8> {
    let text = "We have had no delivery since Monday, please look into it.\r\n".repeat(60);
    format!(
        "From: Eva Example <eva{number}@fabrikam.example>\r\nTo: {address}\r\nSubject: Order {number}\r\n\
         Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}.{address}>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{number}\r\n{text}"
    )
    .into_bytes()
}
