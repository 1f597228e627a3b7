//! Answers that come slowly, break off or never come.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, Response};
use futures::{StreamExt as _, stream};

/// So often a slow body gives something, in milliseconds.
const TICK: u64 = 50;

/// Nothing comes: the connection breaks before the first byte.
pub fn cut() -> Response<Body> {
    // The server drops a connection whose body fails before it has sent the head.
    let broken = stream::once(async { Err::<Bytes, _>(broken()) });
    Response::new(Body::from_stream(broken))
}

/// The same answer with the connection broken after so many bytes; its announced length stays.
pub fn truncated(response: Response<Body>, after: usize) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        if length <= after as u64 {
            return Response::from_parts(parts, body);
        }
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let mut left = after;
    let pieces =
        body.into_data_stream().map(|piece| piece.map_err(io::Error::other)).flat_map(move |piece| {
            let pieces = match piece {
                Ok(bytes) if bytes.len() <= left => {
                    left -= bytes.len();
                    vec![Ok(bytes)]
                }
                // A breath between the two, so that the bytes leave before the connection breaks.
                Ok(bytes) => {
                    vec![Ok(bytes.slice(..std::mem::take(&mut left))), Ok(Bytes::new()), Err(broken())]
                }
                Err(error) => vec![Err(error)],
            };
            stream::iter(pieces).then(|piece| async {
                if piece.is_err() {
                    tokio::time::sleep(Duration::from_millis(TICK)).await;
                }
                piece
            })
        });
    Response::from_parts(parts, Body::from_stream(pieces.boxed()))
}

/// The same answer, so many bytes a second.
pub fn slow(response: Response<Body>, bytes_per_second: u64) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let share = usize::try_from((bytes_per_second * TICK / 1_000).max(1)).unwrap_or(usize::MAX);
    let pause = Duration::from_millis((share as u64 * 1_000) / bytes_per_second.max(1));
    let pieces = body.into_data_stream().flat_map(move |piece| {
        let pieces: Vec<_> = match piece {
            Ok(bytes) => (0..bytes.len())
                .step_by(share)
                .map(|from| Ok(bytes.slice(from..bytes.len().min(from.saturating_add(share)))))
                .collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(pieces).then(move |piece| async move {
            tokio::time::sleep(pause).await;
            piece
        })
    });
    Response::from_parts(parts, Body::from_stream(pieces.boxed()))
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the sandbox was told to break this connection")
}
