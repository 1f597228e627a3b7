//! A request with its answer, whole, for who watches the log. Bodies are kept only while someone does.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, stream};
use serde_json::Value;

/// A request and its answer as they went over the wire.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The method.
    pub method: Method,
    /// The path as the client wrote it, and its query.
    pub path: String,
    /// The body of the request.
    pub request: Bytes,
    /// The status of the answer.
    pub status: StatusCode,
    /// The fields of the answer.
    pub headers: HeaderMap,
    /// The body of the answer.
    pub body: Bytes,
}

/// What a watcher sees.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'s> {
    /// A client was answered. An answer that breaks off is not seen.
    Answer(&'s Exchange),
    /// The sandbox tells a receiver of notifications something; before it is known whether that was taken.
    Notification {
        /// The receiver's address.
        url: &'s str,
        /// What it is told.
        body: &'s Value,
    },
}

/// Who watches.
#[derive(Clone)]
pub struct Watcher(Arc<dyn Fn(Seen<'_>) + Send + Sync>);

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").finish_non_exhaustive()
    }
}

impl Watcher {
    /// That function.
    pub fn new(watcher: impl Fn(Seen<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(watcher))
    }

    /// Shows it something.
    pub fn see(&self, seen: Seen<'_>) {
        (self.0)(seen);
    }

    /// The same request, and its body.
    pub(super) async fn request(request: Request) -> (Request, Bytes) {
        let (parts, body) = request.into_parts();
        match to_bytes(body, usize::MAX).await {
            Ok(bytes) => (Request::from_parts(parts, Body::from(bytes.clone())), bytes),
            Err(error) => {
                let broken = stream::once(async { Err::<Bytes, _>(error) });
                (Request::from_parts(parts, Body::from_stream(broken)), Bytes::new())
            }
        }
    }

    /// The same answer, which is shown once it is whole.
    pub(super) async fn answer(
        &self,
        (method, path, request): (Method, String, Bytes),
        response: Response<Body>,
    ) -> Response<Body> {
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, parts.headers.clone());
        let exchange = Exchange { method, path, request, status, headers, body: Bytes::new() };
        if body.size_hint().exact().is_some() {
            let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
            self.see(Seen::Answer(&Exchange { body: bytes.clone(), ..exchange }));
            return Response::from_parts(parts, Body::from(bytes));
        }
        let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let announced: Option<usize> = announced.and_then(|length| length.parse().ok());
        let growing = Arc::new(Growing { watcher: self.clone(), exchange, received: Mutex::default() });
        let whole = Arc::clone(&growing);
        let pieces = body.into_data_stream().map(move |piece| {
            if let Ok(bytes) = &piece {
                growing.take(bytes, announced);
            }
            piece
        });
        let end = stream::once(async move {
            whole.end();
            Ok(Bytes::new())
        });
        Response::from_parts(parts, Body::from_stream(pieces.chain(end)))
    }
}

/// An answer that comes piece by piece.
struct Growing {
    watcher: Watcher,
    exchange: Exchange,
    /// None once it was shown.
    received: Mutex<Option<BytesMut>>,
}

impl Growing {
    /// Nobody asks for the end of a body whose length was announced.
    fn take(&self, bytes: &Bytes, announced: Option<usize>) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let all = received.get_or_insert_default();
        all.extend_from_slice(bytes);
        let is_whole = announced == Some(all.len());
        drop(received);
        if is_whole {
            self.end();
        }
    }

    fn end(&self) {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(body) = received {
            self.watcher.see(Seen::Answer(&Exchange { body: body.freeze(), ..self.exchange.clone() }));
        }
    }
}
