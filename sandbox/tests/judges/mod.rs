//! Judges that others wrote: clients from PyPI, in a virtual environment below the target folder, and from npm.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

/// Where these judges lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges")
}

/// Runs a Python program of this folder, or of another one, with the packages of requirements.txt; what it wrote.
pub async fn python(program: &str, arguments: &[&str]) -> String {
    let folder = folder();
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judges-python");
    let program = folder.join(program);
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| install(&folder.join("requirements.txt"), &environment));
        written(&Command::new(python_of(&environment)).arg(program).args(arguments).output().unwrap())
    })
    .await
    .unwrap()
}

/// Runs a Node.js program of this folder, or of another one, that trusts that authority; what it wrote.
pub async fn node(program: &str, authority: &Path, arguments: &[&str]) -> String {
    let folder = folder();
    let mut command = Command::new("node");
    command.arg(program).args(arguments).env("NODE_EXTRA_CA_CERTS", authority).current_dir(&folder);
    tokio::task::spawn_blocking(move || {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            if !folder.join("node_modules/.package-lock.json").exists() {
                let mut fetch = Command::new("npm");
                fetch.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
                let fetched = fetch.output();
                written(&fetched.unwrap_or_else(|error| panic!("npm is needed here: {error}")));
            }
        });
        written(&command.output().unwrap_or_else(|error| panic!("node is needed here: {error}")))
    })
    .await
    .unwrap()
}

fn python_of(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

/// Installs what is listed, unless just that was installed before.
fn install(requirements: &Path, environment: &Path) {
    let wanted = std::fs::read_to_string(requirements).unwrap();
    let note = environment.join("installed.txt");
    if std::fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return;
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(environment);
    let made = make.output();
    written(&made.unwrap_or_else(|error| panic!("python3 and its venv module are needed here: {error}")));
    let mut fetch = Command::new(python_of(environment));
    fetch.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    written(&fetch.output().unwrap());
    std::fs::write(note, wanted).unwrap();
}

/// What a program wrote, and that it ended well.
fn written(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
