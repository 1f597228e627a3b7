//! mailroom itself: list, fetch, parse, map, commit, mark read.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::PgPool;

use crate::USER;
use crate::cost::{cpu_millis, family_cpu_millis, parent_of, peak_megabytes};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::postgres::Server;
use crate::harness::service::Service;
use crate::kind::Kind;
use crate::lag::Watch;

/// What a mailbox cost.
pub struct TakenIn {
    /// From the order to the end of the run: all is committed and marked read.
    pub took: Duration,
    /// From the order until all is searchable.
    pub searchable: Duration,
    /// CPU of the service, in milliseconds, all messages together.
    pub cpu_millis: f64,
    /// CPU of PostgreSQL.
    pub server_cpu_millis: Option<f64>,
    /// Most memory that the service held.
    pub peak_megabytes: f64,
}

/// Takes the mailbox in once, with a new service on a new database.
pub async fn run(
    kind: Kind,
    dovecot: &Dovecot,
    postgres: Option<&Server>,
    messages: usize,
    more: &[(&str, &str)],
) -> TakenIn {
    let folder = tempfile::tempdir().unwrap();
    let url = match kind {
        Kind::Sqlite => format!("sqlite:{}", folder.path().join("mailroom.db").display()),
        Kind::Postgres => postgres.unwrap().database(),
    };
    let mut variables = vec![("MAILROOM_LOG__LEVEL", "warn")];
    variables.extend_from_slice(more);
    let mut service = Service::start_with(&url, &variables).await;
    let server = match kind {
        Kind::Sqlite => None,
        Kind::Postgres => Some(postmaster(&url).await),
    };
    let pid = service.pid();
    let before = (cpu_millis(pid), server.map(family_cpu_millis));

    let began = Instant::now();
    let read = json!({ "markRead": true });
    let job = json!({
        "since": null,
        "handling": { "onSuccess": read, "onIgnored": read, "onFailure": read },
    });
    let desk = desk::create(&service, dovecot.port, USER, job).await;
    let run = desk::run_job(&service, &desk.job, Duration::from_secs(1800)).await;
    let took = began.elapsed();
    let (cpu, server_cpu) = (cpu_millis(pid), server.map(family_cpu_millis));
    let watch = Watch::open(&url).await;
    watch.caught_up().await;

    let taken = TakenIn {
        took,
        searchable: began.elapsed(),
        cpu_millis: cpu - before.0,
        server_cpu_millis: server_cpu.zip(before.1).map(|(after, before)| after - before),
        peak_megabytes: peak_megabytes(pid),
    };
    assert_eq!(run["state"], "SUCCEEDED", "{run:#}\n{}", service.log());
    let progress = &run["progress"];
    let counted =
        ["processed", "ignored", "failed"].iter().filter_map(|name| progress[name].as_u64()).sum::<u64>();
    assert_eq!((counted, progress["disposed"].as_u64()), (messages as u64, Some(messages as u64)), "{run:#}");
    let unseen = dovecot.person(USER).open("INBOX").run("UID SEARCH UNSEEN");
    assert_eq!(unseen.trim(), "* SEARCH", "every original is read");
    assert!(service.stop(), "{}", service.log());
    taken
}

/// The process that all of PostgreSQL's others descend from.
async fn postmaster(url: &str) -> u32 {
    let pool = PgPool::connect(url).await.unwrap();
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap();
    let parent = parent_of(backend.unsigned_abs()).unwrap();
    pool.close().await;
    parent
}
