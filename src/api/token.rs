//! Bearer tokens signed by the local key: JWT (RFC 7519), HS256.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::domain::access::{Caller, Scope};

/// Who signs local tokens (`iss`).
pub const ISSUER: &str = "mailroom";
/// Whom they are for (`aud`).
pub const AUDIENCE: &str = "mailroom";
/// The least length of the local key, in bytes: what HS256 asks for (RFC 7518 section 3.2).
pub const MIN_KEY_BYTES: usize = 32;
/// How far two machines' clocks may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// Why a token could not be made or is not accepted. Never holds the token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key is too short to sign with.
    #[error("the local signing key has {0} bytes, it needs at least {MIN_KEY_BYTES}")]
    WeakKey(usize),
    /// Not a JWT of ours: malformed, another algorithm, signature, issuer or audience.
    #[error("the token is not valid")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// It has run out.
    #[error("the token has expired")]
    Expired,
    /// Its `sub` is blank.
    #[error("the token names no subject")]
    NoSubject,
}

/// The key that signs and verifies local tokens.
#[derive(Clone)]
pub struct LocalKey {
    signing: EncodingKey,
    verifying: DecodingKey,
}

/// What a local token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Space separated (RFC 8693 section 4.2); unknown ones give nothing.
    #[serde(default)]
    scope: String,
    iat: i64,
    exp: i64,
}

/// A token that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its bearer.
    pub caller: Caller,
    /// When it runs out; long-lived connections end then.
    pub expires_at: DateTime<Utc>,
}

impl LocalKey {
    /// A key from its bytes.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < MIN_KEY_BYTES {
            return Err(Error::WeakKey(secret.len()));
        }
        Ok(Self { signing: EncodingKey::from_secret(secret), verifying: DecodingKey::from_secret(secret) })
    }

    /// Signs a token for the caller, good from `now` for `lifetime`.
    pub fn mint(&self, caller: &Caller, now: DateTime<Utc>, lifetime: TimeDelta) -> Result<String, Error> {
        if caller.subject.trim().is_empty() {
            return Err(Error::NoSubject);
        }
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: caller.subject.clone(),
            name: caller.name.clone(),
            scope: caller.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
            iat: now.timestamp(),
            exp: (now + lifetime).timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing).map_err(Error::Invalid)
    }

    /// Accepts a token that this key signed and that is still good at `now`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Verified, Error> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Judged below, by the clock that was given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifying, &validation)
            .map_err(Error::Invalid)?
            .claims;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(Error::Expired)?;
        if expires_at + LEEWAY <= now {
            return Err(Error::Expired);
        }
        if claims.sub.trim().is_empty() {
            return Err(Error::NoSubject);
        }
        let mut scopes: Vec<Scope> =
            claims.scope.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Verified { caller: Caller { subject: claims.sub, name: claims.name, scopes }, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> LocalKey {
        LocalKey::new(&[byte; 32]).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn caller() -> Caller {
        Caller {
            subject: "ada".to_owned(),
            name: Some("Ada".to_owned()),
            scopes: vec![Scope::MailRead, Scope::ConfigWrite],
        }
    }

    #[test]
    fn a_minted_token_is_accepted_and_says_who_bears_it() {
        let token = key(1).mint(&caller(), now(), TimeDelta::hours(1)).unwrap();
        let verified = key(1).verify(&token, now()).unwrap();
        assert_eq!(verified.caller, caller());
        assert_eq!(verified.expires_at, now() + TimeDelta::hours(1));
    }

    #[test]
    fn a_token_is_refused_once_it_has_run_out() {
        let token = key(1).mint(&caller(), now(), TimeDelta::minutes(1)).unwrap();
        assert!(key(1).verify(&token, now() + TimeDelta::seconds(80)).is_ok());
        assert!(matches!(key(1).verify(&token, now() + TimeDelta::seconds(91)), Err(Error::Expired)));
    }

    #[test]
    fn a_token_of_another_key_is_refused() {
        let token = key(2).mint(&caller(), now(), TimeDelta::hours(1)).unwrap();
        assert!(matches!(key(1).verify(&token, now()), Err(Error::Invalid(_))));
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let token = key(1).mint(&caller(), now(), TimeDelta::hours(1)).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        assert!(key(1).verify(&none, now()).is_err());
    }

    #[test]
    fn a_token_for_another_audience_is_refused() {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: "payroll".into(),
            sub: "ada".into(),
            name: None,
            scope: "admin".into(),
            iat: now().timestamp(),
            exp: now().timestamp() + 60,
        };
        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(&[1; 32]),
        )
        .unwrap();
        assert!(matches!(key(1).verify(&token, now()), Err(Error::Invalid(_))));
    }

    #[test]
    fn scopes_that_are_not_known_give_nothing() {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: "ada".into(),
            name: None,
            scope: "mail:read everything mail:read".into(),
            iat: now().timestamp(),
            exp: now().timestamp() + 60,
        };
        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(&[1; 32]),
        )
        .unwrap();
        assert_eq!(key(1).verify(&token, now()).unwrap().caller.scopes, vec![Scope::MailRead]);
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(matches!(LocalKey::new(b"secret"), Err(Error::WeakKey(6))));
    }
}
