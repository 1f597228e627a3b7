//! PostgreSQL for tests: one server for the whole process, a fresh database for each test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const USER: &str = "mailroom";

/// The address of a new, empty database on the server that all tests of this process share.
pub fn database() -> String {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(Server::start).database()
}

/// A server of one's own, for tests that take it away. Ends when dropped, or when this process ends in any way.
pub struct Server {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Waits for our end of its standard input to close, whatever closes it, and then ends the server.
    watchdog: Child,
    databases: AtomicU32,
}

impl Server {
    /// Starts on a free port, with the settings of a fresh installation.
    pub fn start() -> Self {
        let bin = installed();
        let folder = tempfile::Builder::new().prefix("mailroom-postgres-").tempdir().unwrap().keep();
        own(&folder);
        let data = folder.join("data");
        let user = ["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"];
        run(unprivileged(&bin.join("initdb")).args(user).arg(&data));
        let script = r#"trap '' HUP INT TERM; read -r _; "$1" stop -D "$2/data" -m immediate >/dev/null 2>&1; rm -rf "$2""#;
        let watchdog = unprivileged(Path::new("/bin/sh"))
            .args(["-c", script, "watchdog"])
            .arg(bin.join("pg_ctl"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { bin, folder, port: 0, watchdog, databases: AtomicU32::new(0) };
        let started = (0..5).any(|_| {
            server.port = free_port();
            server.control_start().status.success()
        });
        assert!(started, "PostgreSQL does not start:\n{}", server.log());
        server
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let to_server = ["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string()].map(str::to_owned);
        run(Command::new(self.bin.join("createdb")).args(to_server).args(["-T", "template0", &name]));
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    /// Goes away: connections break, new ones are refused.
    pub fn stop(&self) {
        run(self.control().args(["stop", "-w", "-m", "immediate"]));
    }

    /// Comes back on the same port with what was committed.
    pub fn resume(&self) {
        assert!(self.control_start().status.success(), "PostgreSQL does not come back:\n{}", self.log());
    }

    fn control_start(&self) -> Output {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100",
            self.port
        );
        self.control()
            .args(["start", "-w", "-t", "60", "-o", &options, "-l"])
            .arg(self.folder.join("log"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .unwrap()
    }

    fn control(&self) -> Command {
        let mut command = unprivileged(&self.bin.join("pg_ctl"));
        command.arg("-D").arg(self.folder.join("data"));
        command
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// The newest installation that Debian's packages made.
fn installed() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name().and_then(|n| n.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|entry| entry.path()).max_by_key(number);
    newest.map(|path| path.join("bin")).filter(|bin| bin.join("initdb").exists()).unwrap_or_else(|| {
        panic!("PostgreSQL is not installed: apt-get install postgresql (tests/run.sh does it)")
    })
}

/// A command that does not run as root: PostgreSQL refuses to.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program).current_dir("/");
    command
}

fn own(folder: &Path) {
    if is_root() {
        run(Command::new("chown").arg("postgres:").arg(folder));
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_server_that_went_away_comes_back_with_its_databases() {
    use std::net::TcpStream;
    let server = Server::start();
    let url = server.database();
    assert!(url.ends_with("/test_0"));
    server.stop();
    assert!(TcpStream::connect(("127.0.0.1", server.port)).is_err());
    server.resume();
    assert!(server.database().ends_with("/test_1"));
    let (port, folder) = (server.port, server.folder.clone());
    drop(server);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err() && !folder.exists());
}
