//! `mailroom demo`: a mail server, sample mail trickling in, and mailroom reading it; all in one folder.

mod folder;
mod guide;
mod letter;
mod letters;
mod mail_server;
mod post;
mod settings;
mod setup;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::failure::{Exit, Failure};
use super::{logging, serve};
use crate::app::App;
use crate::config::{Config, Sources};
use folder::{Folder, Settled};
use mail_server::MailServer;

const EXAMPLES: &str = "\
Examples:
  mailroom demo                           on http://127.0.0.1:8080, or on a free port if that is taken
  mailroom demo --every 1 --dir /tmp/d    a mail every second, in a folder of its own

It needs Dovecot 2.3 (apt-get install dovecot-imapd). Everything is written into one folder, keys with mode 0600:
./mailroom-demo, or /var/lib/mailroom-demo for root. Started again, it goes on where it was; delete the folder to
start afresh. Ctrl-C ends everything it started.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder of all that the demo writes.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Where the API is served; if the port is taken, on a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Seconds between two mails.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let folder = Folder::open(args.dir)?;
    let settled = folder.settled()?;
    let overrides = settings::of(&folder, &settled, args.listen)?;
    let config = Config::load(&Sources { overrides, ..Sources::default() })?;
    logging::start(&config.log)?;
    let stop = serve::stop_on_signals()?;
    // Before the mail server: it refuses a second demo in the same folder.
    let app = App::build(config).await?;
    let mut server = MailServer::start(&folder, &settled).await?;
    let ended = beside(&server, app, &settled, args.every, stop).await;
    server.end().await;
    ended.map(|()| Exit::Done)
}

/// Serves beside the running mail server, and delivers.
async fn beside(
    server: &MailServer,
    app: App,
    settled: &Settled,
    every: u64,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mailbox = setup::mailbox(app.services(), settled).await?;
    guide::print(&app, &mailbox, every)?;
    let post = tokio::spawn(post::deliver(server.inbox(), Duration::from_secs(every), stop.clone()));
    let served = app.serve(stop).await;
    post.abort();
    Ok(served?)
}
