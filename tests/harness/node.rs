//! The judges of tests/node, run with Node.js.

use std::process::{Command, Output};
use std::sync::Once;

/// Runs a script of tests/node with Node.
pub async fn node(script: &str, arguments: &[&str]) -> Output {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let mut command = Command::new("node");
    command.arg(script).args(arguments).current_dir(&folder);
    tokio::task::spawn_blocking(move || {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| install(&folder));
        command.output().expect("node is needed to run this test")
    })
    .await
    .unwrap()
}

fn install(folder: &std::path::Path) {
    if folder.join("node_modules/.package-lock.json").exists() {
        return;
    }
    let done = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder)
        .status()
        .expect("npm is needed to run this test");
    assert!(done.success(), "npm ci failed in {}", folder.display());
}

/// What a script wrote, and that it ended well.
pub fn written(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
