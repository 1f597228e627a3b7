//! Whether what a token endpoint gave can be a token: a bearer token (RFC 6750) that fits into a header, with a life that
//! can be. Whether it opens anything is for the mail system to say.

use serde_json::Value;

/// Bytes of a token; servers take no longer headers.
const LONGEST: usize = 64 * 1024;
/// Seconds of a life: a hundred years. Clients that add it to a date panic at far more.
const LONGEST_LIFE: i64 = 3_155_760_000;

/// What is wrong with the body of an answer that should give a token; None where it may be one.
pub(super) fn fault(body: &[u8]) -> Option<&'static str> {
    let Ok(Value::Object(given)) = serde_json::from_slice(body) else { return Some("without a token") };
    let Some(token) = given.get("access_token").and_then(Value::as_str) else {
        return Some("without a token");
    };
    if token.is_empty() {
        return Some("without a token");
    }
    if token.len() > LONGEST {
        return Some("with a token that is too long for any header");
    }
    if !token.chars().all(|c| c.is_ascii_graphic()) {
        return Some("with a token of characters that no header takes");
    }
    let is_bearer = |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    if given.get("token_type").is_some_and(|kind| !is_bearer(kind)) {
        return Some("with a token of another type than Bearer");
    }
    let can_be = |life: &Value| life.as_i64().is_some_and(|life| (1..=LONGEST_LIFE).contains(&life));
    if given.get("expires_in").is_some_and(|life| life.is_number() && !can_be(life)) {
        return Some("with a token whose life can't be");
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(changes: Value) -> Option<&'static str> {
        let mut body =
            json!({"access_token": "eyJ0.e30.x-_~+/=", "token_type": "Bearer", "expires_in": 3599});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        fault(&serde_json::to_vec(&body).unwrap())
    }

    #[test]
    fn a_token_of_any_form_that_fits_into_a_header_may_be_one() {
        for changes in [
            json!({}),
            json!({"access_token": "opaque"}),
            json!({"token_type": "bearer"}),
            json!({"expires_in": 1}),
            json!({"expires_in": "3599"}),
            json!({"refresh_token": "r", "scope": "a b"}),
        ] {
            assert_eq!(of(changes.clone()), None, "{changes}");
        }
    }

    #[test]
    fn what_can_not_be_a_token_is_told_apart() {
        let long = "x".repeat(LONGEST + 1);
        for (changes, said) in [
            (json!({"access_token": ""}), "without a token"),
            (json!({"access_token": null}), "without a token"),
            (json!({"access_token": ["x"]}), "without a token"),
            (json!({"access_token": long}), "too long"),
            (json!({"access_token": "x\r\nX-Evil: 1"}), "no header takes"),
            (json!({"access_token": "x y"}), "no header takes"),
            (json!({"access_token": "x\u{1}auth"}), "no header takes"),
            (json!({"access_token": "\u{fc}"}), "no header takes"),
            (json!({"token_type": "mac"}), "another type"),
            (json!({"token_type": 7}), "another type"),
            (json!({"expires_in": 0}), "life"),
            (json!({"expires_in": -1}), "life"),
            (json!({"expires_in": 3599.5}), "life"),
            (json!({"expires_in": i64::MAX}), "life"),
            (json!({"expires_in": u64::MAX}), "life"),
        ] {
            let found = of(changes.clone());
            assert!(found.is_some_and(|found| found.contains(said)), "{changes}: {found:?}");
        }
        for body in ["", "null", "[]", "<html>", "\"x\"", "{}"] {
            assert_eq!(fault(body.as_bytes()), Some("without a token"), "{body}");
        }
    }
}
