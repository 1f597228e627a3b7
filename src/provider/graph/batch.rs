//! Several requests in one (`$batch`): no more entries than may run at a time, each with its own answer.
//! Source: Microsoft Graph documentation, "Combine multiple HTTP requests using JSON batching".

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::ask::Ask;
use super::budget::HANDLERS;
use super::refusal::{Kind, Refusal};
use super::reply::{self, Message};
use super::wire::{IMMUTABLE, Wire};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::provider::{Access, Error};

/// One of them. Paths are those of [`super::address::Address::path`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
}

impl Part {
    /// Reads something.
    pub(super) const fn read(path: String) -> Self {
        Self { method: "GET", path, body: None }
    }

    /// Whether doing it again does no harm.
    fn is_repeatable(&self) -> bool {
        self.method != "POST"
    }
}

/// The answer to one of them.
pub(super) type Answer = Result<Option<Box<RawValue>>, Refusal>;

impl Wire {
    /// How many parts a batch may have.
    pub(super) const fn batch_size(&self) -> usize {
        match self.access {
            Access::Handle => HANDLERS as usize,
            Access::Look => 1,
        }
    }

    /// Sends the parts, at most [`Self::batch_size`]; answers in their order. Err where it is unknown what was done.
    pub(super) async fn batch(&self, parts: &[Part]) -> Result<Vec<Answer>, Error> {
        let url = self.address.url("/$batch")?;
        let body = Bytes::from(composed(parts).to_string());
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let ask = Ask::post(url, body, count, parts.iter().all(Part::is_repeatable));
        let sent = tokio::time::Instant::now();
        let batch: reply::Batch = self.json(&ask).await?;
        let answers = sorted(batch.responses, parts.len());
        let refusals = answers.iter().filter_map(|answer| answer.as_ref().err());
        let throttled: Vec<&Refusal> = refusals.filter(|refusal| refusal.kind == Kind::Throttled).collect();
        for refusal in &throttled {
            self.budget.throttled(sent, refusal.after);
        }
        if throttled.is_empty() {
            self.budget.answered(sent);
        }
        Ok(answers)
    }
}

fn composed(parts: &[Part]) -> Value {
    let requests: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| {
            // The headers around the batch do not hold for what is in it.
            let mut request = json!({
                "id": at.to_string(),
                "method": part.method,
                "url": part.path,
                "headers": { "Prefer": IMMUTABLE },
            });
            let body = part.body.clone().or_else(|| (part.method == "POST").then(|| json!({})));
            if let Some(body) = body {
                request["headers"]["Content-Type"] = json!("application/json");
                request["body"] = body;
            }
            request
        })
        .collect();
    json!({ "requests": requests })
}

/// The answers in the order of the parts. Of one that is missing, or that comes twice, nobody knows what was done.
fn sorted(entries: Vec<reply::Entry>, count: usize) -> Vec<Answer> {
    let unclear =
        |code: &str| Err(Refusal { kind: Kind::Busy, code: code.to_owned(), request_id: None, after: None });
    let mut answers: HashMap<usize, Answer> = HashMap::new();
    for entry in entries {
        let Some(at) = entry.id.parse::<usize>().ok().filter(|at| *at < count) else { continue };
        let is_twice = answers.contains_key(&at);
        let answer = if is_twice { unclear("two answers within the batch") } else { answer(entry) };
        answers.insert(at, answer);
    }
    (0..count)
        .map(|at| answers.remove(&at).unwrap_or_else(|| unclear("no answer within the batch")))
        .collect()
}

fn answer(entry: reply::Entry) -> Answer {
    if (200..300).contains(&entry.status) {
        return Ok(entry.body);
    }
    let body = entry.body.as_ref().map(|body| body.get().as_bytes()).unwrap_or_default();
    let codes = reply::codes(body);
    let mut kind = Kind::of(entry.status, &codes);
    if kind == Kind::Denied && body.windows(24).any(|text| text == b"Access to OData is disab") {
        kind = Kind::OutsidePolicy;
    }
    Err(Refusal {
        kind,
        code: codes.into_iter().next().unwrap_or_else(|| format!("HTTP {}", entry.status)),
        request_id: entry.header("request-id"),
        after: entry.header("retry-after").and_then(|value| reply::retry_after(&value, SystemClock.now())),
    })
}

/// The message in an answer; one without a body is a message of which nothing is known.
pub(super) fn message(body: Option<Box<RawValue>>) -> Message {
    body.and_then(|body| serde_json::from_str(body.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_own_headers_and_a_post_always_a_body() {
        let parts = [
            Part::read("/users/u/messages/A".to_owned()),
            Part { method: "POST", path: "/users/u/messages/A/permanentDelete".to_owned(), body: None },
            Part {
                method: "PATCH",
                path: "/users/u/messages/A".to_owned(),
                body: Some(json!({ "isRead": true })),
            },
        ];
        let composed = composed(&parts);
        let requests = composed["requests"].as_array().unwrap();
        assert!(requests.iter().all(|request| request["headers"]["Prefer"] == IMMUTABLE));
        assert_eq!(requests[0].get("body"), None);
        assert_eq!(requests[1]["body"], json!({}));
        assert_eq!(requests[2]["headers"]["Content-Type"], "application/json");
    }

    #[test]
    fn what_is_missing_or_comes_twice_is_unclear_and_what_nobody_asked_is_left_alone() {
        let batch: reply::Batch = serde_json::from_str(
            r#"{"responses":[{"id":"7","status":200},{"id":"x","status":200},{"id":"","status":"200"},
                {"id":"1","status":404},{"id":"1","status":200},{"id":1,"status":200},
                {"id":2,"status":"204"},{"status":200},{"id":"3","status":"soon"}]}"#,
        )
        .unwrap();
        let answers = sorted(batch.responses, 4);
        let code = |at: usize| answers[at].as_ref().unwrap_err().code.clone();
        assert_eq!(code(0), "no answer within the batch");
        assert_eq!(code(1), "two answers within the batch");
        assert!(answers[2].is_ok());
        assert!(answers[3].as_ref().unwrap_err().kind.is_unclear());
    }

    #[test]
    fn an_entry_is_answered_by_its_own_status_and_retry_after() {
        let batch: reply::Batch = serde_json::from_str(
            r#"{"responses":[
                {"id":"1","status":429,"headers":{"Retry-After":"2","request-id":"r"},
                 "body":{"error":{"code":"ApplicationThrottled"}}},
                {"id":"0","status":200,"body":{"id":"AA","changeKey":"k"}},
                {"id":"2","status":204}]}"#,
        )
        .unwrap();
        let answers: Vec<Answer> = batch.responses.into_iter().map(answer).collect();
        let refusal = answers[0].as_ref().unwrap_err();
        assert_eq!((refusal.kind, refusal.after), (Kind::Throttled, Some(std::time::Duration::from_secs(2))));
        assert_eq!(refusal.request_id.as_deref(), Some("r"));
        let mut answers = answers.into_iter().skip(1);
        assert_eq!(message(answers.next().unwrap().unwrap()).version().as_deref(), Some("k"));
        assert_eq!(message(answers.next().unwrap().unwrap()).version(), None);
    }
}
