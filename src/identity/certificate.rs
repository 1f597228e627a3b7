//! A certificate with its private key.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

/// A certificate with its private key. No `Debug`.
pub struct Certificate {
    pem: SecretString,
    thumbprint: String,
    expires_at: DateTime<Utc>,
}

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It is something else.
    #[error("this is neither PEM with a certificate and its private key nor base64 of PKCS#12")]
    Unreadable,
    /// The password does not open it.
    #[error("the password does not open it")]
    Password,
}

impl CertificateError {
    /// Whether the password is at fault.
    pub const fn is_password(&self) -> bool {
        matches!(self, Self::Password)
    }
}

impl Certificate {
    /// Reads PEM, or base64 of PKCS#12, with the private key.
    pub fn read(_given: &str, _password: Option<&SecretString>) -> Result<Self, CertificateError> {
        Err(CertificateError::Unreadable)
    }

    /// Certificate and key (PKCS#8) as PEM, without a password: what is sealed.
    pub fn pem(&self) -> SecretString {
        self.pem.clone()
    }

    /// SHA-1 of the certificate (DER), upper-case hex.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// When it lapses.
    pub const fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }
}
