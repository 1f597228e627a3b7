//! How fast Office 365 mail is taken in beside what the published limits of Graph allow: `cargo bench --bench graph`.
//!
//! The tenant is the sandbox, with Graph's limits on and a latency on each request; mailroom is the release binary on SQLite.
//! `--cases one,many,budget,arrival,crawl` chooses; `budget` takes over ten minutes and is left out unless it is named.
#![expect(clippy::unwrap_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::expect_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod arrival;
#[path = "../ingest/cost.rs"]
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod cost;
mod crawl;
#[path = "../../tests/harness/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests use the rest")]
mod harness;
mod intake;

use intake::Case;

/// Graph's limit: requests at a time for each app and mailbox, of which one is left to people.
const SLOTS: f64 = 3.0;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let words: Vec<String> = std::env::args().collect();
    let chosen = words.iter().position(|word| word == "--cases").and_then(|at| words.get(at + 1));
    let chosen = chosen.map_or("one,many,arrival,crawl", String::as_str);
    let quick = words.iter().any(|word| word == "--quick");
    println!("| case | requests | a message | 429s | took | messages/s | part of the ceiling | peak RSS |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    if chosen.contains("one") {
        let case = Case { mailboxes: 1, messages: if quick { 200 } else { 2000 }, latency_ms: 50 };
        let done = case.run().await;
        let ceiling = SLOTS / 0.050 / done.per_message();
        println!("{}", done.row("one mailbox, 50 ms", Some(done.rate() / ceiling)));
    }
    if chosen.contains("many") {
        let each = if quick { 40 } else { 200 };
        let one = Case { mailboxes: 1, messages: each, latency_ms: 150 }.run().await;
        println!("{}", one.row("one mailbox, 150 ms", None));
        let many = Case { mailboxes: 20, messages: each, latency_ms: 150 }.run().await;
        println!("{}", many.row("twenty mailboxes, 150 ms", None));
        println!("\ntwenty take in {:.1} times what one does", many.rate() / one.rate());
    }
    if chosen.contains("budget") {
        let done = Case { mailboxes: 1, messages: 6000, latency_ms: 0 }.run().await;
        // The first ten thousand as fast as they go; each further one not before ten minutes after the one that many before.
        let least = 600.0 * ((done.requests.saturating_sub(1)) / 10_000) as f64;
        println!("{}", done.row("the whole budget", Some(least / done.took.as_secs_f64())));
    }
    if chosen.contains("arrival") {
        println!("\n{}", arrival::run(if quick { 50 } else { 300 }).await);
    }
    if chosen.contains("crawl") {
        println!("\n{}", crawl::run(if quick { 10_000 } else { 100_000 }).await);
    }
}
