//! What a connection costs that listens and hears nothing: resident memory of this process, with the server in another.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;
use mailroom::config::NetConfig;
use mailroom::domain::job::Selection;
use mailroom::domain::mailbox::{ImapSettings, ProviderSettings, Security};
use mailroom::net::Net;
use mailroom::provider::{self, Listener, Login, Position, Reach};

use super::certs::Certs;
use super::stub;

const WATCHERS: usize = 1000;
/// As many as the worker connects at the same time.
const AT_ONCE: usize = 16;

/// Before the only case that is measured.
const ONLY: &str = "--only";

/// The server's process; it ends when this is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Each in a process of its own: what one has given back would be taken for free by the next.
pub async fn run(words: &[String]) {
    let security = match words.iter().position(|word| word == ONLY).and_then(|at| words.get(at + 1)) {
        None => {
            println!("| {WATCHERS} idle watchers | connected in | resident memory of each |");
            println!("|---|---:|---:|");
            for case in ["clear", "tls"] {
                let program = std::env::current_exe().unwrap();
                assert!(
                    Command::new(program)
                        .args(["--cases", "watchers", ONLY, case])
                        .status()
                        .unwrap()
                        .success()
                );
            }
            return;
        }
        Some(case) if case == "tls" => Security::Tls,
        Some(_) => Security::None,
    };
    let folder = tempfile::tempdir().unwrap();
    let certs = Certs::make(folder.path());
    let (cost, took) = measure(security, &certs).await;
    let name = if security == Security::Tls { "over TLS" } else { "in the clear" };
    println!("| {name} | {:.1} s | {:.1} KB |", took.as_secs_f64(), cost / 1024.0);
}

/// Bytes each, and how long it took to connect them all.
async fn measure(security: Security, certs: &Certs) -> (f64, Duration) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(stub::WORD).stdout(Stdio::piped());
    if security == Security::Tls {
        command.args([&certs.good.0, &certs.good.1]);
    }
    let mut child = command.spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let port = port.trim().parse().unwrap();
    let _server = Server(child);

    let config = NetConfig {
        ca_file: certs.ca.clone(),
        connect_timeout_seconds: 10,
        read_timeout_seconds: 60,
        allow: Vec::new(),
    };
    let reach = Reach::new(Net::new(&config).unwrap());
    // What is there once, whoever many there are.
    drop(connect(port, security, &reach).await);
    let before = resident();
    let begun = Instant::now();
    let reach = &reach;
    let listeners: Vec<_> = stream::iter(0..WATCHERS)
        .map(|_| connect(port, security, reach))
        .buffer_unordered(AT_ONCE)
        .map(|mut listener| tokio::spawn(async move { listener.heard().await }))
        .collect()
        .await;
    let took = begun.elapsed();
    let cost = resident().saturating_sub(before) as f64 / WATCHERS as f64;
    for listener in &listeners {
        assert!(!listener.is_finished(), "it hears nothing, and does not fail");
        listener.abort();
    }
    (cost, took)
}

async fn connect(port: u16, security: Security, reach: &Reach) -> Box<dyn Listener> {
    let settings =
        ProviderSettings::Imap(ImapSettings { host: "127.0.0.1".to_owned(), port, security, login: None });
    let login = Login::Password { username: "u".to_owned(), password: "p".to_owned().into() };
    let provider = provider::connect(&settings, login, Vec::new(), reach).unwrap();
    let position = Position { generation: "7".to_owned(), token: "1".to_owned() };
    provider.ear().unwrap().listen("INBOX", Some(&position), Selection::New).await.unwrap()
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
