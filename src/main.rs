//! The process: what holds for all of it, then the command line.

use std::process::ExitCode;

// glibc's allocator keeps what a burst of big messages took; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before any connection: with two providers compiled in, rustls would not choose by itself. The only failure is
    // that one was installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    mailroom::pipeline::kill::arm();
    mailroom::cli::run()
}
