//! A certificate with its private key, and the assertions that it signs.
//!
//! | file | holds |
//! |---|---|
//! | `read` | PEM and PKCS#12, taken apart |
//! | `key` | an RSA key, in the one form that is kept |
//! | `assertion` | the JWT that stands for a client secret |

mod assertion;
mod key;
mod read;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// A certificate with its private key. No `Debug`.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate, DER.
    der: Vec<u8>,
    /// The key, PKCS#8 as PEM.
    key: SecretString,
    expires_at: DateTime<Utc>,
}

/// Why a certificate can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is something else.
    #[error(
        "This is neither PEM with a certificate and its private key nor base64 of PKCS#12 (a .pfx or .p12 file)."
    )]
    Unreadable,
    /// PEM whose blocks are broken.
    #[error("The PEM text is damaged: between its BEGIN and END lines there is something else than base64.")]
    BrokenPem,
    /// Only the public part.
    #[error("The private key is missing: give the certificate and its private key together.")]
    NoKey,
    /// Only the private part.
    #[error("The certificate is missing: give the certificate and its private key together.")]
    NoCertificate,
    /// Which one is meant is not to be seen.
    #[error("There is more than one private key: give only the one that belongs to the certificate.")]
    SeveralKeys,
    /// They are not a pair.
    #[error("The private key does not belong to the certificate.")]
    NotAPair,
    /// The key is locked in a form that is not read.
    #[error(
        "The private key in this PEM is encrypted: give it without a password (openssl pkey -in key.pem), or give PKCS#12 with its password."
    )]
    LockedPem,
    /// Not RSA.
    #[error(
        "Entra ID takes RSA keys only, and this one is of another kind: make an RSA key of 2048 bits or more."
    )]
    NotRsa,
    /// An RSA key that is too short, too long or broken.
    #[error("The RSA key can't be used: it has to have 2048 to 8192 bits and be whole.")]
    BadKey,
    /// The certificate is broken.
    #[error("The certificate is damaged: it is not X.509.")]
    BadCertificate,
    /// The password does not open it.
    #[error("The password does not open it.")]
    Password,
    /// It needs a password.
    #[error("It needs a password: give the one that the file was exported with.")]
    PasswordNeeded,
    /// PKCS#12 with an exotic cipher.
    #[error(
        "This PKCS#12 uses an encryption that is not known here: export it again with AES-256 and SHA-256."
    )]
    Cipher,
}

impl CertificateError {
    /// Whether the password is at fault.
    pub const fn is_password(&self) -> bool {
        matches!(self, Self::Password | Self::PasswordNeeded)
    }
}

impl Certificate {
    /// Reads PEM, or base64 of PKCS#12, with the private key. What else is in it, such as the certificates of
    /// authorities, is left out: Entra ID looks at the application's own only.
    pub fn read(given: &str, password: Option<&SecretString>) -> Result<Self, CertificateError> {
        let found = if given.contains("-----BEGIN ") {
            read::pem(given)?
        } else {
            read::pkcs12(given, password.map(|password| password.expose_secret()))?
        };
        let key = match found.keys.as_slice() {
            [] => return Err(CertificateError::NoKey),
            [key] => key::Key::read(key)?,
            _ => return Err(CertificateError::SeveralKeys),
        };
        if found.certificates.is_empty() {
            return Err(CertificateError::NoCertificate);
        }
        for der in found.certificates {
            let (public, expires_at) = read::certificate(&der)?;
            if public == key.public() {
                return Ok(Self { der, key: key.pem(), expires_at });
            }
        }
        Err(CertificateError::NotAPair)
    }

    /// Certificate and key (PKCS#8) as PEM, without a password: what is sealed.
    pub fn pem(&self) -> SecretString {
        let certificate = read::armour("CERTIFICATE", &self.der);
        SecretString::from(format!("{certificate}{}", self.key.expose_secret()))
    }

    /// SHA-1 of the certificate (DER), upper-case hex, as Entra ID's portal shows it.
    pub fn thumbprint(&self) -> String {
        hex::encode_upper(Sha1::digest(&self.der))
    }

    /// SHA-256 of the certificate (DER) in base64url, as assertions name it (RFC 7515, 4.1.8).
    fn x5t_s256(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.der))
    }

    /// When it lapses.
    pub const fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }
}
