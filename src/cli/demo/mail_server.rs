//! The demo's mail server: a Dovecot of its own, on a loopback port, ended with the demo.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::folder::{Folder, Settled};
use super::post::Inbox;
use crate::cli::failure::Failure;

/// The mailbox's user at the mail server.
pub(super) const USER: &str = "support";
/// How long it may take to greet, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the folder of its sockets begins.
const RUN: &str = "mailroom-demo-";

const INSTALL: &str = "on Debian: apt-get install dovecot-imapd (./demo.sh does it)";

/// The running server.
pub(super) struct MailServer {
    child: Child,
    run: PathBuf,
    inbox: Inbox,
}

impl MailServer {
    /// Starts it; ready when it greets.
    pub(super) async fn start(folder: &Folder, settled: &Settled) -> Result<Self, Failure> {
        let dovecot = installed().await?;
        let here = folder.of_mail_user("mail-server")?;
        let mail = folder.of_mail_user("mail")?;
        end_leftover(&here).await;
        if TcpStream::connect(("127.0.0.1", settled.imap_port)).await.is_ok() {
            return Err(Failure::new(format!(
                "port {} of the demo's mail server is taken",
                settled.imap_port
            ))
            .hint("end the other program, or start afresh in another folder with --dir"));
        }
        // Not in the demo's folder: names of Unix sockets have at most 107 bytes.
        let run = std::env::temp_dir().join(format!("{RUN}{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir(&run)?;
        std::fs::write(here.join("run"), run.as_os_str().as_encoded_bytes())?;
        let conf = here.join("dovecot.conf");
        std::fs::write(&conf, configuration(folder, settled, &run, &mail)?)?;
        let log = std::fs::File::create(here.join("stderr"))?;
        let child = Command::new(dovecot)
            .args(["-F", "-c"])
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // Not in our process group: Ctrl-C in a terminal is for us, and we end it last.
            .process_group(0)
            .spawn()
            .context("Dovecot can't be started")?;
        if let Some(id) = child.id() {
            std::fs::write(here.join("pid"), id.to_string())?;
        }
        let mut server = Self { child, run, inbox: Inbox::make(folder, &mail.join(USER))? };
        server.until_it_greets(settled.imap_port, &here).await?;
        Ok(server)
    }

    /// Where its mail is delivered.
    pub(super) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Ends it with all its connections.
    pub(super) async fn end(&mut self) {
        if let Some(id) = self.child.id() {
            terminate(id).await;
        }
        if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
        let _ = std::fs::remove_dir_all(&self.run);
    }

    async fn until_it_greets(&mut self, port: u16, here: &Path) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if greets(port).await {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                self.end().await;
                let said = ["stderr", "dovecot.log"]
                    .map(|name| std::fs::read_to_string(here.join(name)).unwrap_or_default())
                    .concat();
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                return Err(Failure::new(format!("Dovecot does not start:\n{}", last.join("\n")))
                    .hint(format!("its log is in {}", here.display())));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for MailServer {
    /// Where an error left no time to end it well.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let _ = std::fs::remove_dir_all(&self.run);
    }
}

async fn greets(port: u16) -> bool {
    let mut greeting = [0; 4];
    let asked = async {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
        connection.read_exact(&mut greeting).await
    };
    tokio::time::timeout(Duration::from_secs(5), asked).await.is_ok_and(|read| read.is_ok())
        && &greeting == b"* OK"
}

/// The program, if it is there and of a version whose configuration we know how to write.
async fn installed() -> Result<&'static str, Failure> {
    for path in ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "dovecot"] {
        let Ok(output) = Command::new(path).arg("--version").output().await else { continue };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if version.starts_with("2.3.") {
            return Ok(path);
        }
        return Err(Failure::new(format!("Dovecot 2.3 is needed, and {version} is installed")).hint(INSTALL));
    }
    Err(Failure::new("Dovecot, the demo's mail server, is not installed").hint(INSTALL))
}

/// Ends the server of an earlier demo that was killed.
async fn end_leftover(here: &Path) {
    end_process(here).await;
    let run = PathBuf::from(std::fs::read_to_string(here.join("run")).unwrap_or_default());
    let is_ours = run.file_name().is_some_and(|name| name.to_string_lossy().starts_with(RUN));
    if is_ours && run.starts_with(std::env::temp_dir()) {
        let _ = std::fs::remove_dir_all(&run);
    }
}

async fn end_process(here: &Path) {
    let Ok(id) = std::fs::read_to_string(here.join("pid")) else { return };
    let Ok(id) = id.trim().parse::<u32>() else { return };
    let command = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let conf = here.join("dovecot.conf").display().to_string();
    if !String::from_utf8_lossy(&command).split('\0').any(|word| word == conf) {
        return;
    }
    terminate(id).await;
    let deadline = Instant::now() + PATIENCE;
    while Path::new(&format!("/proc/{id}")).exists() && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
    }
}

async fn terminate(id: u32) {
    let _ = Command::new("kill").arg(id.to_string()).status().await;
}

fn configuration(folder: &Folder, settled: &Settled, run: &Path, mail: &Path) -> Result<String, Failure> {
    let (uid, gid) = folder.mail_user()?;
    let (run, mail, here) = (run.display(), mail.display(), folder.server());
    let (here, port, password) = (here.display(), settled.imap_port, &settled.password);
    // Without root, every part runs as whoever started it, and none in a chroot.
    let users = if folder.is_root() {
        String::new()
    } else {
        let (user, group) = (name_of("-un")?, name_of("-gn")?);
        format!(
            "default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n"
        )
    };
    Ok(format!(
        "protocols = imap
listen = 127.0.0.1
base_dir = {run}
state_dir = {run}
log_path = {here}/dovecot.log
ssl = no
disable_plaintext_auth = no
{users}auth_mechanisms = plain
auth_failure_delay = 0
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={mail}/%u
}}
mail_location = maildir:~/Maildir
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Trash {{
    auto = create
    special_use = \\Trash
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"
    ))
}

/// The name of the user or group that we run as.
fn name_of(flag: &str) -> Result<String, Failure> {
    let output = std::process::Command::new("id").arg(flag).output().context("`id` can't be run")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
