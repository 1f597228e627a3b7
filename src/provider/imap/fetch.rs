//! Fetching raw messages: many in one command, streamed one by one; big ones in parts.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::reply::{Answer, Item, Kind, Reply};
use super::uids;
use super::wire::{Tag, Wire};
use crate::provider::{Error, Extent, FetchOutcome, Fetched, Wanted};

/// A bigger message is fetched in parts: the parser keeps each response whole.
const WHOLE_BYTES: u64 = 8 * 1024 * 1024;
/// Servers that rebuild messages at each request (Exchange) are slow with small parts.
const PART_BYTES: usize = 2 * 1024 * 1024;
/// Of a message that is over the limit, no more header than this is read.
const HEADER_BYTES: usize = 1024 * 1024;
/// No message is taken that turns out to be bigger, whatever its size was listed as.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;
/// Messages asked for by one command.
const SET: usize = 500;
/// Commands under way at once, so that the server never waits for us.
const AHEAD: usize = 2;

/// What is asked for by one command.
#[derive(Debug)]
enum Request {
    /// Whole messages, or only their headers.
    Set { set: String, uids: Vec<u32>, header_only: bool },
    /// One message, part by part.
    Parts { uid: u32 },
}

/// A command under way.
struct Asked {
    tag: Tag,
    unanswered: HashSet<u32>,
    header_only: bool,
}

/// A fetch under way.
pub(super) struct Fetching<'a> {
    wire: &'a mut Wire,
    requests: VecDeque<Request>,
    asked: VecDeque<Asked>,
    ready: VecDeque<Fetched>,
    /// Answered with NIL: vanished, or unreadable.
    doubtful: Vec<u32>,
}

impl<'a> Fetching<'a> {
    /// Prepares to fetch from the folder that is open.
    pub(super) fn new(wire: &'a mut Wire, wanted: &[Wanted]) -> Self {
        let (mut whole, mut headers, mut big) = (Vec::new(), Vec::new(), Vec::new());
        let mut ready = VecDeque::new();
        for one in wanted {
            match (uids::uid(&one.source_id), one.extent) {
                (None, _) => {
                    ready
                        .push_back(Fetched { source_id: one.source_id.clone(), outcome: FetchOutcome::Gone });
                }
                (Some(uid), Extent::HeaderOnly) => headers.push(uid),
                // A size of nothing is no size: such a server doesn't know it.
                (Some(uid), Extent::Whole) if one.size > WHOLE_BYTES || one.size == 0 => big.push(uid),
                (Some(uid), Extent::Whole) => whole.push(uid),
            }
        }
        let sets = |uids: &[u32], header_only| {
            uids::sets(uids, SET).into_iter().map(move |(set, uids)| Request::Set { set, uids, header_only })
        };
        let requests = sets(&whole, false)
            .chain(sets(&headers, true))
            .chain(big.into_iter().map(|uid| Request::Parts { uid }))
            .collect();
        Self { wire, requests, asked: VecDeque::new(), ready, doubtful: Vec::new() }
    }

