//! `mailroom demo`: a Microsoft 365 tenant, mail trickling in, and mailroom reading it; in one process and one folder.

mod folder;
mod guide;
mod settings;
mod setup;
mod tenant;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::failure::{Exit, Failure};
use super::{logging, serve};
use crate::app::App;
use crate::config::{Config, Sources};
use folder::Folder;
use tenant::Tenant;

const EXAMPLES: &str = "\
Examples:
  mailroom demo                           on http://127.0.0.1:8080, or on a free port if that is taken
  mailroom demo --every 1 --dir /tmp/d    a mail every second, in a folder of its own
  mailroom demo --seed 7                  other mail; the same seed makes the same

It needs nothing else: the tenant is the one of `mailroom sandbox`, with three shared mailboxes. Everything is written
into one folder, ./mailroom-demo, keys with mode 0600. Started again, it goes on where it was; delete the folder to
start afresh. Ctrl-C ends it.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder of all that the demo writes [default: mailroom-demo].
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Where the API is served; if the port is taken, on a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Seconds between two mails.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// What the mail depends on: the same seed makes the same mail, with the same ids.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let folder = Folder::open(args.dir.clone())?;
    let settled = folder.settled()?;
    let every = Duration::from_secs(args.every);
    // Before the configuration is read: the certificate that it trusts is made now.
    let tenant = Tenant::start(&folder, &settled, args.seed, every).await?;
    let ended = beside(&tenant, &folder, &settled, &args).await;
    tenant.end().await?;
    ended.map(|()| Exit::Done)
}

/// Serves beside the running tenant.
async fn beside(
    tenant: &Tenant,
    folder: &Folder,
    settled: &folder::Settled,
    args: &Args,
) -> Result<(), Failure> {
    let overrides = settings::of(folder, settled, args.listen)?;
    let config = Config::load(&Sources { overrides, ..Sources::default() })?;
    logging::start(&config.log)?;
    let stop: CancellationToken = serve::stop_on_signals()?;
    let app = App::build(config).await?;
    setup::mailboxes(app.services(), tenant.graph()).await?;
    guide::print(&app, tenant.graph(), args.every)?;
    Ok(app.serve(stop).await?)
}
