//! Wake-ups between processes on one PostgreSQL.

use std::time::{Duration, Instant};

use mailroom::event::bell::Bell;
use mailroom::event::wake::Wake;
use tokio_util::sync::CancellationToken;

use crate::harness::database::{Fresh, at, on_postgres};

/// A process: its wake-ups, passed on and heard.
async fn process(url: &str, stop: &CancellationToken) -> Wake {
    let Fresh { database: db, .. } = at(url).await;
    let wake = Wake::default();
    let mut ear = wake.listen();
    let bell = Bell { db, listen_url: url.into(), wake: wake.clone() };
    tokio::spawn(bell.run(stop.clone()));
    // It looks once it has heard itself: what was told before was missed.
    tokio::time::timeout(Duration::from_secs(20), ear.rung()).await.expect("it hears itself");
    wake
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_is_heard_by_the_other_processes_at_once() {
    let fresh = on_postgres().await;
    let stop = CancellationToken::new();
    let (one, other) = (process(&fresh.url, &stop).await, process(&fresh.url, &stop).await);
    for (from, to) in [(&one, &other), (&other, &one)] {
        let mut ear = to.listen();
        let told = Instant::now();
        from.ring();
        tokio::time::timeout(Duration::from_secs(5), ear.rung()).await.expect("it is heard");
        assert!(told.elapsed() < Duration::from_secs(1), "only after {:?}", told.elapsed());
    }
    stop.cancel();
}
