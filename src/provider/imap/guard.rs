//! Stands between the socket and the IMAP parser: bounds what the server may send, times its silences, and takes
//! out what the parser would stumble over.
//!
//! The parser keeps a whole response in memory and can't go on after one that it does not know (RFC 3501 lets
//! servers send any untagged data at any time). So lines are looked at here before it sees them; literals pass.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_imap::imap_proto::Response;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

const INPUT_BYTES: usize = 64 * 1024;
/// Of a connection that mostly waits: some lines.
const RESTING_BYTES: usize = 512;

/// How much a server may send at once, and how long it may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of a line.
    pub line: usize,
    /// Bytes of a literal.
    pub literal: u64,
    /// Silence while an answer is awaited.
    pub silence: Duration,
}

/// What the guard stops a connection for; travels inside of an [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    #[error("a line of more than {0} bytes")]
    Line(usize),
    #[error("a literal of more than {0} bytes")]
    Literal(u64),
    #[error("silence of {0:?}")]
    Silence(Duration),
    #[error("cut in the middle of a response")]
    Cut,
}

impl From<Stopped> for io::Error {
    fn from(stopped: Stopped) -> Self {
        Self::other(stopped)
    }
}

/// Reads from the server on the parser's behalf.
pub(super) struct Guard<S> {
    inner: S,
    limits: Limits,
    input: Box<[u8]>,
    /// The part of `input` that was read and not yet looked at.
    fresh: std::ops::Range<usize>,
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// What may go to the parser, and how much of it has gone.
    cleared: (Vec<u8>, usize),
    literal_left: u64,
    /// A literal went before: the line goes on a response, and is no beginning of one.
    continues: bool,
    silence: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<S> fmt::Debug for Guard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl<S> Guard<S> {
    pub(super) fn new(inner: S, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            input: vec![0; INPUT_BYTES].into_boxed_slice(),
            fresh: 0..0,
            line: Vec::new(),
            cleared: (Vec::new(), 0),
            literal_left: 0,
            continues: false,
            silence: Box::pin(tokio::time::sleep(limits.silence)),
            waiting: false,
        }
    }

    pub(super) fn get_ref(&self) -> &S {
        &self.inner
    }

    pub(super) fn set_silence(&mut self, silence: Duration) {
        self.limits.silence = silence;
        self.waiting = false;
    }

    /// Gives back what a connection does not need that mostly waits; what was read stays.
    pub(super) fn rest(&mut self) {
        let fresh = self.input.get(self.fresh.clone()).unwrap_or_default();
        let mut input = vec![0; RESTING_BYTES.max(fresh.len())];
        if let Some(start) = input.get_mut(..fresh.len()) {
            start.copy_from_slice(fresh);
        }
        self.fresh = 0..fresh.len();
        self.input = input.into_boxed_slice();
        self.line.shrink_to_fit();
        self.cleared.0.shrink_to_fit();
    }

    /// The connection itself. What was read and not yet looked at is thrown away (RFC 3501, 6.2.1).
    pub(super) fn into_inner(self) -> S {
        self.inner
    }

