//! What the service tells of its work: tracing events, to stderr, for people or for collectors.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use super::failure::Failure;
use super::output;
use crate::config::{LogConfig, LogFormat};

/// Begins to log as configured.
pub(super) fn start(config: &LogConfig) -> Result<(), Failure> {
    let directives: EnvFilter = config.level.parse().map_err(|_| {
        let given = &config.level;
        Failure::new(format!("log.level = \"{given}\" is neither a level nor a list of directives"))
            .hint(
                "right would be error, warn, info, debug, trace, or such as \"info,mailroom::worker=debug\"",
            )
            .usage()
    })?;
    tracing_subscriber::registry().with(directives).with(layer(config.format)).try_init()?;
    Ok(())
}

fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let is_fit = filter_fn(is_fit);
    match format {
        LogFormat::Text => {
            lines.with_ansi(output::wanted(std::io::stderr().is_terminal())).with_filter(is_fit).boxed()
        }
        LogFormat::Json => lines.json().flatten_event(true).with_filter(is_fit).boxed(),
    }
}

/// The IMAP client logs its input buffer, mail and all, below `warn`: never, whatever is configured.
fn is_fit(metadata: &Metadata<'_>) -> bool {
    let talks_mail = ["async_imap", "imap_proto"].iter().any(|target| metadata.target().starts_with(target));
    !talks_mail || *metadata.level() <= LevelFilter::WARN
}
