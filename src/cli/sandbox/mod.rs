//! `mailroom sandbox`: a Microsoft 365 tenant on this machine, with mail in it.
//!
//! | | |
//! |---|---|
//! | `begin` | the state to begin with: a snapshot, files, made-up mail |
//! | `guide` | what it prints at the start |

mod begin;
mod guide;

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::sandbox::input::{self, drip, remote};
use ::sandbox::server::{Options, Running, Sandbox};
use ::sandbox::{log, sample, snapshot};
use anyhow::Context as _;
use tokio::net::TcpListener;

use super::failure::{Exit, Failure};
use super::output::{self, Style, line, note, paint};
use super::serve;

const EXAMPLES: &str = "\
Examples:
  mailroom sandbox                                         a tenant with a hundred messages
  mailroom sandbox --drip 5 --smtp 2525                    and a new one every five seconds, or by SMTP
  mailroom sandbox --import ~/mail.mbox --mailbox me@contoso.example
  mailroom sandbox --scenario faults.toml                  429s, slow bodies, lost notifications
  mailroom sandbox --snapshot tenant.jsonl                 goes on where it was
  mailroom sandbox deliver offer.eml --to adele@contoso.example

Everything else is changed while it runs, under http://127.0.0.1:8025/sandbox; docs/sandbox.md shows how.
Ctrl-C ends it. It is a tool for development: whoever reaches its port can do everything.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where http is served; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8025")]
    listen: SocketAddr,
    /// The port of https, which some of Microsoft's libraries insist on; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    https: u16,
    /// Where its authority's certificate is written, for clients to trust [default: one by the port, below the
    /// temporary folder].
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Take mail by SMTP on that port; 0 takes a free one.
    #[arg(long, value_name = "PORT")]
    smtp: Option<u16>,
    /// What the made-up mail depends on: the same seed makes the same mail.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many messages are made up [default: 100, or 0 with --import or a snapshot].
    #[arg(long, value_name = "N")]
    messages: Option<usize>,
    /// Mail to begin with: an .eml file, an mbox, a Maildir, or a folder of them. Several times if need be.
    #[arg(long, value_name = "PATH")]
    import: Vec<PathBuf>,
    /// Whom imported mail is for; a mailbox is made where there is none.
    #[arg(long, value_name = "ADDRESS", default_value = sample::ADELE)]
    mailbox: String,
    /// Where imported mail is put: a well-known name, or a path such as Inbox/Orders.
    #[arg(long, value_name = "FOLDER", default_value = "inbox")]
    folder: String,
    /// Deliver a made-up message every so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    drip: Option<u64>,
    /// Switches and faults, in TOML or JSON.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The state: read at the start if the file is there, written at the end.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Show each request, even where nobody looks at a terminal.
    #[arg(long)]
    log: bool,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Send a raw message into a sandbox that runs.
    Deliver {
        /// The message; - reads it from the standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Whom for; several are parted by commas.
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// Where it is put.
        #[arg(long, value_name = "FOLDER", default_value = "inbox")]
        folder: String,
        /// Where the sandbox is.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8025")]
        url: String,
    },
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    if let Some(Command::Deliver { file, to, folder, url }) = &args.command {
        return deliver(file, to, folder, url).await;
    }
    let stop = serve::stop_on_signals()?;
    let state = begin::state(&args)?;
    let https = SocketAddr::new(args.listen.ip(), args.https);
    let options = Options { http: args.listen, https: Some(https) };
    let running = Sandbox::start(options, state.clone()).await.map_err(|error| {
        Failure::from(error).hint("--listen and --https take other ports; 0 takes a free one")
    })?;
    let smtp = match args.smtp {
        Some(port) => Some(TcpListener::bind((args.listen.ip(), port)).await?),
        None => None,
    };
    let authority = authority(&args, &running)?;
    guide::show(&running, smtp.as_ref(), &authority);
    if args.log || std::io::stderr().is_terminal() {
        let coloured = output::wanted(std::io::stderr().is_terminal());
        note(paint(log::Line::HEADER, Style::Dim, coloured));
        state.log.show(move |request| note(request.row(coloured)));
    }
    let mut beside = tokio::task::JoinSet::new();
    if let Some(listener) = smtp {
        beside.spawn(input::smtp::serve(listener, state.clone()));
    }
    if let Some(seconds) = args.drip {
        beside.spawn(drip::run(state.clone(), args.seed.wrapping_add(1), Duration::from_secs(seconds)));
    }
    stop.cancelled().await;
    running.stop().await;
    if let Some(path) = &args.snapshot {
        let messages = snapshot::save(&state, path)?;
        note(format_args!("wrote {messages} messages to {}", path.display()));
    }
    Ok(Exit::Done)
}

/// Where the authority's certificate lies now.
fn authority(args: &Args, running: &Running) -> Result<PathBuf, Failure> {
    let by_port = || {
        let port = running.https_url.as_deref().and_then(|url| url.rsplit(':').next()).unwrap_or_default();
        std::env::temp_dir().join(format!("mailroom-sandbox-{port}.pem"))
    };
    let path = args.ca.clone().unwrap_or_else(by_port);
    if let Some(pem) = &running.ca_pem {
        std::fs::write(&path, pem).map_err(|error| {
            Failure::from(error).hint(format!("--ca names another file than {}", path.display()))
        })?;
    }
    Ok(path)
}

async fn deliver(file: &Path, to: &str, folder: &str, url: &str) -> Result<Exit, Failure> {
    let raw = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())?.into_bytes()
    } else {
        std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?
    };
    let id = input::remote::deliver(url, to, folder, raw).await.map_err(|error| {
        let hint = match error {
            remote::Error::Unreachable(..) => {
                "is it running? `mailroom sandbox` starts it; --url says where it is"
            }
            remote::Error::Refused(_) => "GET /sandbox there shows its mailboxes",
        };
        Failure::from(error).hint(hint)
    })?;
    line(id);
    Ok(Exit::Done)
}
