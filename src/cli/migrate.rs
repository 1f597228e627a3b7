//! `mailroom migrate`.

use secrecy::ExposeSecret as _;

use super::failure::{Exit, Failure};
use super::output::{Style, line, styled};
use crate::app;
use crate::config::Config;
use crate::db::migrate::{self, Status};

const EXAMPLES: &str = "\
Examples:
  mailroom migrate              apply what is pending; safe to run from several places at once
  mailroom migrate --status     show what is applied and what is pending; exit code 3 if they differ
  mailroom migrate --down 1     take the last one back, with the data that only it has";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Show what is applied and what is pending, and change nothing.
    #[arg(long, conflicts_with = "down")]
    status: bool,
    /// Take back the last N migrations. What they had added is lost.
    #[arg(long, value_name = "N")]
    down: Option<u32>,
}

pub(super) async fn run(args: Args, config: &Config) -> Result<Exit, Failure> {
    let database = app::connect_to_migrate(config).await?;
    if let Some(steps) = args.down {
        migrate::down(&database, steps).await?;
    } else if !args.status {
        migrate::up(&database).await?;
    }
    let status = migrate::status(&database).await?;
    show(&status, config.database.url.expose_secret().starts_with("sqlite:"));
    let differs = args.status && !status.is_current();
    Ok(if differs { Exit::Differs } else { Exit::Done })
}

fn show(status: &Status, is_sqlite: bool) {
    let database = if is_sqlite { "SQLite" } else { "PostgreSQL" };
    for (names, word, style) in [
        (&status.applied, "applied", Style::Green),
        (&status.pending, "pending", Style::Yellow),
        (&status.unknown, "unknown", Style::Red),
    ] {
        for name in names {
            line(format_args!("{} {name}", styled(format!("{word:8}"), style)));
        }
    }
    let pending = status.pending.len();
    line(match (status.unknown.is_empty(), pending) {
        (false, _) => format!("{database}: the schema belongs to a newer mailroom."),
        (true, 0) => format!("{database}: the schema is up to date."),
        (true, 1) => format!("{database}: one migration is pending."),
        (true, n) => format!("{database}: {n} migrations are pending."),
    });
}
