//! The databases that are measured.

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// WAL, `synchronous=FULL`.
    Sqlite,
    /// With its defaults.
    Postgres,
}

impl Kind {
    /// Its name in the figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The one of that name.
pub fn named(name: &str) -> Kind {
    [Kind::Sqlite, Kind::Postgres].into_iter().find(|kind| kind.name() == name).expect("sqlite or postgres")
}
