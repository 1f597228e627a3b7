//! The published limits, for each app and mailbox: 4 requests at a time, 10,000 in ten minutes, 150 MB uploaded in five
//! (learn.microsoft.com/graph/throttling-limits, Outlook).

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State as Shared};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use uuid::Uuid;

use super::answer::Problem;
use super::caller::Caller;
use crate::faults::pattern;
use crate::state::State;

const AT_A_TIME: u32 = 4;
const REQUESTS: (u64, i64) = (10_000, 600);
const UPLOAD: (u64, i64) = (150 * 1024 * 1024, 300);

/// An app and a mailbox.
type Pair = (Uuid, String);

/// What each app does in each mailbox. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Throttle(Arc<Mutex<HashMap<Pair, Load>>>);

#[derive(Debug, Default)]
struct Load {
    running: u32,
    requests: Window,
    upload: Window,
}

/// A place among those that run at a time; free again when it is dropped.
#[derive(Debug)]
pub struct Slot {
    throttle: Throttle,
    pair: Pair,
}

impl Throttle {
    /// Takes a place, or says when to come again. A refused request counts as well.
    pub fn enter(
        &self,
        app: Uuid,
        mailbox: &str,
        uploaded: u64,
        now: DateTime<Utc>,
    ) -> Result<Slot, Problem> {
        let pair = (app, mailbox.to_owned());
        let mut loads = self.lock();
        let load = loads.entry(pair.clone()).or_default();
        let over_requests = load.requests.add(1, REQUESTS, now);
        let over_upload = load.upload.add(uploaded, UPLOAD, now);
        if let Some(seconds) = over_requests {
            return Err(refused(
                "TooManyRequests",
                "Application is over its MailboxRequestCount limit.",
                seconds,
            ));
        }
        if let Some(seconds) = over_upload {
            return Err(refused("TooManyRequests", "Application is over its MailboxUpload limit.", seconds));
        }
        if load.running >= AT_A_TIME {
            let message = "Application is over its MailboxConcurrency limit.";
            return Err(refused("ApplicationThrottled", message, 1));
        }
        load.running += 1;
        Ok(Slot { throttle: self.clone(), pair })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, Load>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(load) = self.throttle.lock().get_mut(&self.pair) {
            load.running = load.running.saturating_sub(1);
        }
    }
}

fn refused(code: &'static str, message: &str, seconds: i64) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, code, message).with("Retry-After", seconds.to_string())
}

/// How much there was of late, in steps of a sixtieth of its span.
#[derive(Debug, Default)]
struct Window {
    steps: VecDeque<(DateTime<Utc>, u64)>,
    sum: u64,
}

impl Window {
    /// Adds some; in how many seconds there is room again, where it is over its limit now.
    fn add(&mut self, amount: u64, (limit, span): (u64, i64), now: DateTime<Utc>) -> Option<i64> {
        let span = TimeDelta::seconds(span);
        while let Some((_, old)) = self.steps.front().copied().filter(|(at, _)| *at + span <= now) {
            self.sum = self.sum.saturating_sub(old);
            self.steps.pop_front();
        }
        match self.steps.back_mut().filter(|(at, _)| now - *at < span / 60) {
            Some((_, sum)) => *sum += amount,
            None => self.steps.push_back((now, amount)),
        }
        self.sum += amount;
        let over = self.sum.checked_sub(limit).filter(|over| *over > 0)?;
        let mut freed = 0;
        let until = self.steps.iter().find_map(|(at, sum)| {
            freed += sum;
            (freed >= over).then_some(*at + span)
        })?;
        Some(((until - now).num_milliseconds() + 999).div_euclid(1_000).max(1))
    }
}

