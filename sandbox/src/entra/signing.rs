//! The key that signs tokens: one for the process, made beside the start because RSA keys take their time.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

static KEY: OnceLock<Option<Key>> = OnceLock::new();

struct Key {
    id: String,
    private: EncodingKey,
    public: DecodingKey,
    modulus: String,
    exponent: String,
}

/// Begins to make the key, if nobody did.
pub fn prepare() {
    if KEY.get().is_none() {
        std::thread::spawn(key);
    }
}

fn key() -> Option<&'static Key> {
    KEY.get_or_init(make).as_ref()
}

fn make() -> Option<Key> {
    let der = KeyPair::generate(KeySize::Rsa2048).ok()?.as_der().ok()?;
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let private = EncodingKey::from_rsa_pem(pem.as_bytes()).ok()?;
    let jwk = Jwk::from_encoding_key(&private, Algorithm::RS256).ok()?;
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else { return None };
    Some(Key {
        id: URL_SAFE_NO_PAD.encode(Sha256::digest(rsa.n.as_bytes())).chars().take(27).collect(),
        public: DecodingKey::from_rsa_components(&rsa.n, &rsa.e).ok()?,
        modulus: rsa.n.clone(),
        exponent: rsa.e.clone(),
        private,
    })
}

/// What Graph reads of an app's token; a token has more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The resource that it is for.
    pub aud: String,
    /// The client id.
    pub appid: Uuid,
    /// The tenant.
    pub tid: Uuid,
    /// Application permissions; none if nothing was consented to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Valid from, in seconds since 1970.
    pub nbf: i64,
    /// Valid until, in seconds since 1970.
    pub exp: i64,
}

/// Why something is no token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No JWT, or not with the claims of an app.
    #[error("the token is not well formed")]
    Malformed,
    /// Signed by another key, or changed.
    #[error("the signature of the token is not right")]
    Signature,
    /// The machine gave no key.
    #[error("there is no key to check the token with")]
    Unready,
}

/// A token with those claims, signed RS256. None where the machine gives no key.
pub fn sign(claims: &impl Serialize) -> Option<String> {
    let key = key()?;
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(key.id.clone());
    header.x5t = Some(key.id.clone());
    jsonwebtoken::encode(&header, claims, &key.private).ok()
}

/// The claims of a token that [`sign`] made. Neither time nor audience is looked at.
pub fn read(token: &str) -> Result<Claims, TokenError> {
    let key = key().ok_or(TokenError::Unready)?;
    verified(token, &key.public, Algorithm::RS256)
}

/// The claims of a token that was signed by that key; times and audience are not looked at.
pub fn verified<T: serde::de::DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Result<T, TokenError> {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let read = jsonwebtoken::decode(token, key, &validation);
    read.map(|read| read.claims).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature
        | jsonwebtoken::errors::ErrorKind::InvalidAlgorithm => TokenError::Signature,
        _ => TokenError::Malformed,
    })
}

/// The public key as a JWK set (RFC 7517), with the issuer of its tokens as Entra adds it.
pub fn jwks(issuer: &str) -> serde_json::Value {
    let keys: Vec<_> = key()
        .iter()
        .map(|key| {
            serde_json::json!({
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.id, "x5t": key.id,
                "n": key.modulus, "e": key.exponent, "issuer": issuer,
            })
        })
        .collect();
    serde_json::json!({ "keys": keys })
}
