//! A real Dovecot of one test's own: Maildir, plain, STARTTLS and TLS, every user name welcome.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use tempfile::TempDir;

use super::certs::Certs;
use super::person::Person;
use super::{free_port, wait_until};

/// The password of every user that was not given one.
pub const PASSWORD: &str = "open-sesame";

/// A running server; it ends when this is dropped.
pub struct Dovecot {
    dir: TempDir,
    child: Option<Child>,
    owner: Option<(u32, u32)>,
    delivered: AtomicU64,
    /// Plain, with STARTTLS offered: 127.0.0.1.
    pub port: u16,
    /// TLS from the start. 127.0.0.1 shows the good certificate, 127.0.0.2 the expired one, 127.0.0.3 the strayed.
    pub tls_port: u16,
    /// What to trust.
    pub certs: Certs,
}

/// The server that all tests of this process share; each takes users of its own.
pub fn shared() -> &'static Dovecot {
    static SHARED: OnceLock<Dovecot> = OnceLock::new();
    SHARED.get_or_init(Dovecot::start)
}

impl Dovecot {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with(&[], "")
    }

    /// Starts one with passwords of their own for some users, and further lines of configuration.
    pub fn start_with(passwords: &[(&str, &str)], more: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("dovecot").tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let certs = Certs::make(dir.path());
        let passwd: String = passwords
            .iter()
            .map(|(user, password)| {
                // Dovecot looks a name up in its escaped form.
                let user = user.replace('\\', "\\\\");
                format!(
                    "{user}:{{PLAIN.b64}}{}\n",
                    base64::engine::general_purpose::STANDARD.encode(password)
                )
            })
            .collect();
        fs::write(dir.path().join("passwd"), passwd).unwrap();
        let mut me = Self {
            owner: (fs::metadata(dir.path()).unwrap().uid() == 0).then_some((65534, 65534)),
            dir,
            child: None,
            delivered: AtomicU64::new(0),
            port: free_port(),
            tls_port: free_port(),
            certs,
        };
        me.make_dir(&me.dir.path().join("mail"));
        fs::write(me.dir.path().join("dovecot.conf"), me.configuration(more)).unwrap();
        me.restart();
        me
    }

    /// Starts it again, on the same ports and with the same mail, after [`Self::stop`].
    pub fn restart(&mut self) {
        // Ends the server when we do, whatever ends us; and tidies up unless it was only told to stop.
        let script = r#"dovecot -F -c "$1/dovecot.conf" 2>"$1/stderr" & server=$!
trap '' HUP INT TERM
read -r _ && stopped=yes
kill "$server" && wait "$server"
[ -n "$stopped" ] || rm -rf "$1""#;
        let child = Command::new("/bin/sh")
            .args(["-c", script, "watchdog"])
            .arg(self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let port = self.port;
        wait_until(
            &format!("dovecot greets (log: {})", self.log().display()),
            Duration::from_secs(20),
            || {
                let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                let mut line = String::new();
                BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("* OK")
            },
        );
    }

    /// Ends it, with all its connections.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        child.stdin.take().unwrap().write_all(b"stop\n").unwrap();
        child.wait().unwrap();
    }

    /// What it has to say.
    pub fn log(&self) -> PathBuf {
        self.dir.path().join("dovecot.log")
    }

    /// Puts a message into a folder (`INBOX`, `Archive/2026`), unread, and makes user and folder where missing.
    /// Line ends are kept as given: give CRLF to get the same bytes back.
    pub fn deliver(&self, user: &str, folder: &str, raw: &[u8]) {
        self.deliver_at(user, folder, raw, SystemTime::now());
    }

    /// The same, arrived at that time (INTERNALDATE, whole seconds).
    pub fn deliver_at(&self, user: &str, folder: &str, raw: &[u8], arrived: SystemTime) {
        self.deliver_many(user, folder, [(raw, arrived)]);
    }

    /// Many at once; quick enough for tens of thousands. UIDs follow the order given.
    pub fn deliver_many<'a>(
        &self,
        user: &str,
        folder: &str,
        messages: impl IntoIterator<Item = (&'a [u8], SystemTime)>,
    ) {
        let maildir = self.folder(user, folder);
        for (raw, arrived) in messages {
            let number = self.delivered.fetch_add(1, Ordering::Relaxed);
            let bare = raw
                .iter()
                .zip(std::iter::once(&0).chain(raw))
                .filter(|&(&b, &before)| b == b'\n' && before != b'\r');
            let name = format!(
                "{:010}.{number:09}.test,S={},W={}",
                1_000_000_000,
                raw.len(),
                raw.len() + bare.count()
            );
            let tmp = maildir.join("tmp").join(&name);
            let mut file = fs::File::create(&tmp).unwrap();
            file.write_all(raw).unwrap();
            file.set_modified(arrived).unwrap();
            drop(file);
            self.give(&tmp);
            fs::rename(&tmp, maildir.join("new").join(&name)).unwrap();
        }
    }

    /// Numbers the folder's messages anew: another UIDVALIDITY, UIDs from 1 in the same order.
    /// Nobody should have it open.
    pub fn renumber(&self, user: &str, folder: &str) {
        let maildir = self.folder(user, folder);
        let list = maildir.join("dovecot-uidlist");
        let text = fs::read_to_string(&list).unwrap();
        let mut lines = text.lines();
        let header = lines.next().unwrap();
        let field = |letter: char| {
            let found = header.split(' ').find(|part| part.starts_with(letter)).unwrap();
            found.get(1..).unwrap().to_owned()
        };
        let validity: u64 = field('V').parse().unwrap();
        let present: HashSet<String> = ["cur", "new"]
            .iter()
            .flat_map(|sub| fs::read_dir(maildir.join(sub)).unwrap().flatten())
            .map(|entry| base(&entry.file_name().to_string_lossy()).to_owned())
            .collect();
        let files: Vec<&str> = lines
            .filter_map(|line| line.split_once(' ').map(|(_, rest)| rest))
            .filter(|rest| rest.split_once(':').is_some_and(|(_, name)| present.contains(base(name))))
            .collect();
        let mut renewed = format!("3 V{} N{} G{}\n", validity + 1, files.len() + 1, field('G'));
        for (at, rest) in files.iter().enumerate() {
            renewed.push_str(&format!("{} {rest}\n", at + 1));
        }
        fs::write(&list, renewed).unwrap();
        self.give(&list);
        for entry in fs::read_dir(&maildir).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot.index") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// Someone else who works in the mailbox, over a connection of their own.
    pub fn person(&self, user: &str) -> Person {
        Person::log_in(self.port, user, PASSWORD)
    }

    /// The Maildir of a folder, made where missing.
    pub fn folder(&self, user: &str, folder: &str) -> PathBuf {
        let home = self.dir.path().join("mail").join(user);
        let root = home.join("Maildir");
        let dir = if folder.eq_ignore_ascii_case("INBOX") {
            root.clone()
        } else {
            root.join(format!(".{}", folder.replace('/', ".")))
        };
        for path in [&home, &root, &dir, &dir.join("cur"), &dir.join("new"), &dir.join("tmp")] {
            if !path.exists() {
                self.make_dir(path);
            }
        }
        dir
    }

    fn make_dir(&self, path: &Path) {
        fs::create_dir_all(path).unwrap();
        self.give(path);
    }

    fn give(&self, path: &Path) {
        if let Some((uid, gid)) = self.owner {
            chown(path, Some(uid), Some(gid)).unwrap();
        }
    }

    fn configuration(&self, more: &str) -> String {
        let dir = self.dir.path().display();
        let (port, tls_port) = (self.port, self.tls_port);
        let me = fs::metadata(self.dir.path()).unwrap();
        let (uid, gid) = self.owner.unwrap_or((me.uid(), me.gid()));
        let service_users = if self.owner.is_some() {
            String::new()
        } else {
            let name = Command::new("id").arg("-un").output().unwrap().stdout;
            let group = Command::new("id").arg("-gn").output().unwrap().stdout;
            let (name, group) = (String::from_utf8(name).unwrap(), String::from_utf8(group).unwrap());
            format!(
                "default_internal_user = {0}\ndefault_login_user = {0}\ndefault_internal_group = {1}\n",
                name.trim(),
                group.trim()
            )
        };
        let Certs { good, expired, wrong_host, .. } = &self.certs;
        let show = |(cert, key): &(PathBuf, PathBuf)| {
            format!("ssl_cert = <{}\n  ssl_key = <{}", cert.display(), key.display())
        };
        format!(
            r#"protocols = imap
listen = 127.0.0.1, 127.0.0.2, 127.0.0.3
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
{service_users}ssl = yes
{good}
local 127.0.0.2 {{
  {expired}
}}
local 127.0.0.3 {{
  {wrong_host}
}}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
auth_username_format = %u
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = username_format=%u {dir}/passwd
}}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%u
}}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Trash {{
    auto = create
    special_use = \Trash
  }}
  mailbox Sent {{
    auto = create
    special_use = \Sent
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{more}
"#,
            good = show(good),
            expired = show(expired),
            wrong_host = show(wrong_host),
        )
    }
}

/// A Maildir file's name without its flags.
fn base(name: &str) -> &str {
    name.split(':').next().unwrap_or_default()
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        drop(child.stdin.take());
        let _ = child.wait();
    }
}
