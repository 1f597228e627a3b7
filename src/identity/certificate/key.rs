//! An RSA private key, in the one form that is kept.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use secrecy::SecretString;

use super::CertificateError;
use super::read::{GivenKey, armour};

/// An RSA key of 2048 to 8192 bits. No `Debug`.
pub(super) struct Key(KeyPair);

impl Key {
    pub(super) fn read(given: &GivenKey) -> Result<Self, CertificateError> {
        let pair = match given {
            GivenKey::Pkcs8(der) => KeyPair::from_pkcs8(der)
                .map_err(|_| if is_rsa(der) { CertificateError::BadKey } else { CertificateError::NotRsa })?,
            GivenKey::Pkcs1(der) => KeyPair::from_der(der).map_err(|_| CertificateError::BadKey)?,
        };
        Ok(Self(pair))
    }

    /// The public part, as `RSAPublicKey` (RFC 8017, A.1.1).
    pub(super) fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// PKCS#8 as PEM.
    pub(super) fn pem(&self) -> SecretString {
        let der = self.0.as_der().map(|der| der.as_ref().to_vec()).unwrap_or_default();
        SecretString::from(armour("PRIVATE KEY", &der))
    }
}

/// Whether PKCS#8 says that it holds an RSA key: rsaEncryption, 1.2.840.113549.1.1.1.
fn is_rsa(der: &[u8]) -> bool {
    const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    der.get(..40).unwrap_or(der).windows(RSA.len()).any(|window| window == RSA)
}
