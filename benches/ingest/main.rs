//! How fast mail is taken in, end to end, beside what any program must do at least and beside mbsync.
//!
//! `cargo bench --bench ingest -- --messages 50000 --rounds 1 --databases sqlite --no-mbsync`; `--quick` for a look.
//! The last line that it prints is one JSON object. docs/benchmarks.md says what was measured and how to read it.
#![expect(clippy::unwrap_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::expect_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::print_stderr, reason = "its progress")]

#[path = "../corpus/mod.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod corpus;
#[expect(dead_code, reason = "the queries benchmark uses the rest")]
mod cost;
mod floor;
#[path = "../../tests/harness/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests use the rest")]
mod harness;
#[path = "../kind.rs"]
mod kind;
mod lag;
mod mbsync;
mod report;
mod settings;
mod taken_in;

use std::time::{Duration, SystemTime};

use corpus::Corpus;
use harness::dovecot::Dovecot;
use harness::postgres;
use kind::Kind;
use report::Report;
use settings::Settings;

/// Whose mailbox it is.
const USER: &str = "bench";

fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = Settings::from_arguments();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&settings));
}

async fn measure(settings: &Settings) {
    let dovecot = Dovecot::start();
    let mut report = Report::new(settings);
    eprintln!("delivering {} messages…", settings.messages);
    report.bytes = deliver(&dovecot, Corpus::of(settings.messages));
    let postgres = settings.databases.contains(&Kind::Postgres).then(postgres::Server::start);
    // The first reader makes the server's index; nobody's time should hold that.
    dovecot.person(USER).count("INBOX");
    for round in 1..=settings.rounds {
        eprintln!("round {round} of {}", settings.rounds);
        for &kind in &settings.databases {
            report.floor(kind, floor::run(kind, &dovecot, postgres.as_ref(), settings.messages).await);
            let taken = taken_in::run(kind, &dovecot, postgres.as_ref(), settings.messages, &[]).await;
            report.service(kind, taken);
            unread(&dovecot);
        }
        if settings.mbsync {
            report.mbsync(true, mbsync::pull(&dovecot, true, settings.messages));
            report.mbsync(false, mbsync::pull(&dovecot, false, settings.messages));
        }
    }
    for &kind in &settings.databases {
        let Some(rate) = report.rate_of(kind) else { continue };
        let messages = (settings.messages / 2).max(100);
        report.lag(kind, lag::run(kind, &dovecot, postgres.as_ref(), messages, rate / 2.0).await);
    }
    if settings.huge {
        eprintln!("once more, with a message of 60 MB among them");
        deliver(&dovecot, Corpus { seed: 2, messages: 1, huge: Some(60_000_000) });
        for &kind in &settings.databases {
            let more = [("MAILROOM_MAIL__MAX_BYTES", "100MiB")];
            let taken = taken_in::run(kind, &dovecot, postgres.as_ref(), settings.messages + 1, &more).await;
            report.huge(kind, taken);
            unread(&dovecot);
        }
    }
    report.print();
}

/// Puts mail into the mailbox; its bytes.
fn deliver(dovecot: &Dovecot, corpus: Corpus) -> u64 {
    let mut bytes = 0;
    for mail in corpus.iter() {
        bytes += mail.raw.len() as u64;
        let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(mail.arrived.unsigned_abs());
        dovecot.deliver_at(USER, "INBOX", &mail.raw, arrived);
    }
    bytes
}

/// Everything as it was before.
fn unread(dovecot: &Dovecot) {
    dovecot.person(USER).open("INBOX").run("UID STORE 1:* -FLAGS.SILENT (\\Seen)");
}
