//! When the process is killed, and how.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::service::Service;

/// How often each kill point is struck.
pub const ROUNDS: usize = 4;
/// By `std::process::abort`, as a kill point does.
const ABORTED: i32 = 6;

/// One end of the process.
pub enum Kill {
    /// At a kill point, the n-th time that it is passed.
    Point { name: String, passed: usize },
    /// So long after the start, from outside.
    After(Duration),
}

/// Every kill point in turn, and random moments between; at least 100 on each database.
pub fn plan() -> Vec<Kill> {
    let wanted = std::env::var_os("MAILROOM_CRASH_KILLS")
        .map_or(100, |kills| kills.to_string_lossy().parse::<usize>().expect("a number of kills"));
    let points = points();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut kills = Vec::new();
    while kills.len() < wanted.max(2 * ROUNDS * points.len()) {
        for name in &points {
            let once_a_run =
                name.starts_with("run.") || name.starts_with("purge.") || name.starts_with("blob.");
            let passed = if once_a_run { 0 } else { random.below(3) };
            kills.push(Kill::Point { name: name.clone(), passed });
            kills.push(Kill::After(Duration::from_millis(random.below(1800) as u64)));
        }
    }
    kills
}

/// The names of the kill points that mail passes as it is taken in.
pub fn points() -> Vec<String> {
    let mut names = all_points();
    names
        .retain(|name| !["reprocess.", "credential.", "unread."].iter().any(|other| name.starts_with(other)));
    names
}

/// The names of the kill points that begin so.
pub fn points_of(beginning: &str) -> Vec<String> {
    let mut names = all_points();
    names.retain(|name| name.starts_with(beginning));
    names
}

/// The names of all kill points, as the source has them.
fn all_points() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = Vec::new();
    for entry in walkdir::WalkDir::new(source).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.path().extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        names.extend(
            text.split("kill::point(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())),
        );
    }
    assert!(names.len() >= 10, "kill points: {names:?}");
    names
}

impl Kill {
    /// Whether it can only happen when a big message is taken in.
    pub fn wants_big(&self) -> bool {
        matches!(self, Self::Point { name, .. } if name.starts_with("blob."))
    }

    /// Starts the service and kills it; the kill point that ended it, if one did.
    pub async fn strike(&self, service: &mut Service) -> Option<&str> {
        match self {
            Self::After(time) => {
                service.spawn(&[]);
                tokio::time::sleep(*time).await;
                assert_eq!(service.ended(), None, "it does not end by itself:\n{}", service.log());
                service.kill();
                None
            }
            Self::Point { name, passed } => {
                service.spawn(&[("FAILPOINTS", &format!("{name}={passed}*off->return"))]);
                let deadline = Instant::now() + Duration::from_secs(10);
                while Instant::now() < deadline {
                    if let Some(signal) = service.ended() {
                        assert_eq!(signal, ABORTED, "it ends at {name} only:\n{}", service.log());
                        return Some(name);
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                service.kill();
                None
            }
        }
    }
}

/// Numbers that are the same each time (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
