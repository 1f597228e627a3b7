//! A refusal of a token endpoint (RFC 6749, 5.2), and what Entra ID's numbers mean.
//!
//! Microsoft reserves the right to change the numbers, so one that is not in the table still gets the meaning of its
//! `error`. Source: Microsoft identity platform, "Authentication and authorization error codes".

use std::time::Duration;

use serde::Deserialize;

use crate::domain::fault::FaultCode;

/// What a token endpoint answered instead of a token. Holds codes and ids only, nothing that was written for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Of HTTP.
    pub status: u16,
    /// Such as `invalid_client`; empty when the body had none.
    pub error: String,
    /// Entra ID's number, such as 7000222.
    pub number: Option<u32>,
    /// Names the request at Microsoft.
    pub trace_id: Option<String>,
    /// Names the attempt at Microsoft.
    pub correlation_id: Option<String>,
    /// How long we are asked to wait.
    pub retry_after: Option<Duration>,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Trying again later.
    Wait,
    /// Asking less often.
    SlowDown,
    /// A person.
    Act,
}

/// The members of an error that we read. `error_description` is prose and left alone.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Option<serde_json::Value>,
    error_codes: Vec<serde_json::Value>,
    error_uri: Option<String>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

impl Refusal {
    /// Reads the body of an answer that is no success; None when it is not a refusal as RFC 6749 has them.
    pub fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Option<Self> {
        let throttled = status == 429;
        let broken = status >= 500;
        let body: Body = match serde_json::from_slice(body) {
            Ok(body) => body,
            Err(_) if throttled || broken => Body::default(),
            Err(_) => return None,
        };
        let error = match body.error {
            Some(serde_json::Value::String(error)) if is_code(&error) => error,
            _ if throttled || broken => String::new(),
            _ => return None,
        };
        let of_codes = body.error_codes.first().and_then(|code| u32::try_from(code.as_u64()?).ok());
        // The codes can be absent; the address of their page has the number too.
        let of_uri = || body.error_uri.as_deref()?.split_once("code=")?.1.parse().ok();
        Some(Self {
            status,
            error,
            number: of_codes.or_else(of_uri),
            trace_id: body.trace_id.filter(|id| is_code(id)),
            correlation_id: body.correlation_id.filter(|id| is_code(id)),
            retry_after,
        })
    }

    /// Such as `AADSTS7000222`; the error's name from other providers.
    pub fn shown_code(&self) -> Option<String> {
        let named = || (!self.error.is_empty()).then(|| self.error.clone());
        self.number.map(|number| format!("AADSTS{number}")).or_else(named)
    }

    /// Trace id and correlation id, as a support case wants them.
    pub fn request_id(&self) -> Option<String> {
        match (&self.trace_id, &self.correlation_id) {
            (Some(trace), Some(correlation)) => Some(format!("trace {trace}, correlation {correlation}")),
            (Some(id), None) | (None, Some(id)) => Some(id.clone()),
            (None, None) => None,
        }
    }

    /// The kind of refusal.
    pub fn code(&self) -> FaultCode {
        self.meaning().code
    }

    /// What helps.
    pub fn remedy(&self) -> Remedy {
        self.meaning().remedy
    }

    /// What is wrong.
    pub fn sentence(&self) -> &'static str {
        self.meaning().sentence
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        self.meaning().hint
    }

    fn meaning(&self) -> Meaning {
        let known = self.number.filter(|_| self.status != 429).and_then(of_number);
        known.unwrap_or_else(|| of_error(&self.error, self.status))
    }
}

