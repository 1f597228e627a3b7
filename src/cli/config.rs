//! `mailroom config check|print`.

use clap::Subcommand;

use super::failure::{Exit, Failure};
use super::output::{Style, line, styled};
use crate::config::{self, Config, Sources};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Say whether `serve` would start with it, and all that is wrong if not.
    Check,
    /// Show what holds, and where each value was given; secrets are ***.
    Print {
        /// Show the defaults instead, with the explanation of every key: a start for a file of one's own.
        #[arg(long)]
        defaults: bool,
    },
}

pub(super) fn run(command: &Command, sources: &Sources) -> Result<Exit, Failure> {
    match command {
        Command::Check => {
            Config::load(sources)?.require_keys()?;
            line(styled("The configuration is right.", Style::Green));
        }
        Command::Print { defaults: true } => line(config::DEFAULT_TOML.trim_end()),
        Command::Print { defaults: false } => line(config::print(sources)?.trim_end()),
    }
    Ok(Exit::Done)
}
