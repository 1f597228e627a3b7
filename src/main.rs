//! The process: what holds for all of it, then the command line.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

// glibc's allocator keeps what a burst of big messages took; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the allocator is told: memory is committed as it is used, and given back when it was free for 50 ms. By its own
/// defaults taking in mail holds twice as much; given back at once, each request would have to take it anew
/// (docs/benchmarks.md).
const ALLOCATOR_SETTINGS: [(&str, &str); 2] =
    [("MIMALLOC_PURGE_DELAY", "50"), ("MIMALLOC_ARENA_EAGER_COMMIT", "0")];

fn main() -> ExitCode {
    tell_allocator();
    // Before any connection: with two providers compiled in, rustls would not choose by itself. The only failure is
    // that one was installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    mailroom::pipeline::kill::arm();
    mailroom::cli::run()
}

/// The allocator reads its settings from the environment before `main`: sets those that are missing and begins again,
/// in the same process. Where that fails, the service works all the same.
fn tell_allocator() {
    let missing: Vec<_> =
        ALLOCATOR_SETTINGS.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    if missing.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let called = arguments.next().unwrap_or_else(|| program.clone().into());
    let _failed = Command::new(program).arg0(called).args(arguments).envs(missing).exec();
}
