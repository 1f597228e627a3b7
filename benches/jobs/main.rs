//! How jobs run by themselves, on any number of replicas: `cargo bench --bench jobs`.
//!
//! `--cases claims,replicas,watchers` chooses; `--quick` is for trying it out.
#![expect(clippy::unwrap_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::expect_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod claims;
#[path = "../ingest/cost.rs"]
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod cost;
#[path = "../../tests/runner/floor.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod floor;
#[path = "../../tests/harness/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests use the rest")]
mod harness;
mod replicas;
mod stub;
mod watchers;

use harness::certs;

/// As in the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == stub::WORD) {
        return stub::serve(words.get(at + 1).zip(words.get(at + 2))).await;
    }
    let chosen = words.iter().position(|word| word == "--cases").and_then(|at| words.get(at + 1));
    let chosen = chosen.map_or("claims,replicas,watchers", String::as_str);
    let quick = words.iter().any(|word| word == "--quick");
    if chosen.contains("claims") {
        claims::run(if quick { 1_000 } else { 10_000 }).await;
    }
    if chosen.contains("replicas") {
        replicas::run(if quick { 20 } else { 100 }).await;
    }
    if chosen.contains("watchers") {
        watchers::run(&words).await;
    }
}
