//! Fetching raw messages: many in one command, streamed one by one; big ones in parts.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::reply::{Answer, Item, Kind, Reply};
use super::wire::{Tag, Wire};
use super::{MAX_LITERAL_BYTES, uids};
use crate::provider::{Error, Extent, FetchOutcome, Fetched, Wanted};

/// A bigger message is fetched in parts: the parser keeps each response whole.
const WHOLE_BYTES: u64 = 8 * 1024 * 1024;
/// Servers that rebuild messages at each request (Exchange) are slow with small parts.
const PART_BYTES: usize = 2 * 1024 * 1024;
/// Of a message that is over the limit, no more header than this is read.
const HEADER_BYTES: usize = 1024 * 1024;
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
        Self { wire, requests, asked: VecDeque::new(), ready }
    }

    /// The next message; None when all were told of.
    pub(super) async fn next(&mut self) -> Result<Option<Fetched>, Error> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            self.ask_ahead().await?;
            if self.asked.is_empty() {
                let Some(Request::Parts { uid }) = self.requests.pop_front() else { return Ok(None) };
                let outcome = self.in_parts(uid).await?;
                return Ok(Some(fetched(uid, outcome)));
            }
            match self.wire.next().await? {
                Reply::Fetch(Item { uid: Some(uid), body: Some(body), .. }) => {
                    if self.asked.iter_mut().any(|asked| asked.unanswered.remove(&uid)) {
                        return Ok(Some(fetched(uid, body.map_or_else(not_there, FetchOutcome::Raw))));
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

    async fn in_parts(&mut self, uid: u32) -> Result<FetchOutcome, Error> {
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
            match part {
                _ if answer.kind != Kind::Ok && answer.name() == "EXPUNGEISSUED" => {
                    return Ok(FetchOutcome::Gone);
                }
                _ if answer.kind != Kind::Ok => return Ok(refused(&answer)),
                None => return Ok(FetchOutcome::Gone),
                // Beyond the end some servers say NIL, some nothing.
                Some(None) if whole.is_empty() => return Ok(not_there()),
                Some(None) => return Ok(FetchOutcome::Raw(whole.freeze())),
                Some(Some(part)) => {
                    let ends = part.len() < PART_BYTES;
                    if ends && whole.is_empty() {
                        return Ok(FetchOutcome::Raw(part));
                    }
                    whole.extend_from_slice(&part);
                    if ends {
                        return Ok(FetchOutcome::Raw(whole.freeze()));
                    }
                    if whole.len() as u64 > MAX_LITERAL_BYTES * 32 {
                        let error = Error::TooLong { what: "a message", limit: MAX_LITERAL_BYTES * 32 };
                        return Ok(FetchOutcome::Refused(Arc::new(error)));
                    }
                }
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
