//! The transport that the Azure library is given: our client, and what was answered is kept, because the library makes
//! prose of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::error::{Error as AzureError, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::request::Body;
use azure_core::http::{AsyncRawResponse, HttpClient, Method, Request};
use bytes::Bytes;

use super::refusal::Refusal;
use super::{Error, sound};
use crate::net::{self, Http};

/// No endpoint makes us wait for longer than a day.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
/// The answer to a token request is small.
const MAX_BYTES: usize = 256 * 1024;

/// Sends the library's requests and keeps the last answer. No body in `Debug`: it may be a token.
pub(super) struct Capture {
    http: Http,
    last: Mutex<Option<Result<Answer, Arc<net::Error>>>>,
}

/// What a token endpoint answered. No `Debug`.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says that it gives a token, and gives what can be none.
    pub(super) fn is_unsound(&self) -> bool {
        self.is_success() && sound::fault(&self.body).is_some()
    }

    /// The error that it stands for.
    pub(super) fn refusal(&self) -> Error {
        if self.is_success() {
            let what = sound::fault(&self.body).unwrap_or("without a usable token");
            return Error::Malformed { status: self.status, what };
        }
        match Refusal::read(self.status, self.retry_after, &self.body) {
            Some(refusal) => Error::Refused(Box::new(refusal)),
            None => Error::Malformed { status: self.status, what: "without an error code" },
        }
    }
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture").finish_non_exhaustive()
    }
}

impl Capture {
    pub(super) fn new(http: Http) -> Arc<Self> {
        Arc::new(Self { http, last: Mutex::new(None) })
    }

    /// The error that the last answer stands for; None if nothing was asked.
    pub(super) fn error(&self) -> Option<Error> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.take().map(|last| match last {
            Ok(answer) => answer.refusal(),
            Err(error) => Error::Net(error),
        })
    }

    async fn send(&self, request: &Request) -> Result<Answer, net::Error> {
        let url = request.url().clone();
        let mut sent = self.http.request(method(request.method()), url.clone());
        for (name, value) in request.headers().iter() {
            // Who we are is said by our client.
            if !name.as_str().eq_ignore_ascii_case("user-agent") {
                sent = sent.header(name.as_str(), value.as_str());
            }
        }
        if let Body::Bytes(bytes) = request.body() {
            sent = sent.body(bytes.clone());
        }
        let sent = sent.build().map_err(|error| self.http.explain(&url, &error))?;
        answer(&self.http, sent).await
    }
}

/// Sends a request and reads the answer, up to what an answer may be.
pub(super) async fn answer(http: &Http, request: reqwest::Request) -> Result<Answer, net::Error> {
    let url = request.url().clone();
    let mut response = http.execute(request).await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(reqwest::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| http.explain(&url, &error))? {
        let room = MAX_BYTES.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() >= MAX_BYTES {
            break;
        }
    }
    Ok(Answer {
        status,
        retry_after: retry_after.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT)),
        body: body.into(),
    })
}

#[async_trait::async_trait]
impl HttpClient for Capture {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let sent = self.send(request).await.map_err(Arc::new);
        let response = match &sent {
            // The library trusts what it reads, and panics at a life that no date takes.
            Ok(answer) if answer.is_unsound() => Err(AzureError::with_message(ErrorKind::Other, "no token")),
            Ok(answer) => {
                Ok(AsyncRawResponse::from_bytes(answer.status.into(), Headers::new(), answer.body.clone()))
            }
            Err(_) => Err(AzureError::with_message(ErrorKind::Other, "no answer")),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
        response
    }
}

const fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
        Method::Head => reqwest::Method::HEAD,
        Method::Patch => reqwest::Method::PATCH,
        _ => reqwest::Method::GET,
    }
}
