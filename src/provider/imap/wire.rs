//! Commands out, replies in. Commands are written here, past the client library, which would log them; it reads.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::guard::{Guard, Limits, Stopped};
use super::reply::{self, Answer, Code, Kind, Reply};
use crate::net;
use crate::provider::Error;

/// A connection that speaks IMAP.
#[derive(Debug)]
pub(super) struct Wire {
    client: async_imap::Client<Guard<net::Stream>>,
    limits: Limits,
    tags: u32,
    /// The server said BYE; what follows is the end.
    said_goodbye: bool,
}

/// The tag of a command under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag(String);

impl Wire {
    pub(super) fn new(stream: net::Stream, limits: Limits) -> Self {
        let client = async_imap::Client::new(Guard::new(stream, limits));
        Self { client, limits, tags: 0, said_goodbye: false }
    }

    pub(super) fn stream(&self) -> &net::Stream {
        self.client.get_ref().get_ref()
    }

    /// The connection itself, without anything that was read too far.
    pub(super) fn into_stream(self) -> net::Stream {
        self.client.into_inner().into_inner()
    }

    pub(super) fn set_silence(&mut self, silence: Duration) {
        self.limits.silence = silence;
        self.client.get_mut().set_silence(silence);
    }

    /// Gives back what a connection does not need that mostly waits.
    pub(super) fn rest(&mut self) {
        self.client.get_mut().rest();
    }

    /// Sends a command without waiting for its answer. It must not hold line ends.
    pub(super) async fn send(&mut self, command: &str) -> Result<Tag, Error> {
        self.tags += 1;
        let tag = format!("m{}", self.tags);
        self.write(format!("{tag} {command}\r\n").as_bytes()).await?;
        Ok(Tag(tag))
    }

    /// Sends bytes as they are.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let silence = self.limits.silence;
        let stream = self.client.get_mut();
        let sent = tokio::time::timeout(silence, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        });
        sent.await.map_err(|_| Error::Silent { after: silence })?.map_err(|error| self.lost(&error))
    }

    /// The next reply.
    pub(super) async fn next(&mut self) -> Result<Reply, Error> {
        let response = match self.client.read_response().await {
            Ok(Some(response)) => response,
            Ok(None) if self.said_goodbye => return Err(Error::Goodbye),
            Ok(None) => return Err(Error::Closed { midway: false }),
            Err(error) => return Err(self.lost(&error)),
        };
        let (mut reply, body) = reply::read(response.parsed(), response.borrow_owner());
        if let (Reply::Fetch(item), Some(place)) = (&mut reply, body) {
            let whole = response.into_owner();
            item.body = Some(Some(if place.len() * 2 > whole.capacity() && place.end <= whole.len() {
                whole.freeze().slice(place)
            } else {
                bytes::Bytes::copy_from_slice(whole.get(place).unwrap_or_default())
            }));
        }
        if let Reply::Status(answer) = &reply {
            if answer.kind == Kind::Bye {
                self.said_goodbye = true;
                if let Some(after) = answer.back_off {
                    return Err(Error::Throttled { after: (!after.is_zero()).then_some(after) });
                }
            }
            if answer.code == Code::Named("ALERT".to_owned()) {
                tracing::warn!("the mail server sent an alert for the administrator of the mailbox");
            }
        }
        Ok(reply)
    }

    /// Sends a command and hears all of its answer. `hear` is given every untagged reply.
    pub(super) async fn ask(&mut self, command: &str, mut hear: impl FnMut(Reply)) -> Result<Answer, Error> {
        let tag = self.send(command).await?;
        loop {
            match self.next().await? {
                Reply::Done { tag: of, answer } if tag.is(&of) => return Ok(answer),
                Reply::Done { .. } => {}
                reply => hear(reply),
            }
        }
    }

    fn lost(&self, error: &io::Error) -> Error {
        let stopped = error.get_ref().and_then(|inner| inner.downcast_ref::<Stopped>());
        match (stopped, error.kind()) {
            (Some(Stopped::Line(limit)), _) => Error::TooLong { what: "a line", limit: *limit as u64 },
            (Some(Stopped::Literal(limit)), _) => Error::TooLong { what: "a message", limit: *limit },
            (Some(Stopped::Silence(after)), _) => Error::Silent { after: *after },
            _ if self.said_goodbye => Error::Goodbye,
            (Some(Stopped::Cut), _) => Error::Closed { midway: true },
            // The library's word for something that it can't parse; its text holds the server's.
            (None, io::ErrorKind::Other) => {
                Error::Malformed { what: "not IMAP, or not as the standard says" }
            }
            (None, _) => Error::Closed { midway: false },
        }
    }
}

impl Tag {
    pub(super) fn is(&self, tag: &str) -> bool {
        self.0 == tag
    }
}
