//! The real service: the binary, on a free port, with a data folder of its own, asked over GraphQL.

use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::free_port;

/// A `mailroom serve` that ends with this value. Its log is in its data folder, and shown when it does not start.
pub struct Service {
    folder: TempDir,
    variables: Vec<(String, String)>,
    child: Option<Child>,
    port: u16,
    token: String,
    client: reqwest::Client,
}

impl Service {
    /// Brings the database's schema up to date and starts on it; returns when it is ready.
    pub async fn start(database_url: &str) -> Self {
        Self::start_with(database_url, &[]).await
    }

    /// The same, with more of the configuration: `("MAILROOM_WORKER__LEASE_SECONDS", "10")`.
    pub async fn start_with(database_url: &str, more: &[(&str, &str)]) -> Self {
        let mut service = Self::prepare(database_url, more).await;
        service.restart(&[]).await;
        service
    }

    /// Everything but the start.
    pub async fn prepare(database_url: &str, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("mailroom-").tempdir().unwrap();
        let port = free_port();
        let key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
        let mut variables: Vec<(String, String)> = [
            ("MAILROOM_DATABASE__URL", database_url.to_owned()),
            ("MAILROOM_DATA_DIR", folder.path().join("data").display().to_string()),
            ("MAILROOM_HTTP__LISTEN", format!("127.0.0.1:{port}")),
            ("MAILROOM_HTTP__METRICS_LISTEN", format!("127.0.0.1:{}", free_port())),
            ("MAILROOM_HTTP__DRAIN_SECONDS", "5".to_owned()),
            ("MAILROOM_SECRETS__KEYS", format!("k1:{key}")),
            ("MAILROOM_AUTH__LOCAL_KEY", key.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (name, value) in more {
            variables.retain(|(known, _)| known != name);
            variables.push(((*name).to_owned(), (*value).to_owned()));
        }
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        let mut service = Self { folder, variables, child: None, port, token: String::new(), client };
        service.command(&["migrate"]);
        service.token = service.token_for("tests", "admin");
        service
    }

    /// Starts it again on the same data, with these variables for this time only; returns when it is ready.
    pub async fn restart(&mut self, once: &[(&str, &str)]) {
        self.spawn(once);
        let ready = self.until_ready().await;
        assert!(ready, "the service ended before it was ready:\n{}", self.log());
    }

    /// Starts it again and does not wait.
    pub fn spawn(&mut self, once: &[(&str, &str)]) {
        self.kill();
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let child = self
            .program(&["serve"])
            .envs(once.iter().copied())
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Waits until it serves; false when it ends before that.
    pub async fn until_ready(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if self.ended().is_some() {
                return false;
            }
            let answer = self.client.get(self.url("/readyz")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            assert!(Instant::now() < deadline, "not ready within a minute:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills it at once (SIGKILL), if it still runs.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end (SIGTERM) and waits for that; whether it ended well.
    pub fn stop(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return true };
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.success();
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// The signal that it ended by, if it has ended; 0 for none.
    pub fn ended(&mut self) -> Option<i32> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        Some(status.signal().unwrap_or(0))
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends a request; the whole answer with `data` and `errors`, or why none came.
    pub async fn ask(&self, query: &str, variables: Value) -> Result<Value, reqwest::Error> {
        let body = json!({ "query": query, "variables": variables });
        self.client.post(self.url("/graphql")).bearer_auth(&self.token).json(&body).send().await?.json().await
    }

    /// Sends a request that must succeed; its `data`. Fails on errors, and on userErrors of any of its mutations.
    pub async fn run(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer:#}\n{}", self.log());
        let refused = answer["data"]
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, field)| field["userErrors"].as_array().is_some_and(|errors| !errors.is_empty()));
        assert!(!refused, "{answer:#}");
        answer["data"].clone()
    }

    /// A token of another subject, with these scopes.
    pub fn token_for(&self, subject: &str, scope: &str) -> String {
        self.command(&["token", "--subject", subject, "--scope", scope]).trim().to_owned()
    }

    /// The token that its requests bear: everything is allowed.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The address of a path such as `/graphql`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The folder that holds its data folder and its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn program(&self, arguments: &[&str]) -> Command {
        // Another build of it may be judged by the same tests, such as a release.
        let program = std::env::var_os("MAILROOM_TEST_PROGRAM");
        let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_mailroom").into()));
        command.args(arguments).stdin(Stdio::null());
        // Whoever runs the tests has settings of their own.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MAILROOM_"))
        {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs another command of the program to its end; what it printed.
    fn command(&self, arguments: &[&str]) -> String {
        let errors = File::create(self.folder.path().join("errors")).unwrap();
        let output = self.program(arguments).stderr(errors).output().unwrap();
        let errors = std::fs::read_to_string(self.folder.path().join("errors")).unwrap_or_default();
        assert!(output.status.success(), "mailroom {arguments:?}:\n{errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
