//! The only place that sends: the token, the headers that every request needs, the budget, and what is tried again.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::address::Address;
use super::ask::{Ask, Extent};
use super::budget::{Budget, backoff};
use super::circuit::Word;
use super::circuits::Way;
use super::refusal::{Kind, Refusal};
use super::reply;
use crate::domain::clock::{Clock as _, SystemClock};
use crate::identity::{Bearer, Tokens};
use crate::net::{self, Http};
use crate::provider::{Access, Error};

/// Ids that survive moves.
/// Source: Microsoft Graph documentation, "Obtain immutable identifiers for Outlook resources".
pub(super) const IMMUTABLE: &str = "IdType=\"ImmutableId\"";
/// The body of a refusal.
const REFUSAL_BYTES: usize = 64 * 1024;
/// The body of an answer has this long whatever its size,
const GRACE: Duration = Duration::from_secs(60);
/// and then comes no slower than this: one that trickles would hold its slot, and the mailbox, for ever.
const BYTES_PER_SECOND: u64 = 16 * 1024;
/// How often a read is tried.
const TRIES: u32 = 3;
/// How often one that the server kept silent about is tried.
const TRIES_IN_SILENCE: u32 = 2;
/// How long a read waits for the budget.
const READ_PATIENCE: Duration = Duration::from_secs(120);
/// How long a change waits: it is sent within the lease's margin.
const CHANGE_PATIENCE: Duration = Duration::from_secs(4);

/// Sends for one mailbox. Clones share the budget and the token.
#[derive(Clone)]
pub(super) struct Wire {
    pub http: Http,
    pub address: Address,
    pub tokens: Tokens,
    /// The root of Graph and `/.default`.
    pub scope: Arc<str>,
    pub budget: Arc<Budget>,
    pub way: Way,
    pub access: Access,
    /// Whether a person waits.
    pub urgent: bool,
}

impl Wire {
    /// A token.
    pub(super) async fn bearer(&self) -> Result<Bearer, Error> {
        Ok(self.tokens.bearer(&self.scope).await?)
    }

