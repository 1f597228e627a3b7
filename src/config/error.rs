//! What is wrong with a configuration, said so that it can be put right.

use std::fmt;
use std::path::PathBuf;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In `default.toml`.
    Default,
    /// In the file given by `--config`, at this line.
    File(PathBuf, usize),
    /// In this environment variable.
    Variable(String),
    /// By the command itself.
    Command,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Command => f.write_str("the command"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nobody knows the key.
    #[error("{origin}: unknown key {given}; the nearest known one is {nearest}")]
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// As it was written there.
        given: String,
        /// As it would be written there.
        nearest: String,
    },
    /// The value is of the wrong type, or out of its range.
    #[error("{origin}: {key} = {given} will not do; right would be {right}")]
    Value {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: String,
        /// The value, `***` for a secret.
        given: String,
        /// What would be right.
        right: String,
    },
    /// Both a variable and its `_FILE` twin are set.
    #[error("{name} and {name}_FILE are both set; one of them has to go")]
    Twice {
        /// The variable.
        name: String,
    },
    /// A value is needed for what was asked.
    #[error("{key} is not set; {hint}")]
    Missing {
        /// The key.
        key: &'static str,
        /// How to get one.
        hint: &'static str,
    },
}

/// A configuration that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("{} (named by {by}) could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// `--config`, or the variable that names it.
        by: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line} is not TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where reading stopped.
        line: usize,
        /// What the reader said.
        message: String,
    },
    /// All that is wrong with keys and values.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<Problem>),
}
