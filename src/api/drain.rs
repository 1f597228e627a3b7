//! Ends what would never end by itself when the process is to stop: event streams.

use axum::Router;
use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

/// Ends the event streams of the routes when `stop` is cancelled; other responses finish.
pub fn streams_end_with(router: Router, stop: &CancellationToken) -> Router {
    let stop = stop.clone();
    router.layer(axum::middleware::map_response(move |response: Response| {
        let stop = stop.clone();
        async move { if is_event_stream(&response) { ending_with(response, stop) } else { response } }
    }))
}

fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

fn ending_with(response: Response, stop: CancellationToken) -> Response {
    let (parts, body) = response.into_parts();
    let frames = body.into_data_stream().take_until(stop.cancelled_owned());
    Response::from_parts(parts, Body::from_stream(frames))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::routing::get;
    use futures::stream;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn an_event_stream_ends_when_the_process_is_to_stop() {
        let endless = || async {
            let events = stream::repeat("data: x\n\n").then(|event| async move {
                tokio::task::yield_now().await;
                Ok::<_, std::io::Error>(event)
            });
            ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events))
        };
        let stop = CancellationToken::new();
        let router = streams_end_with(Router::new().route("/", get(endless)), &stop);
        let request = axum::http::Request::get("/").body(Body::empty()).unwrap();
        let mut body = router.oneshot(request).await.unwrap().into_body().into_data_stream();
        assert!(body.next().await.is_some());
        stop.cancel();
        let rest = tokio::time::timeout(Duration::from_secs(5), body.collect::<Vec<_>>());
        rest.await.unwrap();
    }
}