    /// Asks for JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, Error> {
        let body = self.bytes(ask).await?;
        let strange = Error::Malformed { what: "it is not the JSON of Graph" };
        match serde_json::from_slice(&body) {
            Ok(read) => Ok(read),
            Err(_) => reply::mended(&body).and_then(|text| serde_json::from_str(&text).ok()).ok_or(strange),
        }
    }

    /// Asks for bytes: within bounds, trying again what can be.
    pub(super) async fn bytes(&self, ask: &Ask) -> Result<Bytes, Error> {
        let mut renewed = false;
        let mut failures = 0;
        let mut earlier = None;
        loop {
            let bearer = self.bearer().await?;
            let error = match self.once(ask, &bearer).await {
                Ok(body) => return Ok(body),
                // What came of asking tells more than that it is not asked again.
                Err(error) if is_outage(&error) => return Err(earlier.unwrap_or(error)),
                Err(error) => error,
            };
            if let Error::Graph(Refusal { kind: Kind::Token, .. }) = &error
                && !renewed
            {
                renewed = true;
                self.tokens.refused(&bearer);
                continue;
            }
            failures += 1;
            let tries = match &error {
                // Nothing was done; the budget keeps the pause.
                Error::Graph(refusal) if refusal.kind == Kind::Throttled => TRIES,
                Error::Graph(refusal) if refusal.kind.is_unclear() && ask.repeatable => TRIES,
                Error::Closed { .. } if ask.repeatable => TRIES,
                Error::Silent { .. } if ask.repeatable => TRIES_IN_SILENCE,
                _ => 1,
            };
            if failures >= tries {
                return Err(error);
            }
            if let Error::Graph(refusal) = &error
                && refusal.kind == Kind::Throttled
            {
                continue;
            }
            let after = if let Error::Graph(refusal) = &error { refusal.after } else { None };
            let wait = backoff(failures - 1, after);
            if wait > self.patience(ask) {
                return Err(error);
            }
            earlier = Some(error);
            tokio::time::sleep(wait).await;
        }
    }

    fn patience(&self, ask: &Ask) -> Duration {
        match self.access {
            // A person waits for it.
            Access::Look => Duration::from_secs(20),
            Access::Handle if ask.method == Method::GET => READ_PATIENCE,
            Access::Handle => CHANGE_PATIENCE,
        }
    }

    /// One request, if the service is asked at all; its slot is held until the body is read.
    async fn once(&self, ask: &Ask, bearer: &Bearer) -> Result<Bytes, Error> {
        if let Some(wait) = self.way.closed_for(self.urgent) {
            return Err(outage(wait));
        }
        let slots = self.budget.enter(self.access, ask.count, self.patience(ask)).await.map_err(|after| {
            let code = "the budget of the mailbox".to_owned();
            Error::Graph(Refusal { kind: Kind::Throttled, code, request_id: None, after: Some(after) })
        })?;
        let passage = self.way.enter(self.urgent).map_err(outage)?;
        let answer = self.send(ask, bearer, slots.since).await;
        passage.tell(match &answer {
            Ok(_) => Word::Answers,
            Err(error) => word(error, ask.of_item),
        });
        answer
    }

    async fn send(&self, ask: &Ask, bearer: &Bearer, since: Instant) -> Result<Bytes, Error> {
        let mut request =
            self.http.request(ask.method.clone(), ask.url.clone()).headers(headers(ask, bearer)?);
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let request =
            request.build().map_err(|_| Error::Malformed { what: "a request can't be made of it" })?;
        let response = self.http.execute(request).await.map_err(|error| lost(error, false))?;
        let (status, answered) = (response.status(), response.headers().clone());
        if status.is_success() {
            if ask.mail && !may_be_mail(&answered) {
                return Err(Error::Malformed {
                    what: "in place of a message something else came, such as a web page",
                });
            }
            let body = self.body(&ask.url, response, ask.extent).await?;
            // What is in the answer to a batch may say otherwise.
            if ask.method == Method::GET {
                self.budget.answered(since);
            }
            return Ok(body);
        }
        let body = self.body(&ask.url, response, Extent::Whole(REFUSAL_BYTES)).await.unwrap_or_default();
        let refusal = refusal(status.as_u16(), &answered, &body);
        match refusal.kind {
            Kind::Throttled => self.budget.throttled(since, refusal.after),
            _ => self.budget.answered(since),
        }
        tracing::debug!(
            status = status.as_u16(),
            code = %refusal.code,
            request_id = refusal.request_id.as_deref().unwrap_or_default(),
            diagnostic = text(&answered, "x-ms-ags-diagnostic").unwrap_or_default(),
            "Graph refused a request"
        );
        Err(Error::Graph(refusal))
    }

    async fn body(&self, url: &Url, mut response: reqwest::Response, extent: Extent) -> Result<Bytes, Error> {
        let (Extent::Whole(limit) | Extent::Header(limit)) = extent;
        let too_long = Error::TooLong { what: "an answer", limit: limit as u64 };
        let announced = response.content_length().unwrap_or(0);
        if matches!(extent, Extent::Whole(_)) && announced > limit as u64 {
            return Err(too_long);
        }
        let mut whole = BytesMut::new();
        let begun = Instant::now();
        loop {
            let bytes = whole.len() as u64;
            let Ok(chunk) = timeout_at(begun + time_for(bytes), response.chunk()).await else {
                return Err(Error::Slow { bytes, after: begun.elapsed() });
            };
            let chunk = chunk.map_err(|error| lost(self.http.explain(url, &error), true))?;
            let Some(chunk) = chunk else { return Ok(whole.freeze()) };
            let searched = whole.len().saturating_sub(3);
            whole.extend_from_slice(&chunk);
            match extent {
                Extent::Whole(_) if whole.len() > limit => return Err(too_long),
                Extent::Whole(_) => {}
                Extent::Header(_) => {
                    if let Some(end) = header_end(&whole, searched) {
                        whole.truncate(end);
                        return Ok(whole.freeze());
                    }
                    if whole.len() > limit {
                        whole.truncate(limit);
                        return Ok(whole.freeze());
                    }
                }
            }
        }
    }
}

