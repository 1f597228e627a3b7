//! `mailroom sandbox` as a person uses it: what it prints leads a client to the mail.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const ADELE: &str = "adele@contoso.example";
const MAIL: &str = "From: joe@elsewhere.example\r\nSubject: By hand\r\n\r\nHello\r\n";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailroom"));
    command.arg("sandbox").args(arguments).stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A running one, and what it said at the start.
struct Tenant {
    child: Child,
    guide: String,
    /// Held, so that it can go on writing.
    _answers: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
}

impl Tenant {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let ca = folder.join("ca.pem");
        let ca = ca.to_str().unwrap();
        let mut child = program(&["--listen", "127.0.0.1:0", "--https", "0", "--ca", ca, "--log"])
            .args(more)
            .spawn()
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let lines = answers.by_ref().lines().map(Result::unwrap);
        let guide: Vec<String> = lines.take_while(|line| !line.contains("Ctrl-C")).collect();
        Self { child, guide: guide.join("\n"), _answers: answers, errors }
    }

    /// What stands behind a name.
    fn told(&self, name: &str) -> &str {
        let line = self.guide.lines().find_map(|line| line.trim().strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {}", self.guide)).trim()
    }

    fn base(&self) -> &str {
        self.told("Graph ").trim_end_matches("/v1.0")
    }

    /// The subjects that a client reads with a token of its own.
    async fn subjects(&self) -> Vec<String> {
        let client = reqwest::Client::new();
        let tenant = self.told("tenant ").split(' ').next().unwrap();
        let form = format!(
            "grant_type=client_credentials&scope=https://graph.microsoft.com/.default&client_id={}&client_secret={}",
            self.told("client id "),
            self.told("secret ").replace('&', "%26").replace('+', "%2B").replace('=', "%3D"),
        );
        let request = client.post(format!("{}/{tenant}/oauth2/v2.0/token", self.base())).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let token: Value = request.send().await.unwrap().json().await.unwrap();
        let url = format!("{}/v1.0/users/{ADELE}/messages?$top=100&$select=subject", self.base());
        let request = client.get(url).bearer_auth(token["access_token"].as_str().unwrap());
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let messages = page["value"].as_array().unwrap().iter();
        messages.map(|message| message["subject"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends it as Ctrl-C does; what it wrote beside the guide.
    fn end(mut self) -> String {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(self.child.wait().unwrap().success());
        let mut errors = String::new();
        self.errors.read_to_string(&mut errors).unwrap();
        errors
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command that must fail says.
fn refused(arguments: &[&str]) -> String {
    let output = program(arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn what_it_prints_leads_a_client_to_the_mail_and_a_snapshot_keeps_it() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let (mail, second) = (file("one.eml", MAIL), file("two.eml", &MAIL.replace("By hand", "Delivered")));
    let snapshot = folder.path().join("tenant.jsonl");
    let snapshot = snapshot.to_str().unwrap();

    let tenant = Tenant::start(folder.path(), &["--import", &mail, "--snapshot", snapshot]);
    assert_eq!(tenant.subjects().await, ["By hand"]);
    let ca = std::fs::read_to_string(tenant.told("trust ")).unwrap();
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----"));
    let delivered = program(&["deliver", &second, "--to", ADELE, "--url", tenant.base()]).output().unwrap();
    assert!(delivered.status.success());
    let unknown = refused(&["deliver", &second, "--to", "nobody@contoso.example", "--url", tenant.base()]);
    assert!(unknown.contains("no mailbox has the address nobody@contoso.example"), "{unknown}");
    let errors = tenant.end();
    for wanted in ["took 1 messages", "POST    201", "/oauth2/v2.0/token", "wrote 2 messages"] {
        assert!(errors.contains(wanted), "{wanted}: {errors}");
    }

    let again = Tenant::start(folder.path(), &["--snapshot", snapshot]);
    let mut subjects = again.subjects().await;
    subjects.sort();
    assert_eq!(subjects, ["By hand", "Delivered"]);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_mail() {
    let folder = TempDir::new().unwrap();
    let mut made = Vec::new();
    for seed in ["7", "7", "8"] {
        made.push(Tenant::start(folder.path(), &["--seed", seed, "--messages", "60"]).subjects().await);
    }
    assert!(made[0].len() > 5, "{made:?}");
    assert_eq!(made[0], made[1]);
    assert_ne!(made[0], made[2]);
}

#[test]
fn what_it_cannot_begin_with_is_refused_in_a_sentence() {
    let folder = TempDir::new().unwrap();
    let scenario = |text: &str| {
        let path = folder.path().join("faults.toml");
        std::fs::write(&path, text).unwrap();
        refused(&["--listen", "127.0.0.1:0", "--https", "0", "--scenario", path.to_str().unwrap()])
    };
    assert!(scenario("[[rules]]\npth = 'x'\n").contains("unknown field `pth`, expected one of `name`"));
    assert!(scenario("[switches]\ndeletePuts = 'away'\n").contains("expected `deletedItems` or"));
    let missing = refused(&["--import", "/nowhere/at/all"]);
    assert!(missing.contains("--import /nowhere/at/all"), "{missing}");
    assert!(missing.contains("No such file"), "{missing}");
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = refused(&["--listen", &busy.local_addr().unwrap().to_string()]);
    assert!(taken.contains("Address already in use") && taken.contains("0 takes a free one"), "{taken}");
    let nobody = refused(&["deliver", "Cargo.toml", "--to", ADELE, "--url", "http://127.0.0.1:9"]);
    assert!(nobody.contains("no sandbox answers") && nobody.contains("mailroom sandbox"), "{nobody}");
    let file = refused(&["deliver", "/nowhere.eml", "--to", ADELE]);
    assert!(file.contains("/nowhere.eml can't be read"), "{file}");
}
