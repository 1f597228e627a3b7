//! Wake-ups between processes on one PostgreSQL.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mailroom::event::bell::Bell;
use mailroom::event::wake::Wake;
use tokio_util::sync::CancellationToken;

use crate::harness::database::{Fresh, at, on_postgres};
use crate::harness::pgbouncer::PgBouncer;

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

/// It takes the LISTEN and passes nothing on.
#[tokio::test]
async fn behind_a_pooler_in_transaction_mode_it_is_said_that_nothing_is_heard() {
    let fresh = on_postgres().await;
    let pooler = PgBouncer::before(&fresh.url);
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _said = tracing::subscriber::set_default(subscriber);
    let stop = CancellationToken::new();
    let wake = Wake::default();
    let listen_url = pooler.through(&fresh.url).into();
    let bell = Bell { db: fresh.database.clone(), listen_url, wake: wake.clone() };
    tokio::spawn(bell.run(stop.clone()));
    let said = async {
        while !log.text().contains("Set database.listen_url") {
            wake.ring();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), said).await.expect("it is said");
    assert!(!log.text().contains("are heard"), "{}", log.text());
    stop.cancel();
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