/// How long a body may take of which so much has come.
const fn time_for(bytes: u64) -> Duration {
    Duration::from_secs(GRACE.as_secs() + bytes / BYTES_PER_SECOND)
}

/// Microsoft says `text/plain`; a gateway that answers in its place says what a browser shows, or its own JSON.
fn may_be_mail(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    !["text/html", "application/xhtml+xml", "application/json"].contains(&kind.as_str())
}

const fn is_outage(error: &Error) -> bool {
    matches!(error, Error::Graph(Refusal { kind: Kind::Outage, .. }))
}

/// The service is left alone for so long.
fn outage(after: Duration) -> Error {
    let code = "left alone".to_owned();
    Error::Graph(Refusal { kind: Kind::Outage, code, request_id: None, after: Some(after) })
}

/// What an error tells of the service.
fn word(error: &Error, of_item: bool) -> Word {
    match error {
        Error::Graph(Refusal { kind: Kind::Busy, .. })
        | Error::Closed { .. }
        | Error::Silent { .. }
        | Error::Slow { .. } => {
            if of_item {
                Word::Nothing
            } else {
                Word::Fails
            }
        }
        // The mailbox's own trouble.
        Error::Graph(Refusal { kind: Kind::Moving, .. }) => Word::Nothing,
        Error::Graph(_) | Error::TooLong { .. } => Word::Answers,
        Error::Net(net) => match net {
            net::Error::Resolve { .. }
            | net::Error::ResolveTimeout { .. }
            | net::Error::NoAddress { .. }
            | net::Error::Connect { .. }
            | net::Error::ConnectTimeout { .. }
            | net::Error::Handshake { .. }
            | net::Error::TlsTimeout { .. }
            | net::Error::Silent { .. }
            | net::Error::Cut { .. } => Word::Fails,
            // The configuration's.
            net::Error::Refused { .. }
            | net::Error::NotAHost { .. }
            | net::Error::NotTls { .. }
            | net::Error::Certificate { .. }
            | net::Error::NoAuthorities => Word::Nothing,
        },
        _ => Word::Nothing,
    }
}

/// What befell a connection, in the words of all providers.
fn lost(error: net::Error, midway: bool) -> Error {
    match error {
        net::Error::Silent { after, .. } => Error::Silent { after },
        net::Error::Cut { .. } => Error::Closed { midway },
        other => Error::Net(other),
    }
}

/// The refusal that an answer is.
pub(super) fn refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let codes = reply::codes(body);
    let mut kind = Kind::of(status, &codes);
    let challenge = headers.get("www-authenticate").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if status == 401 && challenge.contains("claims=") {
        kind = Kind::Challenge;
    }
    // The one text that Microsoft's documentation gives as the mark of a policy.
    if kind == Kind::Denied && body.windows(24).any(|text| text == b"Access to OData is disab") {
        kind = Kind::OutsidePolicy;
    }
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Refusal {
        kind,
        code: codes.into_iter().next().unwrap_or_else(|| format!("HTTP {status}")),
        request_id: text(headers, "request-id"),
        after: after.and_then(|value| reply::retry_after(value, SystemClock.now())),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.chars().take(200).collect())
}

