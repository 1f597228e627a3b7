//! The load: requests over HTTP/1.1 connections that are kept alive, from a thread of its own.
//!
//! No HTTP library: on a small machine its work would be taken from the service's. pgbench does the same for
//! PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cost::thread_cpu_millis;

/// Whom to ask, and as whom.
#[derive(Clone)]
pub struct Target {
    /// `127.0.0.1:8080`
    pub address: String,
    /// A token.
    pub token: String,
}

/// What came of a load.
pub struct Loaded {
    /// Each request's time, shortest first.
    pub times: Vec<Duration>,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Bytes of one answer's body.
    pub bytes: usize,
    /// The CPU time of the load itself, in milliseconds.
    pub cpu_millis: f64,
}

impl Loaded {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }

    /// The time that so many of a hundred requests stayed under, in milliseconds.
    pub fn percentile(&self, of_hundred: usize) -> f64 {
        let at = (self.times.len() * of_hundred / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }
}

/// When a load ends: whichever comes first.
#[derive(Clone, Copy)]
pub struct Until {
    /// So many requests on each connection.
    pub requests: usize,
    /// That time.
    pub elapsed: Duration,
}

/// Asks the same over so many connections; every answer must be a success of the same length as the first.
pub async fn run(target: &Target, body: &str, connections: usize, until: Until) -> Loaded {
    let request: Arc<[u8]> = request(target, body).into();
    let address = target.address.clone();
    let load = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let before = thread_cpu_millis();
        let (times, took, bytes) = runtime.block_on(async {
            let began = Instant::now();
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..connections {
                all.spawn(connection(address.clone(), Arc::clone(&request), until));
            }
            let all = all.join_all().await;
            let bytes = all.first().map_or(0, |(_, bytes)| *bytes);
            let mut times: Vec<Duration> = all.into_iter().flat_map(|(times, _)| times).collect();
            times.sort();
            (times, began.elapsed(), bytes)
        });
        Loaded { times, took, bytes, cpu_millis: thread_cpu_millis() - before }
    };
    tokio::task::spawn_blocking(move || std::thread::spawn(load).join().unwrap()).await.unwrap()
}

fn request(target: &Target, body: &str) -> Vec<u8> {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Accept: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        target.address,
        target.token,
        body.len()
    )
    .into_bytes()
}

async fn connection(address: String, request: Arc<[u8]>, until: Until) -> (Vec<Duration>, usize) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 1 << 20];
    let (mut times, mut length) = (Vec::new(), None);
    let began = Instant::now();
    while times.len() < until.requests && began.elapsed() < until.elapsed {
        let asked = Instant::now();
        stream.write_all(&request).await.unwrap();
        let body = answer(&mut stream, &mut buffer).await;
        times.push(asked.elapsed());
        let first = *length.get_or_insert_with(|| {
            let text = String::from_utf8_lossy(&buffer[body.clone()]).into_owned();
            assert!(text.starts_with("{\"data\":") && !text.contains("\"errors\":"), "{text}");
            body.len()
        });
        assert_eq!(body.len(), first, "every answer is the same");
    }
    (times, length.unwrap_or_default())
}

/// Reads one answer; where its body is in the buffer.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> std::ops::Range<usize> {
    let mut filled = 0;
    let mut body = None;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the connection ended early: {}", String::from_utf8_lossy(&buffer[..filled]));
        filled += read;
        if body.is_none() {
            body = header(&buffer[..filled]);
        }
        if let Some(body) = body.clone().filter(|body| filled >= body.end) {
            return body;
        }
    }
}

/// Where the body is, once the header is complete.
fn header(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..end]).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{}", String::from_utf8_lossy(bytes));
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    Some(end..end + length.expect("a Content-Length"))
}
