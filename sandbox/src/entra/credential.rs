//! What a token request proves itself with (learn.microsoft.com/entra/identity-platform/certificate-credentials).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::refusal::Refusal;
use super::signing::verified;
use crate::world::App;

/// How far a client's clock may be from ours, in seconds.
const SKEW: i64 = 300;

/// When something is checked: keys and secrets age by the sandbox's clock; what a client made a moment ago is dated by
/// its machine's, which moving ours does not move.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// By the sandbox's clock.
    pub sandbox: DateTime<Utc>,
    /// By the machine's.
    pub machine: DateTime<Utc>,
}

/// Whether the app has that secret.
pub fn secret(app: &App, given: &str, times: Times) -> Result<(), Refusal> {
    let known: Vec<_> = app.secrets.iter().filter(|secret| secret.value == given).collect();
    if known.is_empty() {
        return Err(Refusal::secret(app.client_id));
    }
    if known.iter().all(|secret| secret.expires <= times.sandbox) {
        return Err(Refusal::secret_expired(app.client_id));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Head {
    alg: String,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    aud: Value,
    nbf: Option<f64>,
    exp: Option<f64>,
}

impl Body {
    fn audiences(&self) -> Vec<&str> {
        match &self.aud {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        }
    }

    fn in_time(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let at = now.timestamp();
        let (from, until) = (self.nbf.map(whole), self.exp.map(whole));
        let begun = from.is_none_or(|from| from <= at.saturating_add(SKEW));
        let ended = until.is_none_or(|until| until <= at.saturating_sub(SKEW));
        if begun && !ended { Ok(()) } else { Err(Refusal::time(now, from, until)) }
    }
}

/// A NumericDate (RFC 7519 section 2) may have a fraction; Microsoft's own library sends one.
#[expect(clippy::cast_possible_truncation, reason = "out of range becomes the end of the range")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

/// Whether an assertion is the app's: signed with one of its certificates, or by an issuer that it trusts. `is_ours` says
/// whether an audience is the token endpoint that was asked.
pub fn assertion(
    app: &App,
    given: &str,
    is_ours: impl Fn(&str) -> bool,
    times: Times,
) -> Result<Proof, Refusal> {
    let (head, body) = taken_apart(given).ok_or_else(Refusal::malformed)?;
    if body.iss.parse() == Ok(app.client_id) {
        certificate(app, given, &head, times)?;
        if body.sub != body.iss {
            return Err(Refusal::other_app());
        }
        if !body.audiences().into_iter().any(is_ours) {
            return Err(Refusal::audience());
        }
        body.in_time(times.machine)?;
        return Ok(Proof::Certificate);
    }
    if body.iss.parse::<Uuid>().is_ok() {
        return Err(Refusal::other_app());
    }
    federated(app, given, &head, &body)?;
    body.in_time(times.machine)?;
    Ok(Proof::Federated)
}

/// What an assertion was signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A certificate of the app.
    Certificate,
    /// A key of an issuer that the app trusts.
    Federated,
}

fn taken_apart(given: &str) -> Option<(Head, Body)> {
    let mut parts = given.split('.');
    let (head, body, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    Some((serde_json::from_slice(&decoded(head)?).ok()?, serde_json::from_slice(&decoded(body)?).ok()?))
}

fn certificate(app: &App, given: &str, head: &Head, times: Times) -> Result<(), Refusal> {
    let thumbprint = head.x5t_s256.as_ref().or(head.x5t.as_ref()).map_or("", String::as_str);
    // Microsoft's own library for Python pads it.
    let thumbprint = thumbprint.trim_end_matches('=');
    let shown = || {
        let bytes = URL_SAFE_NO_PAD.decode(thumbprint).unwrap_or_default();
        bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>()
    };
    let refused = |reason: &str| Refusal::certificate(reason, &shown());
    let algorithm = if head.x5t_s256.is_some() { &digest::SHA256 } else { &digest::SHA1_FOR_LEGACY_USE_ONLY };
    let known = app.certificates.iter().find(|certificate| {
        URL_SAFE_NO_PAD.encode(digest::digest(algorithm, &certificate.der)) == thumbprint
    });
    let certificate = known.ok_or_else(|| refused("The key was not found."))?;
    if certificate.expires <= times.sandbox {
        return Err(refused("The key used is expired."));
    }
    let algorithm = match head.alg.as_str() {
        "PS256" => Algorithm::PS256,
        "RS256" => Algorithm::RS256,
        _ => return Err(refused("The algorithm of the signature is neither PS256 nor RS256.")),
    };
    let wrong = || refused("The provided signature value did not match the expected signature value.");
    let key = DecodingKey::from_rsa_pem(certificate.public_key_pem.as_bytes()).map_err(|_| wrong())?;
    verified::<Value>(given, &key, algorithm).map(drop).map_err(|_| wrong())
}

fn federated(app: &App, given: &str, head: &Head, body: &Body) -> Result<(), Refusal> {
    let issued: Vec<_> = app.federated.iter().filter(|record| record.issuer == body.iss).collect();
    if issued.is_empty() {
        return Err(Refusal::federated(700_211, "issuer", &body.iss));
    }
    let about: Vec<_> = issued.into_iter().filter(|record| record.subject == body.sub).collect();
    if about.is_empty() {
        return Err(Refusal::federated(700_213, "subject", &body.sub));
    }
    let audiences = body.audiences();
    let meant: Vec<_> =
        about.into_iter().filter(|record| audiences.contains(&record.audience.as_str())).collect();
    if meant.is_empty() {
        return Err(Refusal::federated(700_212, "audience", &audiences.join(" ")));
    }
    let algorithm: Algorithm = head.alg.parse().map_err(|_| Refusal::federated_signature())?;
    let signed = meant.iter().any(|record| {
        let pem = record.public_key_pem.as_bytes();
        let key = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 => DecodingKey::from_ec_pem(pem),
            Algorithm::EdDSA => DecodingKey::from_ed_pem(pem),
            // Never the public key as a shared secret.
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return false,
            _ => DecodingKey::from_rsa_pem(pem),
        };
        key.is_ok_and(|key| verified::<Value>(given, &key, algorithm).is_ok())
    });
    if signed { Ok(()) } else { Err(Refusal::federated_signature()) }
}
