//! What jobs that run by themselves cost: `cargo bench --bench jobs -- watchers`.
#![expect(clippy::unwrap_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

#[path = "../../tests/harness/certs.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod certs;
mod stub;
mod watchers;

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
    watchers::run(&words).await;
}
