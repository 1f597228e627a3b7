//! The command line: one file a subcommand.
//!
//! Exit codes: 0 done; 1 it failed; 2 the command line or the configuration is wrong; 3 a check found a
//! difference (`schema --check`, `migrate --status`).

mod config;
mod demo;
mod failure;
mod logging;
mod migrate;
mod output;
mod sandbox;
mod schema;
mod serve;
mod token;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::config::{Config, Sources};
use failure::{Exit, Failure};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  mailroom demo                       try it: a mail server, sample mail, and an address to open
  mailroom sandbox                    a Microsoft 365 tenant with mail in it, for clients of Graph
  mailroom config check               is my configuration right?
  mailroom migrate                    bring the database up to date
  mailroom serve                      run the service
  mailroom token --subject me --scope admin

Configuration is read from its defaults, then --config, then MAILROOM_<SECTION>__<KEY>;
`mailroom config print` shows what holds.

Exit codes: 0 done · 1 it failed · 2 the command line or the configuration is wrong · 3 a check found a difference";

/// Takes in the mail of a company's mailboxes, turns it into process instances, and tells everyone:
/// no mail lost, none processed twice.
#[derive(Parser)]
#[command(name = "mailroom", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    /// A configuration file (TOML); what it does not say has its default.
    #[arg(long, global = true, env = "MAILROOM_CONFIG", value_name = "FILE", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service.
    Serve(serve::Args),
    /// Try it: a Microsoft 365 tenant, sample mail trickling in, and an address to open.
    Demo(demo::Args),
    /// A Microsoft 365 tenant on this machine: Entra ID's tokens and Graph's mail, faults on demand.
    Sandbox(Box<sandbox::Args>),
    /// Bring the database's schema up to date, or show how it stands.
    Migrate(migrate::Args),
    /// Print the GraphQL schema, or check a written one.
    Schema(schema::Args),
    /// Make a token, signed by the local key.
    Token(token::Args),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Show which mailroom this is.
    Version,
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::failure(&failure);
            failure.exit.into()
        }
    }
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let sources = Sources::of_process(cli.config);
    match cli.command {
        Command::Serve(args) => in_runtime(serve::run(args, Config::load(&sources)?)),
        Command::Demo(args) => in_runtime(demo::run(args)),
        Command::Sandbox(args) => in_runtime(sandbox::run(*args)),
        Command::Migrate(args) => in_runtime(migrate::run(args, &Config::load(&sources)?)),
        Command::Schema(args) => schema::run(args),
        Command::Token(args) => token::run(args, &Config::load(&sources)?),
        Command::Config(command) => config::run(&command, &sources),
        Command::Version => {
            version::run();
            Ok(Exit::Done)
        }
    }
}

/// Runs a command that waits, on as many threads as there are processors.
fn in_runtime(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
