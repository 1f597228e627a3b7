//! Hearing of news: IDLE (RFC 2177), renewed before anyone on the way forgets the connection; NOOP where it is absent.

use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::open::Opened;
use super::reply::{Item, Kind, Reply};
use super::wire::{Tag, Wire};
use super::{Imap, ImapSession, Timeouts, login, uids};
use crate::domain::job::Selection;
use crate::domain::watch::Ear;
use crate::provider::{Access, Error, Listen, Listener, Position};

/// Replies taken in at one go: a server that never stops is heard in parts.
const MOST_AT_ONCE: usize = 1000;
/// Of a silence that nothing follows from.
const ANY_LENGTH: Duration = Duration::from_secs(24 * 60 * 60);

#[async_trait]
impl Listen for Imap {
    async fn listen(
        &self,
        folder: &str,
        position: Option<&Position>,
        selection: Selection,
    ) -> Result<Box<dyn Listener>, Error> {
        let addresses = self.resolve().await?;
        let greeted = self.secure(self.begin(&addresses).await?).await?;
        let (wire, capabilities) = login::log_in(greeted, &self.login, &self.settings.host).await?;
        let mut session = self.session(wire, capabilities, Access::Look);
        let opened = session.open(folder).await?;
        let by_flags = selection == Selection::Unread;
        // What became of flags while nobody listened shows in no number.
        let is_news = is_ahead(opened, position) || (by_flags && position.is_some());
        let idles = session.can("IDLE");
        let ImapSession { wire, .. } = session;
        let mut listening = Listening {
            wire,
            times: self.timeouts,
            idles,
            by_flags,
            is_news,
            idling: None,
            until: Instant::now(),
        };
        listening.begin().await?;
        listening.wire.rest();
        Ok(Box::new(listening))
    }
}

/// Whether there is more in the folder than was listed. A server that tells no next UID leaves it open: then there is.
fn is_ahead(opened: &Opened, position: Option<&Position>) -> bool {
    let Some(position) = position else { return false };
    if position.generation != opened.generation() {
        return true;
    }
    match (opened.uid_next, uids::uid(&position.token)) {
        (Some(next), Some(listed)) => next > listed,
        _ => opened.exists > 0,
    }
}

struct Listening {
    wire: Wire,
    times: Timeouts,
    /// Whether the server has IDLE, and goes on idling.
    idles: bool,
    /// Whether changed flags are news.
    by_flags: bool,
    is_news: bool,
    /// The IDLE that the server has agreed to.
    idling: Option<Tag>,
    /// When the server is spoken to again.
    until: Instant,
}

impl Listening {
    /// Waits for the server to agree to an IDLE; goes on without one where it does not.
    async fn begin(&mut self) -> Result<(), Error> {
        self.wire.set_silence(self.times.answer());
        if self.idles {
            let tag = self.wire.send("IDLE").await?;
            loop {
                match self.wire.next().await? {
                    Reply::Continue { .. } => {
                        self.idling = Some(tag);
                        break;
                    }
                    Reply::Done { tag: of, .. } if tag.is(&of) => {
                        self.idles = false;
                        break;
                    }
                    reply => self.hear(&reply)?,
                }
            }
        }
        let wait = if self.idles { early(self.times.renew, jitter()) } else { self.times.noop };
        self.until = Instant::now() + wait;
        // Whoever is asked to be silent may be: `until` is what ends the wait.
        self.wire.set_silence(ANY_LENGTH);
        Ok(())
    }

    /// Shows the server, and everyone on the way, that we are here; and sees that they are.
    async fn renew(&mut self) -> Result<(), Error> {
        self.wire.set_silence(self.times.answer());
        let tag = match self.idling.take() {
            Some(tag) => {
                self.wire.write(b"DONE\r\n").await?;
                tag
            }
            None => self.wire.send("NOOP").await?,
        };
        let answer = loop {
            match self.wire.next().await? {
                Reply::Done { tag: of, answer } if tag.is(&of) => break answer,
                reply => self.hear(&reply)?,
            }
        };
        answer.check("to listen to the folder")?;
        self.begin().await
    }

    fn hear(&mut self, reply: &Reply) -> Result<(), Error> {
        match reply {
            Reply::Exists(count) => self.is_news |= *count > 0,
            Reply::Fetch(Item { flags, .. }) if self.by_flags => {
                let is_seen =
                    |flags: &Vec<String>| flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Seen"));
                self.is_news |= !flags.as_ref().is_some_and(is_seen);
            }
            Reply::Status(answer) if answer.kind == Kind::Bye => return Err(Error::Goodbye),
            // The server has ended the IDLE by itself: one that does so at once would be asked in a loop.
            Reply::Done { tag, .. } if self.idling.as_ref().is_some_and(|idling| idling.is(tag)) => {
                self.idling = None;
                self.idles = false;
                self.until = Instant::now() + self.times.noop;
            }
            _ => {}
        }
        Ok(())
    }
}

#[async_trait]
impl Listener for Listening {
    fn ear(&self) -> Ear {
        if self.idles { Ear::Idle } else { Ear::Noop }
    }

    async fn heard(&mut self) -> Result<(), Error> {
        loop {
            for _ in 0..MOST_AT_ONCE {
                let Some(reply) = self.wire.next().now_or_never() else { break };
                self.hear(&reply?)?;
            }
            if std::mem::take(&mut self.is_news) {
                return Ok(());
            }
            match timeout_at(self.until, self.wire.next()).await {
                Ok(reply) => self.hear(&reply?)?,
                Err(_elapsed) => Box::pin(self.renew()).await?,
            }
        }
    }

    async fn close(mut self: Box<Self>) {
        let close = self.times.close;
        let goodbye = async {
            if self.idling.take().is_some() {
                self.wire.write(b"DONE\r\n").await?;
            }
            self.wire.ask("LOGOUT", |_| {}).await
        };
        let _ = timeout(close, goodbye).await;
    }
}

/// Up to a fifth earlier, so that those that began together don't renew together. `chance` is in 0..1.
fn early(wait: Duration, chance: f64) -> Duration {
    wait.mul_f64(1.0 - chance / 5.0)
}

fn jitter() -> f64 {
    let mut byte = [0u8];
    getrandom::fill(&mut byte).map_or(0.5, |()| f64::from(byte[0]) / 256.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(uid_next: Option<u32>, exists: u32) -> Opened {
        Opened { path: "INBOX".into(), validity: 7, uid_next, exists, read_only: true, permanent_flags: None }
    }

    fn position(generation: &str, token: &str) -> Position {
        Position { generation: generation.to_owned(), token: token.to_owned() }
    }

    #[test]
    fn what_was_not_listed_is_ahead() {
        assert!(!is_ahead(&opened(Some(12), 3), Some(&position("7", "12"))));
        assert!(is_ahead(&opened(Some(13), 3), Some(&position("7", "12"))));
        assert!(is_ahead(&opened(Some(5), 3), Some(&position("6", "12"))), "the folder was renumbered");
        assert!(is_ahead(&opened(None, 3), Some(&position("7", "12"))), "who knows");
        assert!(!is_ahead(&opened(None, 0), Some(&position("7", "12"))));
        assert!(!is_ahead(&opened(Some(13), 3), None), "the first run is due anyway");
    }

    #[test]
    fn renewals_are_spread_and_never_late() {
        let wait = Duration::from_secs(540);
        assert_eq!(early(wait, 0.0), wait);
        assert_eq!(early(wait, 1.0), Duration::from_secs(432));
    }
}
