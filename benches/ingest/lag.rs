//! How far search lags behind the intake, and how fast messages become searchable.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime};

use mailroom::db::{Database, Options, search};
use serde_json::json;

use crate::corpus::Corpus;
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::postgres::Server;
use crate::harness::service::Service;
use crate::kind::Kind;

/// Looks into the service's database from outside.
pub struct Watch(Database);

impl Watch {
    pub async fn open(url: &str) -> Self {
        let options = Options { url: url.to_owned(), max_connections: 2, statement_cache: 100 };
        Self(Database::connect(&options).await.unwrap())
    }

    /// How old the oldest event is that is not in the index yet; zero if there is none.
    async fn behind(&self) -> Duration {
        let behind = search::behind(self.0.read()).await.unwrap();
        let now: chrono::DateTime<chrono::Utc> = SystemTime::now().into();
        behind.since.and_then(|since| (now - since).to_std().ok()).unwrap_or_default()
    }

    /// Waits until everything is searchable.
    pub async fn caught_up(&self) {
        while search::behind(self.0.read()).await.unwrap().events > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Delivers at that rate, in messages a second, while the mailbox is read all the time; the 99th percentile of how
/// far search was behind, looked at every 50 ms.
pub async fn run(
    kind: Kind,
    dovecot: &Dovecot,
    postgres: Option<&Server>,
    messages: usize,
    rate: f64,
) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let url = match kind {
        Kind::Sqlite => format!("sqlite:{}", folder.path().join("mailroom.db").display()),
        Kind::Postgres => postgres.unwrap().database(),
    };
    let user = format!("lag{}", kind.name());
    let mut service = Service::start_with(&url, &[("MAILROOM_LOG__LEVEL", "warn")]).await;
    let read = json!({ "markRead": true });
    let job =
        json!({ "handling": { "onSuccess": read, "onIgnored": read, "onFailure": read }, "since": null });
    let desk = desk::create(&service, dovecot.port, &user, job).await;
    let watch = Watch::open(&url).await;
    let mails: Vec<_> = Corpus { seed: 3, messages, huge: None }.iter().collect();
    let (delivered, taken) = (Cell::new(0), Cell::new(0));
    let began = Instant::now();
    let deliver = async {
        for mail in &mails {
            let due = Duration::from_secs_f64(f64::from(delivered.get()) / rate);
            if let Some(early) = due.checked_sub(began.elapsed()) {
                tokio::time::sleep(early).await;
            }
            let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(mail.arrived.unsigned_abs());
            dovecot.deliver_at(&user, "INBOX", &mail.raw, arrived);
            delivered.set(delivered.get() + 1);
            if delivered.get() % 8 == 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    let take_in = async {
        while taken.get() < messages as u64 {
            let run = desk::run_job(&service, &desk.job, Duration::from_secs(600)).await;
            let progress = &run["progress"];
            let counted =
                ["processed", "ignored", "failed"].iter().filter_map(|name| progress[name].as_u64());
            taken.set(taken.get() + counted.sum::<u64>());
            assert!(began.elapsed() < Duration::from_secs(900), "the mail is not taken in");
        }
    };
    let look = async {
        let mut seen = Vec::new();
        while taken.get() < messages as u64 {
            seen.push(watch.behind().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        seen
    };
    let ((), (), mut seen) = tokio::join!(deliver, take_in, look);
    assert!(service.stop(), "{}", service.log());
    seen.sort();
    seen.get(seen.len() * 99 / 100).copied().unwrap_or_default()
}
