//! What docs/sandbox.md shows is run as it stands there, with the addresses of a sandbox of the test.

use std::path::Path;
use std::process::{Command, Stdio};

use sandbox::faults::Scenario;
use tempfile::TempDir;

use crate::judges;
use crate::sdk::with_mail;

/// The blocks of that language below a heading.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sandbox.md");
    let text = std::fs::read_to_string(path).unwrap();
    let from =
        text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}")).1;
    let section = from.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let begun = section.split(&fence).skip(1);
    let found: Vec<String> = begun.map(|block| block.split("```").next().unwrap().to_owned()).collect();
    assert!(!found.is_empty(), "{heading} shows no {language}");
    found
}

/// A text that is there is replaced.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old} is not in {text}");
    text.replace(old, new)
}

/// What a shell writes that runs these lines in that folder, and that all of them ended well.
async fn shell(folder: &TempDir, lines: &str) -> String {
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", lines]).current_dir(folder.path()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{lines}\n{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a sample for Python writes.
async fn python(heading: &str) -> String {
    let (sandbox, _, ca) = with_mail().await;
    let [sample]: [String; 1] = blocks(heading, "python").try_into().unwrap();
    let https = sandbox.https_url.clone().unwrap();
    let sample = with(&sample, "127.0.0.1:8443", https.trim_start_matches("https://"));
    let sample = with(&sample, "/tmp/mailroom-sandbox-8443.pem", ca.path().to_str().unwrap());
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("list.py");
    std::fs::write(&program, sample).unwrap();
    judges::python(program.to_str().unwrap(), &[]).await
}

#[tokio::test]
async fn the_samples_for_python_list_messages() {
    for (heading, messages) in [("Python: azure-identity and msgraph-sdk", 10), ("Python: O365", 5)] {
        let told = python(heading).await;
        assert_eq!(told.lines().filter(|line| line.contains(":00 Mail ")).count(), messages, "{told}");
    }
}

#[tokio::test]
async fn the_sample_for_node_lists_messages() {
    let (sandbox, _, ca) = with_mail().await;
    let [sample]: [String; 1] = blocks("Node: @microsoft/microsoft-graph-client", "js").try_into().unwrap();
    let sample = with(&sample, "https://127.0.0.1:8443", sandbox.https_url.as_ref().unwrap());
    let folder = TempDir::new().unwrap();
    // Packages are looked for beside the program.
    std::os::unix::fs::symlink(judges::folder().join("node_modules"), folder.path().join("node_modules"))
        .unwrap();
    let program = folder.path().join("list.mjs");
    std::fs::write(&program, sample).unwrap();
    let told = judges::node(program.to_str().unwrap(), ca.path(), &[]).await;
    assert_eq!(told.matches("'Mail ").count(), 5, "{told}");
}

#[tokio::test]
async fn the_samples_for_a_shell_list_deliver_and_make_faults() {
    let (sandbox, ..) = with_mail().await;
    let folder = TempDir::new().unwrap();
    let here = |sample: &str| with(sample, "http://127.0.0.1:8025", &sandbox.http_url);
    let [listing]: [String; 1] = blocks("curl", "sh").try_into().unwrap();
    let told = shell(&folder, &here(&listing)).await;
    assert_eq!(told.matches("\"subject\":\"Mail ").count(), 5, "{told}");

    let [sending]: [String; 1] = blocks("Send mail into it", "sh").try_into().unwrap();
    let line = sending.lines().find(|line| line.starts_with("curl ")).unwrap();
    std::fs::write(folder.path().join("offer.eml"), "From: a@b.example\r\nSubject: Offer\r\n\r\nHello\r\n")
        .unwrap();
    shell(&folder, &here(line)).await;
    let told = shell(&folder, &here(&listing)).await;
    assert_eq!(told.matches("\"subject\":\"Offer\"").count(), 1, "{told}");

    let [faults]: [String; 1] = blocks("Faults", "sh").try_into().unwrap();
    let (make, end) = faults.split_once("curl -X DELETE").unwrap();
    shell(&folder, &here(make)).await;
    let told = shell(&folder, &here(&listing)).await;
    assert!(told.contains("\"error\""), "{told}");
    shell(&folder, &here(&format!("curl -X DELETE{end}"))).await;
    let told = shell(&folder, &here(&listing)).await;
    assert_eq!(told.matches("\"subject\":\"Mail ").count(), 4, "{told}");
}

#[test]
fn the_sample_of_a_scenario_is_one() {
    let [scenario]: [String; 1] = blocks("Faults", "toml").try_into().unwrap();
    let scenario = Scenario::parse(&scenario, false).unwrap();
    assert_eq!((scenario.switches.unwrap().token_seconds, scenario.rules.len()), (120, 5));
}
