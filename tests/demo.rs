//! `mailroom demo` from an empty folder: Office 365 mail of three shared mailboxes becomes process instances, and a second
//! start goes on where the first was.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Demo {
    child: Child,
    url: String,
    token: String,
    /// Held, so that it can go on writing.
    _answers: BufReader<ChildStdout>,
}

impl Demo {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailroom"));
        command.args(["demo", "--listen", "127.0.0.1:0", "--every", "1", "--seed", "3", "--dir"]).arg(folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (mut url, mut token) = (String::new(), String::new());
        while token.is_empty() {
            let mut line = String::new();
            assert!(answers.read_line(&mut line).unwrap() > 0, "it ended before it said its token");
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("GraphiQL"), Some(link)) => url = link.split("/graphiql").next().unwrap().to_owned(),
                (Some("Token"), Some(given)) => token = given.to_owned(),
                _ => {}
            }
        }
        // It says where it is a moment before it is there.
        let deadline = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(url.trim_start_matches("http://")).is_err() {
            assert!(Instant::now() < deadline, "nobody listens at {url}");
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Self { child, url, token, _answers: answers }
    }

    async fn ask(&self, query: &str) -> Value {
        let request = reqwest::Client::new().post(format!("{}/graphql", self.url)).bearer_auth(&self.token);
        let request = request.header("origin", "http://localhost:5173");
        let response = request.json(&json!({ "query": query })).send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "http://localhost:5173");
        let answer: Value = response.json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// How many messages each mailbox has, once each has so many.
    async fn taken_in(&self, least: u64) -> BTreeMap<String, u64> {
        let query =
            "{ mailboxes { nodes { address health { state error { message } } messages { totalCount } } } }";
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let data = self.ask(query).await;
            let nodes = data["mailboxes"]["nodes"].as_array().unwrap();
            let count = |node: &Value| node["messages"]["totalCount"].as_u64().unwrap();
            if nodes.len() == 3 && nodes.iter().all(|node| count(node) >= least) {
                let address = |node: &Value| node["address"].as_str().unwrap().to_owned();
                return nodes.iter().map(|node| (address(node), count(node))).collect();
            }
            assert!(Instant::now() < deadline, "{data:#}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn end(mut self) {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn mail_of_three_shared_mailboxes_becomes_instances_and_a_second_start_goes_on() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path());
    let first = demo.taken_in(5).await;
    let data = demo.ask("{ processInstances(first: 100) { nodes { reference mailbox { title } } } }").await;
    let instances = data["processInstances"]["nodes"].as_array().unwrap();
    for prefix in ["INC-", "CLM-", "ORD-"] {
        assert!(
            instances.iter().any(|node| node["reference"].as_str().unwrap().starts_with(prefix)),
            "{data:#}"
        );
    }
    demo.end();

    let again = Demo::start(folder.path());
    let second = again.taken_in(first.values().copied().min().unwrap() + 1).await;
    for (address, count) in &first {
        assert!(second[address] >= *count, "{address}: {first:?} {second:?}");
    }
    again.end();
}
