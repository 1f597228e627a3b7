//! A real PgBouncer in transaction mode before a PostgreSQL of the tests.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{free_port, wait_until};

/// A running pooler; it ends when this is dropped, or when this process ends in any way.
pub struct PgBouncer {
    port: u16,
    watchdog: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// Stands before the server at that address, `postgres://mailroom@127.0.0.1:5432/name`.
    pub fn before(url: &str) -> Self {
        let server = url.split('@').nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        let server_port = server.split(':').nth(1).unwrap();
        let folder = tempfile::Builder::new().prefix("mailroom-pgbouncer-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let users = folder.path().join("users");
        fs::write(&users, "\"mailroom\" \"\"\n").unwrap();
        let configuration = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = 15\nmax_client_conn = 500\nlogfile = {}\n",
            users.display(),
            folder.path().join("log").display(),
        );
        let path = folder.path().join("pgbouncer.ini");
        fs::write(&path, configuration).unwrap();
        // It refuses to run as root.
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let program = if is_root {
            chown(folder.path(), Some(65534), Some(65534)).unwrap();
            "setpriv --reuid=65534 --regid=65534 --clear-groups /usr/sbin/pgbouncer"
        } else {
            "/usr/sbin/pgbouncer"
        };
        let script =
            format!("trap '' HUP INT TERM; {program} -q \"$1\" & server=$!; read -r _; kill \"$server\"");
        let watchdog = Command::new("/bin/sh")
            .args(["-c", &script, "watchdog"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until(
            "PgBouncer (apt-get install pgbouncer) takes connections",
            Duration::from_secs(20),
            || TcpStream::connect(("127.0.0.1", port)).is_ok(),
        );
        Self { port, watchdog, _folder: folder }
    }

    /// The same database, through it.
    pub fn through(&self, url: &str) -> String {
        let name = url.rsplit('/').next().unwrap();
        format!("postgres://mailroom@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
