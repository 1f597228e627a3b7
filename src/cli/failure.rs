//! Why a command did not do what was asked, and what the process's exit says of it.

use std::process::ExitCode;

use crate::config;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// A check found a difference.
    Differs = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A sentence, its causes, and a hint what to do.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: anyhow::Error,
    pub(super) hint: Option<String>,
    pub(super) exit: Exit,
}

impl Failure {
    /// A sentence of the command's own.
    pub(super) fn new(sentence: impl std::fmt::Display) -> Self {
        Self { error: anyhow::Error::msg(sentence.to_string()), hint: None, exit: Exit::Failed }
    }

    /// With what to do about it.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Ending as a mistake on the command line or in the configuration.
    pub(super) fn usage(self) -> Self {
        Self { exit: Exit::Usage, ..self }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let of_config = error.downcast_ref::<config::Error>().is_some();
        let hint = of_config
            .then(|| "`mailroom config print --defaults` shows every key with its explanation".to_owned());
        Self { error, hint, exit: if of_config { Exit::Usage } else { Exit::Failed } }
    }
}
