//! The layer around Graph and the token endpoint that does what rules say. Entries of a batch pass it singly.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use serde_json::json;

use super::rule::{Call, Rule};
use super::{body, pattern};
use crate::graph::answer::{Problem, time};
use crate::graph::caller::Caller;
use crate::graph::gone;
use crate::graph::odata::Here;
use crate::state::State;

/// Lets a call through, unless a rule falls on it. It lies within the frame, where the caller is known.
pub async fn around(Shared(state): Shared<State>, request: Request, next: Next) -> Response<Body> {
    if !state.faults.any() {
        return next.run(request).await;
    }
    let call = call(&state, &request);
    let Some(rule) = state.faults.strike(&call) else { return next.run(request).await };
    let here = Here::of(&request);
    if let Some(delay) = rule.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if rule.cut {
        return body::cut();
    }
    if let Some(refusal) = refusal(&state, &rule, &call, &here) {
        return refusal;
    }
    let mut response = next.run(request).await;
    if rule.lose_answer {
        return body::cut();
    }
    if let Some(after) = rule.truncate {
        response = body::truncated(response, after);
    }
    if let Some(bytes) = rule.bytes_per_second {
        response = body::slow(response, bytes);
    }
    response
}

/// The call as rules see it, with every name of its tenant and mailbox.
fn call(state: &State, request: &Request) -> Call {
    let path = pattern::plain(request.uri().path());
    let mut call = Call {
        method: request.method().to_string(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        ..Call::default()
    };
    let world = state.world();
    let caller = request.extensions().get::<Caller>();
    let tenant = match caller {
        Some(caller) => {
            call.app = Some(caller.app);
            world.tenants.iter().find(|tenant| tenant.id == caller.tenant)
        }
        None => path.split('/').nth(1).and_then(|name| world.tenant(name)),
    };
    if let Some(tenant) = tenant {
        call.tenant = vec![tenant.id.to_string(), tenant.domain.clone()];
    }
    if let Some(user) = pattern::user(&path) {
        call.mailbox.push(user.to_owned());
        if let Some(mailbox) = tenant.and_then(|tenant| tenant.mailbox(user)) {
            call.mailbox.extend([mailbox.id.to_string(), mailbox.address.clone()]);
            call.mailbox.extend(mailbox.aliases.iter().cloned());
        }
    }
    call.path = path;
    call
}

fn refusal(state: &State, rule: &Rule, call: &Call, here: &Here) -> Option<Response<Body>> {
    let problem = if rule.deny {
        Problem::access_denied()
    } else if rule.expire_delta {
        return Some(gone(here, state.switches().gone_says));
    } else {
        let status = StatusCode::from_u16(rule.status?).ok()?;
        let (code, message) = likely(status);
        let code = rule.code.clone().unwrap_or_else(|| code.to_owned());
        let message = rule.message.clone().unwrap_or_else(|| message.to_owned());
        match status {
            StatusCode::UNAUTHORIZED => Problem::unauthenticated(code, message),
            status => Problem::new(status, code, message),
        }
    };
    let problem = match rule.retry_after {
        Some(seconds) => problem.with("Retry-After", seconds.to_string()),
        None => problem,
    };
    let is_token = call.path.contains("/oauth2/");
    Some(if is_token { token_error(state, &problem) } else { problem.into_response() })
}

/// What Graph usually says with a status (graph:errors).
const fn likely(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        401 => ("InvalidAuthenticationToken", "Access token validation failure."),
        403 => ("ErrorAccessDenied", "Access is denied. Check credentials and try again."),
        404 => ("ErrorItemNotFound", "The specified object was not found in the store."),
        409 => ("ErrorConflict", "The request conflicts with the state of the resource."),
        410 => ("syncStateNotFound", "The sync state generation is not found."),
        412 => ("ErrorIrresolvableConflict", "The send or update operation could not be performed."),
        413 => ("ErrorMessageSizeExceeded", "The message exceeds the maximum supported size."),
        429 => ("ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        500 => ("ErrorInternalServerError", "An internal server error occurred. The operation failed."),
        502 => ("BadGateway", "The server received an invalid response from upstream."),
        503 => ("serviceNotAvailable", "The service is temporarily unavailable."),
        504 => ("UnknownError", "The upstream server did not answer in time."),
        507 => ("ErrorQuotaExceeded", "The mailbox is full."),
        _ => ("generalException", "The sandbox was told to refuse this."),
    }
}

/// A refusal as Entra ID writes it.
fn token_error(state: &State, problem: &Problem) -> Response<Body> {
    let error = match problem.status.as_u16() {
        401 => "invalid_client",
        400 => "invalid_request",
        _ => "temporarily_unavailable",
    };
    let description = if problem.code.starts_with("AADSTS") {
        format!("{}: {}", problem.code, problem.message)
    } else {
        format!("AADSTS90033: {}", problem.message)
    };
    let number: Option<u32> =
        description.trim_start_matches("AADSTS").split(':').next().and_then(|digits| digits.parse().ok());
    let answer = json!({
        "error": error,
        "error_description": description,
        "error_codes": number.into_iter().collect::<Vec<_>>(),
        "timestamp": time(state.clock.now()),
    });
    let mut response = (problem.status, axum::Json(answer)).into_response();
    for (name, value) in &problem.headers {
        if let (Ok(name), Ok(value)) = (header::HeaderName::try_from(*name), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests;
