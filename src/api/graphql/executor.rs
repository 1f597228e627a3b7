//! One way to run an operation, whatever transport brought it: within limits, with codes on every error.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError, Value};
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::context::Backend;
use super::document;
use super::error::{Error, told};
use super::schema::{self, Schema};
use crate::domain::access::Caller;
use crate::service;

/// How much one operation may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of fields.
    pub depth: usize,
    /// Fields, each counted as often as the lists around it may repeat it.
    pub complexity: usize,
    /// Time for a query or mutation.
    pub timeout: Duration,
    /// Bytes of a request's body, and of one WebSocket message.
    pub body_bytes: usize,
    /// Operations that run at the same time on one WebSocket.
    pub operations_per_socket: usize,
    /// Time for a WebSocket to say who it is.
    pub init_timeout: Duration,
    /// Time between two signs of life on a WebSocket or an event stream.
    pub keep_alive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 15,
            complexity: 20_000,
            timeout: Duration::from_secs(30),
            body_bytes: 1024 * 1024,
            operations_per_socket: 100,
            init_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(15),
        }
    }
}

/// Runs operations. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    schema: Schema,
    backend: Backend,
    limits: Limits,
}

/// An operation that was looked at, and may run.
pub struct Prepared {
    request: Request,
    /// What it is.
    pub kind: OperationType,
}

/// The answer to an operation, or one of many to a subscription.
#[derive(Debug)]
pub struct Answer(Box<Response>);

impl Executor {
    /// Over the services, within the limits.
    pub fn new(backend: Backend, limits: Limits) -> Self {
        Self { schema: schema::build(&backend, limits), backend, limits }
    }

    /// The limits it keeps.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The services that it runs over.
    pub const fn services(&self) -> &service::Context {
        &self.backend.services
    }

    /// Looks at a request before it runs.
    pub fn prepare(&self, mut request: Request, request_id: &str) -> Result<Prepared, Answer> {
        match document::inspect(&mut request) {
            Ok(kind) => Ok(Prepared { request, kind }),
            Err(error) => Err(Answer::refused(error, request_id)),
        }
    }

    /// Runs a query or a mutation.
    pub async fn run(&self, caller: Caller, prepared: Prepared, request_id: &str) -> Answer {
        let kind = prepared.kind;
        let operation = prepared.request.operation_name.clone().unwrap_or_default();
        let started = tokio::time::Instant::now();
        let request = schema::with_request_data(prepared.request, &self.backend, caller);
        let ran = tokio::time::timeout(self.limits.timeout, self.schema.execute(request)).await;
        let answer = match ran {
            Ok(response) => Answer::told(response, request_id),
            Err(_) => Answer::refused(Error::Timeout, request_id),
        };
        let seconds = started.elapsed().as_secs_f64();
        metrics::histogram!("mailroom_graphql_operation_seconds", "kind" => kind_name(kind)).record(seconds);
        tracing::debug!(
            request_id,
            operation,
            kind = kind_name(kind),
            seconds,
            errors = answer.0.errors.len(),
            "operation"
        );
        answer
    }

    /// Runs any operation: answers follow each other until it ends; a query or a mutation has one.
    pub fn stream(
        &self,
        caller: Caller,
        prepared: Prepared,
        request_id: String,
    ) -> BoxStream<'static, Answer> {
        if prepared.kind != OperationType::Subscription {
            let this = self.clone();
            return futures::stream::once(async move { this.run(caller, prepared, &request_id).await })
                .boxed();
        }
        let request = schema::with_request_data(prepared.request, &self.backend, caller);
        self.schema
            .execute_stream_with_session_data(request, Default::default())
            .map(move |response| Answer::told(response, &request_id))
            .boxed()
    }
}

impl Answer {
    fn told(mut response: Response, request_id: &str) -> Self {
        response.errors = told(response.errors, request_id);
        Self(Box::new(response))
    }

    /// The answer to a request that never ran, or ran out of time.
    pub fn refused(error: impl Into<ServerError>, request_id: &str) -> Self {
        Self(Box::new(Response::from_errors(told(vec![error.into()], request_id))))
    }

    /// Whether the operation never ran: a request error, which has no `data` (GraphQL section 7.1).
    pub fn never_ran(&self) -> bool {
        self.0.data == Value::Null
            && !self.0.errors.is_empty()
            && self.0.errors.iter().all(|error| error.path.is_empty() && !timed_out(error))
    }

    /// Its errors.
    pub fn errors(&self) -> &[ServerError] {
        &self.0.errors
    }

    /// Whether time ran out.
    pub fn timed_out(&self) -> bool {
        self.0.errors.iter().any(timed_out)
    }

    /// As JSON, on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| r#"{"errors":[]}"#.to_owned())
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.never_ran() {
            map.serialize_entry("data", &self.0.data)?;
        }
        if !self.0.errors.is_empty() {
            map.serialize_entry("errors", &self.0.errors)?;
        }
        if !self.0.extensions.is_empty() {
            map.serialize_entry("extensions", &self.0.extensions)?;
        }
        map.end()
    }
}

fn timed_out(error: &ServerError) -> bool {
    let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    matches!(code, Some(Value::String(code)) if code == "TIMEOUT")
}

const fn kind_name(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}
