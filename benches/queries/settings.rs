//! What is measured, from the command line.

use crate::kind::{self, Kind};

/// What to measure.
pub struct Settings {
    /// How many messages.
    pub messages: usize,
    /// How often throughput is measured; medians are told.
    pub rounds: usize,
    /// How long each of its measurements takes, in seconds.
    pub seconds: u64,
    /// How often a query is asked over one connection.
    pub requests: usize,
    /// On which databases.
    pub databases: Vec<Kind>,
    /// A database of an earlier run that is kept: filled where it is empty.
    pub kept: Vec<(Kind, String)>,
}

impl Settings {
    /// `--messages N --rounds N --seconds N --requests N --databases sqlite,postgres --keep URL --quick`.
    pub fn from_arguments() -> Self {
        let mut settings = Self {
            messages: 200_000,
            rounds: 5,
            seconds: 5,
            requests: 500,
            databases: vec![Kind::Sqlite, Kind::Postgres],
            kept: vec![],
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} wants a value"));
            match argument.as_str() {
                "--messages" => settings.messages = value().parse().expect("a number of messages"),
                "--rounds" => settings.rounds = value().parse().expect("a number of rounds"),
                "--seconds" => settings.seconds = value().parse().expect("a number of seconds"),
                "--requests" => settings.requests = value().parse().expect("a number of requests"),
                "--databases" => settings.databases = value().split(',').map(kind::named).collect(),
                "--keep" => settings.kept.push(kept(value())),
                "--quick" => {
                    settings.messages = 3000;
                    settings.rounds = 1;
                    settings.seconds = 1;
                    settings.requests = 50;
                }
                // Said by cargo.
                "--bench" => {}
                unknown => panic!("{unknown} is not known; see the top of benches/queries/main.rs"),
            }
        }
        settings
    }

    /// The address of the database of that kind that is kept, if there is one.
    pub fn kept(&self, kind: Kind) -> Option<String> {
        self.kept.iter().find(|(of, _)| *of == kind).map(|(_, url)| url.clone())
    }
}

fn kept(url: String) -> (Kind, String) {
    (if url.starts_with("sqlite:") { Kind::Sqlite } else { Kind::Postgres }, url)
}
