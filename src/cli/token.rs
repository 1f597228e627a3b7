//! `mailroom token`.

use chrono::TimeDelta;

use super::failure::{Exit, Failure};
use super::output::line;
use crate::app;
use crate::config::Config;
use crate::domain::access::{Caller, Scope};
use crate::domain::clock::{Clock as _, SystemClock};

const EXAMPLES: &str = "\
Examples:
  mailroom token --subject me --scope admin
  mailroom token --subject desk --scope mail:read,jobs:run --ttl 30d
  curl -H \"Authorization: Bearer $(mailroom token --subject me --scope admin)\" …

The token is signed by auth.local_key; whoever holds that key can make any token. A token can't be taken back:
give it a short life, or change the key.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Whose token it is; shown as the author of what is done with it.
    #[arg(long)]
    subject: String,
    /// A name for people.
    #[arg(long)]
    name: Option<String>,
    /// What it lets its bearer do: mail:read, mail:send, mail:handle, config:read, config:write, jobs:run,
    /// events:read, admin.
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',', required = true, value_parser = scope)]
    scope: Vec<Scope>,
    /// How long it is good: a number and s, m, h or d.
    #[arg(long, default_value = "12h", value_parser = span, value_name = "SPAN")]
    ttl: TimeDelta,
}

pub(super) fn run(args: Args, config: &Config) -> Result<Exit, Failure> {
    config.require_local_key()?;
    let caller = Caller { subject: args.subject, name: args.name, scopes: args.scope };
    line(app::local_key(config)?.mint(&caller, SystemClock.now(), args.ttl).map_err(app::Error::LocalKey)?);
    Ok(Exit::Done)
}

fn scope(name: &str) -> Result<Scope, String> {
    let known = || Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    name.parse().map_err(|_| format!("there are: {}", known()))
}

fn span(text: &str) -> Result<TimeDelta, String> {
    let right = || "right would be such as 15m, 12h or 30d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(right)?;
    let number: i64 = number.parse().ok().filter(|n| (1..=1_000_000).contains(n)).ok_or_else(right)?;
    match unit {
        "s" => Ok(TimeDelta::seconds(number)),
        "m" => Ok(TimeDelta::minutes(number)),
        "h" => Ok(TimeDelta::hours(number)),
        "d" => Ok(TimeDelta::days(number)),
        _ => Err(right()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(span("15m"), Ok(TimeDelta::minutes(15)));
        assert_eq!(span("30d"), Ok(TimeDelta::days(30)));
        for wrong in ["", "m", "15", "-1h", "1 h", "1é", "99999999999d"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
