//! Wake-ups between the processes on one PostgreSQL. What is told is that rows are to be looked at, so that a wake-up
//! that is lost, doubled or false does no harm.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::wake::Wake;
use crate::db::notify::{Listener, notify};
use crate::db::{self, Database};

/// Wake-ups closer than this are told as one.
const GATHER: Duration = Duration::from_millis(20);
/// How long the echo of a test may take.
const ECHO: Duration = Duration::from_secs(5);
/// How often it is tested that what is told is heard.
const TEST: Duration = Duration::from_secs(60);
/// Between two attempts to listen.
const RETRY: Duration = Duration::from_secs(5);

/// Passes wake-ups on, until `stop`.
pub struct Bell {
    /// What is told goes through here.
    pub db: Database,
    /// What is heard comes from here: past a pooler in transaction mode.
    pub listen_url: SecretString,
    /// This process's.
    pub wake: Wake,
}

/// Why nothing is heard.
enum Deaf {
    Database(db::Error),
    /// LISTEN was taken, and what is told never comes.
    NoEcho,
}

impl Deaf {
    fn say(&self) {
        match self {
            Self::Database(error) => tracing::warn!(
                error = error as &dyn std::error::Error,
                "wake-ups of other processes are not heard: work is found by polling"
            ),
            Self::NoEcho => tracing::warn!(
                "LISTEN is accepted but nothing is heard, so work is found by polling: a pooler in transaction mode is \
                 between. Set database.listen_url to the PostgreSQL server itself."
            ),
        }
    }
}

impl Bell {
    /// Tells and hears.
    pub async fn run(self, stop: CancellationToken) {
        // Tells this process's own wake-ups from the others'.
        let own = Uuid::now_v7().to_string();
        let ends = async {
            tokio::join!(self.tell(&own), self.hear(&own));
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = ends => {}
        }
    }

    async fn tell(&self, own: &str) {
        loop {
            self.wake.to_be_passed_on().await;
            if let Err(error) = notify(&self.db, own).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "other processes could not be woken: they look by themselves at their next poll"
                );
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    async fn hear(&self, own: &str) {
        let mut was_said = false;
        loop {
            let deaf = match Listener::connect(&self.listen_url).await {
                Ok(mut listener) => self.listen(own, &mut listener, &mut was_said).await,
                Err(error) => Deaf::Database(error),
            };
            metrics::gauge!("mailroom_listening").set(0.0);
            // Said once, until something is heard again.
            if !std::mem::replace(&mut was_said, true) {
                deaf.say();
            }
            tokio::time::sleep(if matches!(deaf, Deaf::NoEcho) { TEST } else { RETRY }).await;
        }
    }

    /// Rings for what others tell; ends when nothing is heard any more.
    async fn listen(&self, own: &str, listener: &mut Listener, was_said: &mut bool) -> Deaf {
        let mut is_heard = false;
        loop {
            let test = format!("{own} {}", Uuid::now_v7());
            if let Err(error) = notify(&self.db, &test).await {
                return Deaf::Database(error);
            }
            let asked = Instant::now();
            let mut echoed = false;
            let next_test = asked + TEST;
            while Instant::now() < next_test {
                let until = if echoed { next_test } else { asked + ECHO };
                let text = match tokio::time::timeout_at(until, listener.next()).await {
                    Ok(Ok(Some(text))) => text,
                    Ok(Ok(None)) => {
                        // Something may have been told while nobody heard.
                        self.wake.ring_here();
                        break;
                    }
                    Ok(Err(error)) => return Deaf::Database(error),
                    Err(_elapsed) if echoed => break,
                    Err(_elapsed) => return Deaf::NoEcho,
                };
                if text == test {
                    echoed = true;
                    *was_said = false;
                    metrics::gauge!("mailroom_listening").set(1.0);
                    if !std::mem::replace(&mut is_heard, true) {
                        tracing::info!("wake-ups of other processes are heard");
                        self.wake.ring_here();
                    }
                } else if !text.starts_with(own) && !text.contains(' ') {
                    self.wake.ring_here();
                }
            }
        }
    }
}
