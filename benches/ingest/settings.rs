//! What is measured, from the command line.

use crate::kind::{self, Kind};

/// What to measure.
pub struct Settings {
    /// How many messages.
    pub messages: usize,
    /// How often; medians are told.
    pub rounds: usize,
    /// On which databases.
    pub databases: Vec<Kind>,
    /// Whether mbsync pulls the mailbox too.
    pub mbsync: bool,
    /// Whether it all is taken in once more with a message of 60 MB.
    pub huge: bool,
}

impl Settings {
    /// `--messages N --rounds N --databases sqlite,postgres --no-mbsync --no-huge --quick`.
    pub fn from_arguments() -> Self {
        let mut settings = Self {
            messages: 5000,
            rounds: 5,
            databases: vec![Kind::Sqlite, Kind::Postgres],
            mbsync: true,
            huge: true,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} wants a value"));
            match argument.as_str() {
                "--messages" => settings.messages = value().parse().expect("a number of messages"),
                "--rounds" => settings.rounds = value().parse().expect("a number of rounds"),
                "--databases" => settings.databases = value().split(',').map(kind::named).collect(),
                "--no-mbsync" => settings.mbsync = false,
                "--no-huge" => settings.huge = false,
                "--quick" => {
                    settings.messages = 300;
                    settings.rounds = 1;
                }
                // Said by cargo.
                "--bench" => {}
                unknown => panic!("{unknown} is not known; see the top of benches/ingest/main.rs"),
            }
        }
        settings
    }
}