/// Codes and ids are short and plain: what is not is not kept.
fn is_code(text: &str) -> bool {
    text.len() <= 100 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

struct Meaning {
    code: FaultCode,
    remedy: Remedy,
    sentence: &'static str,
    hint: &'static str,
}

const fn act(sentence: &'static str, hint: &'static str) -> Meaning {
    Meaning { code: FaultCode::Authentication, remedy: Remedy::Act, sentence, hint }
}

const fn forbidden(sentence: &'static str, hint: &'static str) -> Meaning {
    Meaning { code: FaultCode::Forbidden, remedy: Remedy::Act, sentence, hint }
}

const BUSY: Meaning = Meaning {
    code: FaultCode::Unreachable,
    remedy: Remedy::Wait,
    sentence: "the sign-in service has trouble of its own",
    hint: "Nothing to do: it is tried again by itself. If it stays, look at Microsoft's service health.",
};
const THROTTLED: Meaning = Meaning {
    code: FaultCode::Throttled,
    remedy: Remedy::SlowDown,
    sentence: "the sign-in service asks us to slow down",
    hint: "Nothing to do: it goes on by itself, after the time that the service asked for.",
};

/// Entra ID's numbers.
fn of_number(number: u32) -> Option<Meaning> {
    Some(match number {
        7_000_215 => act(
            "the client secret is wrong",
            "Paste the secret's value into the credential, not its id: the value is shown only once, when the secret is made. If it is lost, make a new one.",
        ),
        7_000_222 => act(
            "the client secret has expired",
            "Make a new secret in the app registration (Certificates & secrets) and update the credential with it, or move to a certificate or a workload identity.",
        ),
        7_000_218 => act(
            "Entra ID got neither a secret nor an assertion",
            "The app registration does not know this kind of client: check that it is not a public client, and that the credential has its secret.",
        ),
        7_000_112 => act(
            "the application is disabled in this tenant",
            "An administrator must enable it: Enterprise applications, Properties, 'Enabled for users to sign in'.",
        ),
        700_016 => act(
            "the tenant does not know this application",
            "Check client id and tenant id. An app of another tenant must be installed in this one by an administrator.",
        ),
        700_027 => act(
            "no certificate of the application fits the assertion",
            "Upload the certificate (its public part) to the app registration, Certificates & secrets; its thumbprint must be the one that the credential shows.",
        ),
        700_024 => act(
            "the assertion is outside of its time",
            "Set the clock of the machine that mailroom runs on, by NTP: it is off by more than some minutes.",
        ),
        50_012 | 50_013 | 500_133 => act(
            "Entra ID does not accept the assertion",
            "Check that the certificate is uploaded and not expired, and the clock of the machine that mailroom runs on.",
        ),
        700_021 | 700_030 => act(
            "the assertion is made out to another application or with another certificate",
            "Check that client id and certificate belong to the same app registration.",
        ),
        700_211 | 700_212 | 700_213 | 70_021 => act(
            "no federated credential of the application fits the token that this machine was given",
            "Compare issuer, subject and audience of the federated credential with the pod's token, letter by letter, capitals too. A new federated credential takes some minutes to work.",
        ),
        90_002 => act(
            "there is no such tenant",
            "Check the tenant id, and the cloud: a tenant lives in exactly one.",
        ),
        900_023 => act(
            "the tenant is neither an id nor a domain",
            "Give the directory (tenant) id, or one of its verified domains.",
        ),
        90_038 => act(
            "the tenant belongs to another national cloud",
            "Choose the cloud of the tenant in the credential.",
        ),
        500_011 | 50_001 => act(
            "the tenant does not know the service that the token is for",
            "Check the cloud in the credential, and that the tenant has Exchange Online.",
        ),
        70_011 | 28_002 | 700_023 | 1_002_012 | 700_022 => act(
            "Entra ID does not accept the scope that was asked for",
            "Check the cloud in the credential, and the mailbox's endpoint if it names one.",
        ),
        65_001 => forbidden(
            "nobody consented to what the application asks for",
            "An administrator of the tenant must grant admin consent: app registration, API permissions.",
        ),
        7_000_229 | 700_056 => forbidden(
            "the application is not installed in this tenant",
            "An administrator of the tenant must install it, by granting admin consent.",
        ),
        530_032 | 53_003 => forbidden(
            "a security policy of the tenant blocks this application",
            "An administrator must let this workload identity through Conditional Access.",
        ),
        50_034 => act(
            "the account does not exist in this tenant",
            "This belongs to signing in as a person: check the kind of the credential, and its tenant.",
        ),
        50_196 => Meaning {
            code: FaultCode::Throttled,
            remedy: Remedy::SlowDown,
            sentence: "Entra ID sees the same request in a loop",
            hint: "Look for other programs that use this app registration; mailroom keeps its tokens and waits.",
        },
        50_173 | 700_082 | 700_084 | 70_008 | 50_078 | 50_079 | 50_076 | 54_005 | 70_000 => act(
            "the sign-in is no longer valid",
            "Sign in again with startSignIn: the password was changed, access was taken back, or it was not used for too long.",
        ),
        90_033 | 90_024 | 90_006 | 90_012 | 90_090 | 50_000 => BUSY,
        90_055 => THROTTLED,
        _ => return None,
    })
}

/// The names of RFC 6749, for numbers that nobody knows and for other providers.
fn of_error(error: &str, status: u16) -> Meaning {
    match (error, status) {
        (_, 429) | ("slow_down", _) => THROTTLED,
        ("temporarily_unavailable" | "server_error", _) | (_, 500..) => BUSY,
        ("invalid_client", _) => act(
            "the sign-in service does not accept the client's id, secret or certificate",
            "Check client id and secret, or the certificate, and that they have not expired.",
        ),
        ("invalid_grant", _) => act(
            "the sign-in service does not accept the refresh token or assertion",
            "Sign in again with startSignIn, or give a new refresh token: it was used up, taken back, or not used for too long.",
        ),
        ("unauthorized_client", _) => act(
            "the client may not ask for tokens in this way",
            "Allow this grant for the client at the sign-in service, and check client id and tenant.",
        ),
        ("invalid_scope" | "invalid_target" | "invalid_resource", _) => act(
            "the sign-in service does not accept the scopes that were asked for",
            "Check the credential's scopes.",
        ),
        ("unsupported_grant_type", _) => act(
            "the sign-in service does not know this kind of grant",
            "Check the address of the token endpoint.",
        ),
        ("interaction_required" | "consent_required" | "login_required", _) => {
            act("the sign-in service wants a person to sign in again", "Sign in again with startSignIn.")
        }
        ("access_denied", _) => forbidden(
            "the sign-in service denies access",
            "An administrator of the sign-in service must allow it.",
        ),
        _ => act(
            "the sign-in service refused the request",
            "Look the code up in the sign-in service's documentation; its logs know the request by its id.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Option<Refusal> {
        Refusal::read(status, None, body.as_bytes())
    }

    #[test]
    fn the_number_is_read_from_the_codes_else_from_the_address_and_never_from_prose() {
        let codes =
            r#"{"error":"invalid_client","error_codes":[7000222],"trace_id":"a-1","correlation_id":"b-2"}"#;
        let refusal = read(401, codes).unwrap();
        assert_eq!(refusal.shown_code().as_deref(), Some("AADSTS7000222"));
        assert_eq!(refusal.request_id().as_deref(), Some("trace a-1, correlation b-2"));
        let uri = r#"{"error":"invalid_client","error_uri":"https://x.example/error?code=7000215"}"#;
        assert_eq!(read(401, uri).unwrap().number, Some(7_000_215));
        let prose = r#"{"error":"invalid_client","error_description":"AADSTS7000215: secret s3cret"}"#;
        let refusal = read(401, prose).unwrap();
        assert_eq!(refusal.shown_code().as_deref(), Some("invalid_client"));
        assert!(!format!("{refusal:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_no_refusal_is_not_taken_for_one() {
        for body in ["", "<html>", "[]", "{}", r#"{"error":{"code":"x"}}"#, r#"{"error":"two words"}"#] {
            assert_eq!(read(400, body), None, "{body}");
            assert_eq!(read(503, body).unwrap().remedy(), Remedy::Wait, "{body}");
            assert_eq!(read(429, body).unwrap().remedy(), Remedy::SlowDown, "{body}");
        }
    }

    #[test]
    fn an_unknown_number_has_the_meaning_of_its_error() {
        let refusal = read(400, r#"{"error":"invalid_grant","error_codes":[123456]}"#).unwrap();
        assert_eq!(refusal.code(), FaultCode::Authentication);
        assert!(refusal.sentence().contains("refresh token"));
    }

    #[test]
    fn every_number_of_microsofts_that_we_know_has_a_sentence_and_a_hint() {
        let known = [
            7_000_215, 7_000_222, 7_000_218, 7_000_112, 700_016, 700_027, 700_024, 50_012, 50_013, 500_133,
            700_021, 700_023, 700_030, 700_211, 700_212, 700_213, 70_021, 90_002, 900_023, 90_038, 500_011,
            50_001, 70_011, 28_002, 1_002_012, 700_022, 65_001, 7_000_229, 700_056, 530_032, 53_003, 50_034,
            50_196, 90_033, 90_024, 90_006, 90_012, 90_090, 50_000, 90_055,
        ];
        for number in known {
            let meaning = of_number(number).unwrap();
            assert!(meaning.hint.ends_with('.') && !meaning.sentence.ends_with('.'), "{number}");
        }
    }
}
