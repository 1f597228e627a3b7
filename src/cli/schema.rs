//! `mailroom schema`.

use std::path::PathBuf;

use super::failure::{Exit, Failure};
use super::output::{self, line};
use crate::api::graphql::schema;

const EXAMPLES: &str = "\
Examples:
  mailroom schema > schema.graphql           write the schema
  mailroom schema --check schema.graphql     exit code 3 if the file is another one";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Compare with this file instead of printing.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<Exit, Failure> {
    let sdl = schema::sdl().trim();
    let Some(path) = args.check else {
        line(sdl);
        return Ok(Exit::Done);
    };
    let written = std::fs::read_to_string(&path)
        .map_err(|error| anyhow::Error::new(error).context(format!("{} can't be read", path.display())))?;
    let (mut old, mut new) = (written.trim().lines(), sdl.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (old.next(), new.next()) {
            (None, None) => return Ok(Exit::Done),
            (old, new) if old == new => {}
            (old, new) => {
                output::note(format_args!("{} is stale from line {number} on:", path.display()));
                output::note(format_args!("  written: {}", old.unwrap_or("(nothing)")));
                output::note(format_args!("  served:  {}", new.unwrap_or("(nothing)")));
                return Ok(Exit::Differs);
            }
        }
    }
}
