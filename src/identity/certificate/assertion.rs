//! The JWT that stands for a client secret (RFC 7523), as Entra ID wants it.
//!
//! Source: Microsoft identity platform, "Certificate credentials".

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use uuid::Uuid;

use super::Certificate;

/// How long an assertion is good for: it is made anew for each request.
const SECONDS: i64 = 600;

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Certificate {
    /// An assertion of the client for the token endpoint, by PS256 with the certificate's SHA-256. None if the key, which
    /// was looked at when it was read, signs nothing.
    pub(in crate::identity) fn assertion(
        &self,
        client_id: &str,
        endpoint: &str,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(self.x5t_s256());
        let now = now.timestamp();
        let claims = Claims {
            aud: endpoint,
            iss: client_id,
            sub: client_id,
            jti: Uuid::now_v7(),
            iat: now,
            nbf: now,
            exp: now + SECONDS,
        };
        let key = EncodingKey::from_rsa_pem(self.key.expose_secret().as_bytes()).ok()?;
        jsonwebtoken::encode(&header, &claims, &key).ok()
    }
}
