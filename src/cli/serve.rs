//! `mailroom serve`.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::{Exit, Failure};
use super::{logging, output};
use crate::app::App;
use crate::config::{Config, Role};

const EXAMPLES: &str = "\
Examples:
  mailroom serve                          the API and a worker in one process
  mailroom serve --roles worker           only read mailboxes; health and metrics are still served
  mailroom --config /etc/mailroom.toml serve

SIGTERM or SIGINT drains: no new work, running batches finish within http.drain_seconds. A second one ends
the process at once; nothing is lost by it, what was unfinished is taken up again.";

/// Signals so soon after the first are the same one.
const ONE_SIGNAL: Duration = Duration::from_millis(500);

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What this process does [default: worker.roles].
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',', value_enum)]
    roles: Vec<RoleName>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleName {
    /// Serve requests.
    Api,
    /// Read mailboxes.
    Worker,
}

pub(super) async fn run(args: Args, mut config: Config) -> Result<Exit, Failure> {
    if !args.roles.is_empty() {
        config.worker.roles = args.roles.into_iter().map(Role::from).collect();
    }
    config.require_keys()?;
    logging::start(&config.log)?;
    let stop = stop_on_signals()?;
    App::build(config).await?.serve(stop).await?;
    Ok(Exit::Done)
}

/// Cancelled by the first SIGTERM or SIGINT; the second ends the process.
pub(super) fn stop_on_signals() -> Result<CancellationToken, Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        let mut next = async || tokio::select! { _ = terminate.recv() => (), _ = interrupt.recv() => () };
        next().await;
        told.cancel();
        // Shells and wrappers may pass one signal on twice.
        let _ = tokio::time::timeout(ONE_SIGNAL, async {
            loop {
                next().await
            }
        })
        .await;
        next().await;
        output::note("Ended at once.");
        std::process::exit(Exit::Failed as i32);
    });
    Ok(stop)
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Api => Self::Api,
            RoleName::Worker => Self::Worker,
        }
    }
}