/// Lets a call through within the limits. Its place is held until the last of its answer is taken. It lies within the
/// frame, where the caller is known.
pub async fn around(Shared(state): Shared<State>, request: Request, next: Next) -> Response<Body> {
    if !state.switches().throttle {
        return next.run(request).await;
    }
    let Some((app, mailbox)) = pair(&state, &request) else { return next.run(request).await };
    let stores = [Method::POST, Method::PATCH, Method::PUT].contains(request.method());
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let uploaded = length.filter(|_| stores).unwrap_or_default();
    match state.throttle.enter(app, &mailbox, uploaded, state.clock.now()) {
        Ok(slot) => holding(next.run(request).await, slot),
        Err(problem) => problem.into_response(),
    }
}

/// The app and the mailbox, by its id however it was named.
fn pair(state: &State, request: &Request) -> Option<(Uuid, String)> {
    let caller = request.extensions().get::<Caller>()?;
    let path = pattern::plain(request.uri().path());
    let user = pattern::user(&path)?;
    let world = state.world();
    let tenant = world.tenants.iter().find(|tenant| tenant.id == caller.tenant)?;
    Some((caller.app, tenant.mailbox(user)?.id.to_string()))
}

/// The answer, with the place held until its last byte is handed over.
fn holding(response: Response<Body>, slot: Slot) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let length = body.size_hint().exact();
    if length == Some(0) {
        return Response::from_parts(parts, body);
    }
    if let Some(length) = length {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let (mut slot, mut given) = (Some(slot), 0);
    let pieces = body.into_data_stream().inspect(move |piece| {
        given += piece.as_ref().map(|bytes| bytes.len() as u64).unwrap_or_default();
        // The client may be back before the server sees the end of the body.
        if length.is_some_and(|length| given >= length) {
            slot.take();
        }
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: Uuid = Uuid::from_u128(1);

    fn code(result: Result<Slot, Problem>) -> String {
        result.map_or_else(|problem| format!("{} {:?}", problem.code, problem.headers), |_| "ok".to_owned())
    }

    #[test]
    fn four_at_a_time_for_each_app_and_mailbox() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let mut slots: Vec<Slot> = (0..4).map(|_| throttle.enter(APP, "a", 0, now).unwrap()).collect();
        let refused = code(throttle.enter(APP, "a", 0, now));
        assert_eq!(refused, r#"ApplicationThrottled [("Retry-After", "1")]"#);
        assert_eq!(code(throttle.enter(APP, "b", 0, now)), "ok");
        assert_eq!(code(throttle.enter(Uuid::nil(), "a", 0, now)), "ok");
        slots.pop();
        assert_eq!(code(throttle.enter(APP, "a", 0, now)), "ok");
    }

    #[test]
    fn ten_thousand_in_ten_minutes_and_those_refused_count() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        assert!((0..10_000).all(|_| throttle.enter(APP, "a", 0, now).is_ok()));
        let refused = code(throttle.enter(APP, "a", 0, now + TimeDelta::seconds(100)));
        assert_eq!(refused, r#"TooManyRequests [("Retry-After", "500")]"#);
        assert_eq!(code(throttle.enter(APP, "a", 0, now + TimeDelta::seconds(600))), "ok");
    }

    #[test]
    fn uploads_are_weighed() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let big = 100 * 1024 * 1024;
        assert_eq!(code(throttle.enter(APP, "a", big, now)), "ok");
        assert!(code(throttle.enter(APP, "a", big, now)).starts_with("TooManyRequests"));
        assert_eq!(code(throttle.enter(APP, "a", big, now + TimeDelta::seconds(301))), "ok");
    }

    #[tokio::test]
    async fn a_place_is_held_until_the_last_byte_is_handed_over() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let enter = || throttle.enter(APP, "a", 0, now);
        let answers: Vec<_> =
            (0..4).map(|_| holding(Response::new(Body::from("body")), enter().unwrap())).collect();
        assert!(enter().is_err());
        assert_eq!(answers[0].headers()[CONTENT_LENGTH], "4");
        let mut bodies: Vec<_> =
            answers.into_iter().map(|answer| answer.into_body().into_data_stream()).collect();
        assert!(bodies[0].next().await.unwrap().is_ok());
        drop(enter().unwrap());
        bodies.pop();
        let _two = [enter().unwrap(), enter().unwrap()];
        assert!(enter().is_err());
    }
}
