//! PEM (RFC 7468) and PKCS#12 (RFC 7292), taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use p12_keystore::{Pkcs12Archive, error::Error as Pkcs12Error};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::CertificateError;

/// What is in a file. No `Debug`.
#[derive(Default)]
pub(super) struct Found {
    pub certificates: Vec<Vec<u8>>,
    pub keys: Vec<GivenKey>,
}

/// A private key, DER. No `Debug`.
pub(super) enum GivenKey {
    Pkcs8(Vec<u8>),
    /// RSA's own form.
    Pkcs1(Vec<u8>),
}

/// Takes the blocks of a PEM text; what is between them is of no interest.
pub(super) fn pem(text: &str) -> Result<Found, CertificateError> {
    let mut found = Found::default();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or(CertificateError::BrokenPem)?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(&end).ok_or(CertificateError::BrokenPem)?;
        rest = after;
        if label == "ENCRYPTED PRIVATE KEY" || body.contains("ENCRYPTED") {
            return Err(CertificateError::LockedPem);
        }
        let der = || decode(body).ok_or(CertificateError::BrokenPem);
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => found.certificates.push(der()?),
            "PRIVATE KEY" => found.keys.push(GivenKey::Pkcs8(der()?)),
            "RSA PRIVATE KEY" => found.keys.push(GivenKey::Pkcs1(der()?)),
            "EC PRIVATE KEY" | "DSA PRIVATE KEY" | "OPENSSH PRIVATE KEY" => {
                return Err(CertificateError::NotRsa);
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Takes base64 of PKCS#12 apart.
pub(super) fn pkcs12(text: &str, password: Option<&str>) -> Result<Found, CertificateError> {
    let der = decode(text).filter(|der| !der.is_empty()).ok_or(CertificateError::Unreadable)?;
    let archive = Pkcs12Archive::from_pkcs12(&der, password.unwrap_or_default()).map_err(|error| {
        let locked =
            if password.is_some() { CertificateError::Password } else { CertificateError::PasswordNeeded };
        match error {
            Pkcs12Error::MacError(_) | Pkcs12Error::UnpadError | Pkcs12Error::Pkcs5Error(_) => locked,
            Pkcs12Error::UnsupportedEncryptionScheme | Pkcs12Error::UnsupportedMacAlgorithm => {
                CertificateError::Cipher
            }
            Pkcs12Error::X509Error(_) => CertificateError::BadCertificate,
            _ => CertificateError::Unreadable,
        }
    })?;
    Ok(Found {
        certificates: archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect(),
        keys: archive.keys.iter().map(|bag| GivenKey::Pkcs8(bag.key.as_der().to_vec())).collect(),
    })
}

/// The public key (DER, without its algorithm) and the end of a certificate.
pub(super) fn certificate(der: &[u8]) -> Result<(Vec<u8>, DateTime<Utc>), CertificateError> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError::BadCertificate)?;
    let end = certificate.validity().not_after.timestamp();
    let end = DateTime::from_timestamp(end, 0).filter(|_| rest.is_empty());
    let public = certificate.public_key().subject_public_key.data.to_vec();
    Ok((public, end.ok_or(CertificateError::BadCertificate)?))
}

/// Base64 with blanks and line ends anywhere in it.
fn decode(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(plain).ok()
}

/// A block of PEM.
pub(super) fn armour(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = STANDARD.encode(der);
    for (at, letter) in encoded.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