    /// Looks at fresh input until a line or a literal's bytes are ready to be handed over.
    fn look(&mut self) -> Result<(), Stopped> {
        while self.cleared.1 == self.cleared.0.len() && self.literal_left == 0 && !self.fresh.is_empty() {
            let bytes = self.input.get(self.fresh.clone()).unwrap_or_default();
            let end = bytes.iter().position(|&b| b == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(bytes.len());
            self.line.extend_from_slice(bytes.get(..taken).unwrap_or_default());
            self.fresh.start += taken;
            if self.line.len() > self.limits.line {
                return Err(Stopped::Line(self.limits.line));
            }
            if end.is_some() {
                self.end_line()?;
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), Stopped> {
        if !self.line.ends_with(b"\r\n") {
            self.line.pop();
            self.line.extend_from_slice(b"\r\n");
        }
        if let Some(length) = literal_length(&self.line) {
            if length > self.limits.literal {
                return Err(Stopped::Literal(self.limits.literal));
            }
            self.literal_left = length;
        }
        let whole = self.literal_left == 0 && !self.continues;
        self.continues = self.literal_left > 0;
        make_harmless(&mut self.line);
        if whole && self.line.starts_with(b"* ") && Response::parse(&self.line).is_err() {
            tracing::debug!(bytes = self.line.len(), "left out an untagged response of an unknown kind");
            self.line.clear();
            return Ok(());
        }
        self.cleared = (std::mem::take(&mut self.line), 0);
        Ok(())
    }

    fn hand_over(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let (cleared, gone) = &mut self.cleared;
        if let Some(rest) = cleared.get(*gone..).filter(|rest| !rest.is_empty()) {
            let part = rest.get(..rest.len().min(buf.remaining())).unwrap_or_default();
            buf.put_slice(part);
            *gone += part.len();
            if *gone == cleared.len() {
                // The line's buffer is used again.
                self.line = std::mem::take(cleared);
                self.line.clear();
                *gone = 0;
            }
            return true;
        }
        let most = usize::try_from(self.literal_left).unwrap_or(usize::MAX).min(buf.remaining());
        let bytes = self.input.get(self.fresh.clone()).unwrap_or_default();
        let part = bytes.get(..bytes.len().min(most)).unwrap_or_default();
        buf.put_slice(part);
        self.fresh.start += part.len();
        self.literal_left -= part.len() as u64;
        !part.is_empty()
    }
}

/// The length that a line's end announces: `{4711}` (RFC 3501, 4.3), or `{4711+}` from servers that err.
fn literal_length(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}\r\n")?;
    let digits = inside.get(inside.iter().rposition(|&b| b == b'{')? + 1..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The parser can't take NUL, nor 8-bit characters in the text of a status response; and a flag that is not UTF-8
/// would cost us all flags of the message.
fn make_harmless(line: &mut [u8]) {
    let second = line.split(|&b| b == b' ').nth(1).unwrap_or_default();
    let is_status = [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"]
        .iter()
        .any(|word| second.trim_ascii_end().eq_ignore_ascii_case(word));
    let only_ascii = is_status || std::str::from_utf8(line).is_err();
    for byte in line {
        if *byte == 0 || (only_ascii && !byte.is_ascii()) {
            *byte = b'?';
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        loop {
            me.look()?;
            if me.hand_over(buf) {
                return Poll::Ready(Ok(()));
            }
            let mut input = ReadBuf::new(&mut me.input);
            match Pin::new(&mut me.inner).poll_read(cx, &mut input) {
                Poll::Ready(result) => {
                    me.waiting = false;
                    result?;
                    me.fresh = 0..input.filled().len();
                    if me.fresh.is_empty() {
                        let midway = me.literal_left > 0 || me.continues || !me.line.is_empty();
                        return Poll::Ready(if midway { Err(Stopped::Cut.into()) } else { Ok(()) });
                    }
                }
                Poll::Pending => {
                    if !me.waiting {
                        me.waiting = true;
                        me.silence.as_mut().reset(Instant::now() + me.limits.silence);
                    }
                    ready!(me.silence.as_mut().poll(cx));
                    me.waiting = false;
                    return Poll::Ready(Err(Stopped::Silence(me.limits.silence).into()));
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    const LIMITS: Limits = Limits { line: 100, literal: 1000, silence: Duration::from_secs(5) };

    async fn through(input: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Guard::new(input, LIMITS).read_to_end(&mut out).await.map(|_| out)
    }

    fn stopped(error: &io::Error) -> Option<Stopped> {
        error.get_ref()?.downcast_ref().copied()
    }

    #[tokio::test]
    async fn lines_and_literals_pass_unchanged() {
        let input = b"* 1 FETCH (UID 7 BODY[] {11}\r\n* XYZZY\r\n\x00\xff)\r\na1 OK done\r\n";
        assert_eq!(through(input).await.unwrap(), input);
    }

    #[tokio::test]
    async fn what_was_read_stays_when_the_buffer_is_given_back() {
        let lines = b"a1 OK done\r\n".repeat(100);
        let mut guard = Guard::new(&lines[..], LIMITS);
        let mut out = vec![0; 12];
        guard.read_exact(&mut out).await.unwrap();
        guard.rest();
        assert_eq!(guard.input.len(), lines.len() - 12, "what is left");
        guard.read_to_end(&mut out).await.unwrap();
        assert_eq!(out, lines);

        let mut empty = Guard::new(&b""[..], LIMITS);
        empty.rest();
        assert_eq!(empty.input.len(), RESTING_BYTES);
    }

    #[tokio::test]
    async fn an_untagged_response_of_an_unknown_kind_is_left_out() {
        let input = b"* XYZZY what is this\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL\r\na1 OK done\r\n";
        assert_eq!(through(input).await.unwrap(), b"a1 OK done\r\n");
    }

    #[tokio::test]
    async fn a_bare_line_feed_ends_a_line_too() {
        assert_eq!(through(b"a1 OK done\n").await.unwrap(), b"a1 OK done\r\n");
    }

    #[tokio::test]
    async fn eight_bit_text_after_a_code_does_not_reach_the_parser() {
        let out = through("a1 OK [ALERT]é\r\n".as_bytes()).await.unwrap();
        assert_eq!(out, b"a1 OK [ALERT]??\r\n");
        assert!(Response::parse(&out).is_ok());
    }

    #[tokio::test]
    async fn a_line_over_the_limit_stops_the_connection() {
        let error = through(&[b'x'; 101]).await.unwrap_err();
        assert_eq!(stopped(&error), Some(Stopped::Line(100)));
    }

    #[tokio::test]
    async fn a_literal_over_the_limit_stops_the_connection_before_it_is_read() {
        let error = through(b"* 1 FETCH (BODY[] {1001}\r\n").await.unwrap_err();
        assert_eq!(stopped(&error), Some(Stopped::Literal(1000)));
    }

    #[tokio::test]
    async fn an_end_in_the_middle_of_a_literal_is_told_from_a_clean_one() {
        let error = through(b"* 1 FETCH (BODY[] {10}\r\nabc").await.unwrap_err();
        assert_eq!(stopped(&error), Some(Stopped::Cut));
        assert_eq!(through(b"").await.unwrap(), b"");
    }

    #[tokio::test]
    async fn silence_while_an_answer_is_awaited_stops_the_connection() {
        let (_server, client) = tokio::io::duplex(64);
        let limits = Limits { silence: Duration::from_millis(20), ..LIMITS };
        let error = Guard::new(client, limits).read_u8().await.unwrap_err();
        assert_eq!(stopped(&error), Some(Stopped::Silence(limits.silence)));
    }
}