    /// The next message; None when all were told of.
    pub(super) async fn next(&mut self) -> Result<Option<Fetched>, Error> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            self.ask_ahead().await?;
            if self.asked.is_empty() {
                match self.requests.pop_front() {
                    Some(Request::Parts { uid }) => match self.in_parts(uid).await? {
                        Some(outcome) => return Ok(Some(fetched(uid, outcome))),
                        None => self.doubtful.push(uid),
                    },
                    Some(set) => self.requests.push_front(set),
                    None if self.doubtful.is_empty() => return Ok(None),
                    None => self.resolve_doubts().await?,
                }
                continue;
            }
            match self.wire.next().await? {
                Reply::Fetch(Item { uid: Some(uid), body: Some(body), .. })
                    if self.asked.iter_mut().any(|asked| asked.unanswered.remove(&uid)) =>
                {
                    match body {
                        Some(raw) => return Ok(Some(fetched(uid, FetchOutcome::Raw(raw)))),
                        None => self.doubtful.push(uid),
                    }
                }
                Reply::Done { tag, answer } => self.ended(&tag, &answer),
                _ => {}
            }
        }
    }

    async fn ask_ahead(&mut self) -> Result<(), Error> {
        while self.asked.len() < AHEAD {
            let Some(Request::Set { .. }) = self.requests.front() else { return Ok(()) };
            let Some(Request::Set { set, uids, header_only }) = self.requests.pop_front() else {
                return Ok(());
            };
            let what = if header_only {
                format!("BODY.PEEK[HEADER]<0.{HEADER_BYTES}>")
            } else {
                "BODY.PEEK[]".to_owned()
            };
            let tag = self.wire.send(&format!("UID FETCH {set} (UID {what})")).await?;
            self.asked.push_back(Asked { tag, unanswered: uids.into_iter().collect(), header_only });
        }
        Ok(())
    }

    /// What has no answer when its command is done vanished; or, if the command was refused, it is asked for
    /// alone, so that one message which the server can't read does not hold up the others.
    fn ended(&mut self, tag: &str, answer: &Answer) {
        let Some(at) = self.asked.iter().position(|asked| asked.tag.is(tag)) else { return };
        let Some(Asked { unanswered, header_only, .. }) = self.asked.remove(at) else { return };
        let alone = unanswered.len() == 1;
        for uid in unanswered {
            if answer.kind == Kind::Ok || (alone && answer.name() == "EXPUNGEISSUED") {
                self.ready.push_back(fetched(uid, FetchOutcome::Gone));
            } else if alone {
                self.ready.push_back(fetched(uid, refused(answer)));
            } else {
                let set = uid.to_string();
                self.requests.push_front(Request::Set { set, uids: vec![uid], header_only });
            }
        }
    }

    /// Lets the server notice what others removed (Dovecot says NIL until then), and looks who is still there.
    async fn resolve_doubts(&mut self) -> Result<(), Error> {
        self.wire.ask("NOOP", |_| {}).await?;
        let doubtful = std::mem::take(&mut self.doubtful);
        let mut present = HashSet::new();
        for (set, _) in uids::sets(&doubtful, SET) {
            self.wire
                .ask(&format!("UID FETCH {set} (UID)"), |reply| {
                    if let Reply::Fetch(Item { uid: Some(uid), .. }) = reply {
                        present.insert(uid);
                    }
                })
                .await?;
        }
        for uid in doubtful {
            let outcome = if present.contains(&uid) { not_there() } else { FetchOutcome::Gone };
            self.ready.push_back(fetched(uid, outcome));
        }
        Ok(())
    }

    /// One message, part by part; None if the server says NIL.
    async fn in_parts(&mut self, uid: u32) -> Result<Option<FetchOutcome>, Error> {
        let mut whole = BytesMut::new();
        loop {
            let command = format!("UID FETCH {uid} (UID BODY.PEEK[]<{}.{PART_BYTES}>)", whole.len());
            let mut part: Option<Option<Bytes>> = None;
            let answer = self
                .wire
                .ask(&command, |reply| {
                    if let Reply::Fetch(Item { uid: Some(of), body: Some(body), .. }) = reply
                        && of == uid
                    {
                        part = Some(body);
                    }
                })
                .await?;
            let part = match part {
                _ if answer.kind != Kind::Ok && answer.name() == "EXPUNGEISSUED" => {
                    return Ok(Some(FetchOutcome::Gone));
                }
                _ if answer.kind != Kind::Ok => return Ok(Some(refused(&answer))),
                None => return Ok(Some(FetchOutcome::Gone)),
                Some(None) if whole.is_empty() => return Ok(None),
                // Beyond the end some servers say NIL.
                Some(None) => return Ok(Some(FetchOutcome::Raw(whole.freeze()))),
                Some(Some(part)) => part,
            };
            let ends = part.len() < PART_BYTES;
            if ends && whole.is_empty() {
                return Ok(Some(FetchOutcome::Raw(part)));
            }
            whole.extend_from_slice(&part);
            if ends {
                return Ok(Some(FetchOutcome::Raw(whole.freeze())));
            }
            if whole.len() as u64 > MOST_BYTES {
                let error = Error::TooLong { what: "a message", limit: MOST_BYTES };
                return Ok(Some(FetchOutcome::Refused(Arc::new(error))));
            }
        }
    }
}

fn fetched(uid: u32, outcome: FetchOutcome) -> Fetched {
    Fetched { source_id: uid.to_string(), outcome }
}

fn refused(answer: &Answer) -> FetchOutcome {
    FetchOutcome::Refused(Arc::new(answer.error("to send the message")))
}

fn not_there() -> FetchOutcome {
    FetchOutcome::Refused(Arc::new(Error::Malformed { what: "NIL where a message's bytes belong" }))
}
