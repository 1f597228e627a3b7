//! How fast the API answers on 200,000 messages in 20 mailboxes, beside the same rows as one statement of pgbench.
//!
//! `cargo bench --bench queries -- --messages 50000 --rounds 1 --databases sqlite`; `--quick` for a look. With
//! `--keep sqlite:/a/file` or `--keep postgres://…` the data is kept, and used again by the next run.
//! The last line that it prints is one JSON object. docs/benchmarks.md says what was measured and how to read it.
#![expect(clippy::unwrap_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::expect_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::print_stderr, reason = "its progress")]

mod cases;
#[path = "../corpus/mod.rs"]
#[expect(dead_code, reason = "mails are made for others; here only their words and people")]
mod corpus;
#[path = "../ingest/cost.rs"]
#[expect(dead_code, reason = "the ingest benchmark uses the rest")]
mod cost;
mod data;
#[path = "../../tests/harness/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests use the rest")]
mod harness;
#[path = "../../tests/api_data/house.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod house;
#[path = "../kind.rs"]
mod kind;
mod load;
mod report;
#[path = "../../tests/api_data/seed.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod seed;
mod settings;
mod stocked;
mod yardstick;

use std::time::{Duration, Instant};

use harness::postgres;
use kind::Kind;
use load::Until;
use report::Report;
use settings::Settings;
use stocked::Stocked;
use yardstick::Protocol;

/// Connections of the measurements of throughput.
const CONNECTIONS: usize = 16;
/// A case over one connection ends after this time, however few its requests.
const LONGEST: Duration = Duration::from_secs(10);

fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = Settings::from_arguments();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&settings));
}

async fn measure(settings: &Settings) {
    let wants_server =
        settings.databases.contains(&Kind::Postgres) && settings.kept(Kind::Postgres).is_none();
    let server = wants_server.then(postgres::Server::start);
    eprintln!("filling with {} messages…", settings.messages);
    let began = Instant::now();
    let filling = settings.databases.iter().map(|&kind| Stocked::open(settings, kind, server.as_ref()));
    let databases = futures::future::join_all(filling).await;
    eprintln!("…took {:.0} s", began.elapsed().as_secs_f64());
    let mut report = Report::new(settings);
    for stocked in &databases {
        one_connection(settings, stocked, &mut report).await;
    }
    for round in 1..=settings.rounds {
        eprintln!("round {round} of {}", settings.rounds);
        for stocked in &databases {
            many_connections(settings, stocked, &mut report).await;
        }
    }
    report.print();
}

/// Each case over one connection.
async fn one_connection(settings: &Settings, stocked: &Stocked, report: &mut Report<'_>) {
    let cases = cases::all(&stocked.landmarks);
    for (case, statements) in cases.iter().zip(stocked.statements(&cases).await) {
        let until = |requests| Until { requests, elapsed: LONGEST };
        load::run(&stocked.target(), &case.body(), 1, until(settings.requests / 10)).await;
        let loaded = load::run(&stocked.target(), &case.body(), 1, until(settings.requests)).await;
        report.case(stocked.kind, case.name, statements, &loaded);
    }
}

/// The page over many connections, beside the yardstick on PostgreSQL.
async fn many_connections(settings: &Settings, stocked: &Stocked, report: &mut Report<'_>) {
    if stocked.kind == Kind::Postgres {
        for protocol in [Protocol::Simple, Protocol::Prepared] {
            let (url, seconds) = (stocked.url.clone(), settings.seconds);
            let rate =
                tokio::task::spawn_blocking(move || yardstick::pages_per_second(&url, protocol, seconds));
            report.yardstick(protocol, rate.await.unwrap());
        }
    }
    let until = Until { requests: usize::MAX, elapsed: Duration::from_secs(settings.seconds) };
    let before = stocked.cpu_millis();
    let loaded = load::run(&stocked.target(), &cases::page().body(), CONNECTIONS, until).await;
    let after = stocked.cpu_millis();
    report.throughput(stocked.kind, loaded, [after[0] - before[0], after[1] - before[1]]);
}