fn headers(ask: &Ask, bearer: &Bearer) -> Result<HeaderMap, Error> {
    let unfit = |_| Error::Malformed { what: "the token has characters that no header takes" };
    let mut token =
        HeaderValue::from_str(&format!("Bearer {}", bearer.token.expose_secret())).map_err(unfit)?;
    token.set_sensitive(true);
    let prefer =
        ask.prefer.as_ref().map_or_else(|| IMMUTABLE.to_owned(), |more| format!("{IMMUTABLE}, {more}"));
    let request = uuid::Uuid::now_v7().to_string();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, token);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/plain;q=0.9, */*;q=0.1"));
    headers.insert(HeaderName::from_static("prefer"), HeaderValue::from_str(&prefer).map_err(unfit)?);
    headers.insert(
        HeaderName::from_static("client-request-id"),
        HeaderValue::from_str(&request).map_err(unfit)?,
    );
    Ok(headers)
}

/// Where the header of a mail ends: behind its blank line.
fn header_end(bytes: &[u8], from: usize) -> Option<usize> {
    let tail = bytes.get(from..)?;
    let crlf = tail.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let lf = tail.windows(2).position(|two| two == b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min().map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_what_a_support_case_needs() {
        let mut headers = HeaderMap::new();
        headers.insert("request-id", HeaderValue::from_static("r-1"));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("4"));
        let body = br#"{"error":{"code":"ApplicationThrottled","message":"..."}}"#;
        let refusal = refusal(429, &headers, body);
        let expected = Refusal {
            kind: Kind::Throttled,
            code: "ApplicationThrottled".to_owned(),
            request_id: Some("r-1".to_owned()),
            after: Some(Duration::from_secs(4)),
        };
        assert_eq!(refusal, expected);
        assert_eq!(super::refusal(502, &HeaderMap::new(), b"<html>").code, "HTTP 502");
    }

    #[test]
    fn a_policy_and_a_claims_challenge_are_told_from_other_denials() {
        let policy = br#"{"error":{"code":"ErrorAccessDenied","message":"Access to OData is disabled."}}"#;
        assert_eq!(refusal(403, &HeaderMap::new(), policy).kind, Kind::OutsidePolicy);
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", HeaderValue::from_static("Bearer claims=\"eyJ\""));
        assert_eq!(refusal(401, &headers, b"").kind, Kind::Challenge);
    }

    #[test]
    fn a_body_that_trickles_is_given_up_and_a_big_one_has_its_time() {
        assert_eq!(time_for(0), Duration::from_secs(60));
        assert_eq!(time_for(60), Duration::from_secs(60), "a byte a second");
        assert_eq!(time_for(150 * 1024 * 1024), Duration::from_secs(60 + 9_600));
    }

    #[test]
    fn a_web_page_is_no_mail() {
        let may_be = |kind: Option<&'static str>| {
            let value = kind.map(HeaderValue::from_static);
            may_be_mail(&value.into_iter().map(|value| (CONTENT_TYPE, value)).collect())
        };
        for kind in [None, Some("text/plain"), Some("message/rfc822"), Some("application/octet-stream")] {
            assert!(may_be(kind), "{kind:?}");
        }
        for kind in ["text/html; charset=utf-8", "Text/HTML", "application/json"] {
            assert!(!may_be(Some(kind)), "{kind}");
        }
    }

    #[test]
    fn what_is_about_one_message_tells_nothing_of_the_service() {
        let busy = || Error::Graph(refusal(503, &HeaderMap::new(), b""));
        assert_eq!((word(&busy(), false), word(&busy(), true)), (Word::Fails, Word::Nothing));
        let moving = refusal(503, &HeaderMap::new(), br#"{"error":{"code":"MailboxInfoStale"}}"#);
        assert_eq!(word(&Error::Graph(moving), false), Word::Nothing);
        for status in [400, 401, 403, 404, 410, 429] {
            let error = Error::Graph(refusal(status, &HeaderMap::new(), b""));
            assert_eq!(word(&error, false), Word::Answers, "{status}");
        }
    }

    #[test]
    fn a_header_ends_behind_its_blank_line() {
        assert_eq!(header_end(b"A: b\r\n\r\nbody", 0), Some(8));
        assert_eq!(header_end(b"A: b\n\nbody\r\n\r\n", 0), Some(6));
        assert_eq!(header_end(b"A: b\r\nC: d\r\n", 0), None);
    }
}
