//! Refusals that a caller can mend, with the input at fault, and what else can end a call.

use crate::blob;
use crate::db;
use crate::domain::fault::Fault;
use crate::secret;

use super::permit::Forbidden;

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserErrorCode {
    /// It can't be empty.
    Required,
    /// It is not what it should be.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// Another resource has it.
    Taken,
    /// Another resource refers to it.
    InUse,
    /// Someone else changed the resource.
    Conflict,
    /// The caller may not.
    Forbidden,
    /// The provider refused or could not be reached.
    Provider,
    /// Not in this version, or not with this provider.
    Unsupported,
}

impl UserErrorCode {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::Invalid => "INVALID",
            Self::NotFound => "NOT_FOUND",
            Self::Taken => "TAKEN",
            Self::InUse => "IN_USE",
            Self::Conflict => "CONFLICT",
            Self::Forbidden => "FORBIDDEN",
            Self::Provider => "PROVIDER",
            Self::Unsupported => "UNSUPPORTED",
        }
    }
}

/// Why a mutation did not do what was asked. Nothing was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct UserError {
    /// The kind of refusal.
    pub code: UserErrorCode,
    /// A sentence for people: what is wrong and what would be right.
    pub message: String,
    /// The input field at fault, from the mutation's input down.
    pub path: Vec<String>,
    /// With PROVIDER: what the mail system answered.
    pub fault: Option<Fault>,
}

impl UserError {
    /// A refusal of the field at `path`.
    pub fn new(code: UserErrorCode, path: &Path, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: path.0.clone(), fault: None }
    }

    /// A refusal by the provider.
    pub fn provider(path: &Path, fault: Fault) -> Self {
        Self {
            code: UserErrorCode::Provider,
            message: fault.message.clone(),
            path: path.0.clone(),
            fault: Some(fault),
        }
    }
}

/// Where in the input one is, by the names of the API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// The input itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// A field of the input.
    pub fn of(name: &str) -> Self {
        Self::root().field(name)
    }

    /// A field of what is here.
    pub fn field(&self, name: &str) -> Self {
        let mut path = self.0.clone();
        path.push(name.to_owned());
        Self(path)
    }

    /// An entry of the list that is here, from 0.
    pub fn index(&self, index: usize) -> Self {
        self.field(&index.to_string())
    }

    /// What lies at `below` from here.
    pub fn join(&self, below: &[String]) -> Self {
        Self(self.0.iter().chain(below).cloned().collect())
    }
}

/// All that is wrong with an input, found in one go.
#[derive(Debug, Default)]
pub struct Problems(Vec<UserError>);

impl Problems {
    /// None so far.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// One more.
    pub fn add(&mut self, code: UserErrorCode, path: &Path, message: impl Into<String>) {
        self.0.push(UserError::new(code, path, message));
    }

    /// Those of a check that ended by itself.
    pub fn absorb(&mut self, error: Error) {
        if let Error::Refused(errors) = error {
            self.0.extend(errors);
        }
    }

    /// How many so far.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is any.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes on only when there is none.
    pub fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Refused(self.0)) }
    }
}

/// What can end a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller can mend it: `userErrors`.
    #[error("the input was refused")]
    Refused(Vec<UserError>),
    /// The token's scopes don't give the right.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// What was asked for does not exist, or not for this caller.
    #[error("there is no such thing")]
    NotFound,
    /// The database did not do what was asked.
    #[error("the database did not do what was asked")]
    Internal(#[source] db::Error),
    /// The object store did not give a raw message.
    #[error("a raw message can't be fetched")]
    Blob(#[from] blob::Error),
    /// A raw message can't be unpacked.
    #[error("a raw message can't be unpacked")]
    Raw(#[source] std::io::Error),
    /// A stored secret can't be opened, or a new one not be sealed.
    #[error("a secret can't be sealed or opened")]
    Secret(#[from] secret::Error),
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Self::Internal(error)
    }
}

impl Error {
    /// A single refusal.
    pub fn refused(code: UserErrorCode, path: &Path, message: impl Into<String>) -> Self {
        Self::Refused(vec![UserError::new(code, path, message)])
    }

    /// The resource that the mutation is about does not exist.
    pub fn unknown(path: &Path, what: &str) -> Self {
        Self::refused(UserErrorCode::NotFound, path, format!("There is no such {what}."))
    }

    /// `expectedVersion` is not the current version.
    pub fn conflict(what: &str, current: i32) -> Self {
        Self::refused(
            UserErrorCode::Conflict,
            &Path::of("expectedVersion"),
            format!(
                "Someone else changed the {what}: it has version {current} now. Read it again, then repeat the change."
            ),
        )
    }
}
