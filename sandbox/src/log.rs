//! What was asked of late: kept for tests, and as a table for people. A watcher sees each exchange whole.

mod exchange;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State as Shared};
use axum::http::Response;
use axum::middleware::Next;
use chrono::{DateTime, Utc};

use crate::graph::caller::Caller;
use crate::state::State;
pub use exchange::{Exchange, Seen, Watcher};

/// So many requests are kept.
const KEPT: usize = 2_000;
/// So much of a path is shown.
const SHOWN: usize = 64;

/// One request.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// When it came, by the sandbox's clock.
    pub at: DateTime<Utc>,
    /// Who asked; None of a token request, and where the token was refused.
    pub tenant: Option<uuid::Uuid>,
    /// Their app.
    pub app: Option<uuid::Uuid>,
    /// The method.
    pub method: String,
    /// The path and its query.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// How long it took until the answer began, in milliseconds.
    pub ms: u64,
    /// The length of the answer, where it is known.
    pub bytes: Option<u64>,
}

type Printer = Arc<dyn Fn(&Line) + Send + Sync>;

/// The requests of late. Clones share them.
#[derive(Clone, Default)]
pub struct RequestLog {
    kept: Arc<Mutex<Kept>>,
    watcher: Arc<OnceLock<Watcher>>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Line>,
    printer: Option<Printer>,
}

impl fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLog").field("lines", &self.lock().lines.len()).finish_non_exhaustive()
    }
}

impl RequestLog {
    /// Has each further request shown as it is answered.
    pub fn show(&self, printer: impl Fn(&Line) + Send + Sync + 'static) {
        self.lock().printer = Some(Arc::new(printer));
    }

    /// Has each further exchange, and what goes out to receivers of notifications, seen as it happens; for tests. The
    /// first who watches stays the only one; false for any other. As long as nobody does, no body is kept.
    pub fn watch(&self, watcher: impl Fn(Seen<'_>) + Send + Sync + 'static) -> bool {
        self.watcher.set(Watcher::new(watcher)).is_ok()
    }

    /// Who watches.
    pub fn watcher(&self) -> Option<&Watcher> {
        self.watcher.get()
    }

    /// Writes a line.
    pub fn push(&self, line: Line) {
        let mut kept = self.lock();
        if kept.lines.len() >= KEPT {
            kept.lines.pop_front();
        }
        kept.lines.push_back(line.clone());
        let printer = kept.printer.clone();
        drop(kept);
        if let Some(print) = printer {
            print(&line);
        }
    }

    /// The last so many requests, oldest first.
    pub fn last(&self, count: usize) -> Vec<Line> {
        let kept = self.lock();
        kept.lines.iter().skip(kept.lines.len().saturating_sub(count)).cloned().collect()
    }

    /// Forgets them.
    pub fn clear(&self) {
        self.lock().lines.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// The names of a row's columns.
    pub const HEADER: &str = "time      app       method  status     took         size  path";

    /// A row of the table; in colours where they are shown.
    pub fn row(&self, coloured: bool) -> String {
        let colour = match self.status {
            200..300 => "32",
            300..400 => "36",
            429 => "35",
            400..500 => "33",
            _ => "31",
        };
        let status = match coloured {
            true => format!("\x1b[{colour}m{}\x1b[0m", self.status),
            false => self.status.to_string(),
        };
        let app = self.app.map_or("-".to_owned(), |app| app.to_string().chars().take(8).collect());
        let bytes = self.bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        format!(
            "{}  {app:<8}  {:<6}  {status}  {:>6} ms  {bytes:>9} B  {}",
            self.at.format("%H:%M:%S"),
            self.method,
            self.ms,
            shortened(&self.path),
        )
    }
}

/// Long segments are ids: their beginning and end tell them apart.
fn shortened(path: &str) -> String {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let shorten = |text: &str, most: usize| match text.chars().count() {
        count if count <= most => text.to_owned(),
        count => {
            let begin: String = text.chars().take(6).collect();
            let end: String = text.chars().skip(count - 6).collect();
            format!("{begin}…{end}")
        }
    };
    let path = path.split('/').map(|segment| shorten(segment, 40)).collect::<Vec<_>>().join("/");
    let room = SHOWN.saturating_sub(path.chars().count()).max(16);
    query.map_or(path.clone(), |query| {
        let shown: String = query.chars().take(room).collect();
        let more = if shown.len() < query.len() { "…" } else { "" };
        format!("{path}?{shown}{more}")
    })
}

/// Writes a line for each request. It lies around everything; who asked is read from the answer's extensions.
pub async fn around(Shared(state): Shared<State>, request: Request, next: Next) -> Response<Body> {
    let (at, begin) = (state.clock.now(), Instant::now());
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let response = match state.log.watcher() {
        None => next.run(request).await,
        Some(watcher) => {
            let (request, body) = Watcher::request(request).await;
            let asked = (request.method().clone(), path.clone(), body);
            watcher.answer(asked, next.run(request).await).await
        }
    };
    let caller = response.extensions().get::<Caller>();
    state.log.push(Line {
        at,
        tenant: caller.map(|caller| caller.tenant),
        app: caller.map(|caller| caller.app),
        method,
        path,
        status: response.status().as_u16(),
        ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        bytes: response.body().size_hint().exact().or_else(|| announced(&response)),
    });
    response
}

fn announced(response: &Response<Body>) -> Option<u64> {
    response.headers().get("content-length")?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, status: u16) -> Line {
        Line {
            at: DateTime::UNIX_EPOCH,
            tenant: None,
            app: None,
            method: "GET".to_owned(),
            path: path.to_owned(),
            status,
            ms: 3,
            bytes: Some(120),
        }
    }

    #[test]
    fn a_row_is_short_and_coloured_where_colours_are_shown() {
        let id = "AAMkADEw".repeat(20);
        let row = line(&format!("/v1.0/users/a@x/messages/{id}?$select=id"), 200).row(false);
        assert_eq!(
            row,
            "00:00:00  -         GET     200       3 ms        120 B  \
             /v1.0/users/a@x/messages/AAMkAD…MkADEw?$select=id"
        );
        assert!(line("/", 503).row(true).contains("\x1b[31m503\x1b[0m"));
    }

    #[test]
    fn the_last_requests_are_kept_and_shown() {
        let log = RequestLog::default();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&shown);
        log.show(move |line| seen.lock().unwrap().push(line.status));
        for status in 0..KEPT as u16 + 3 {
            log.push(line("/", status));
        }
        assert_eq!(log.last(usize::MAX).len(), KEPT);
        assert_eq!(log.last(2).iter().map(|line| line.status).collect::<Vec<_>>(), [2_001, 2_002]);
        assert_eq!(shown.lock().unwrap().len(), KEPT + 3);
    }
}
