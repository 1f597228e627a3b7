//! From raw bytes to drafts: parsed, mapped as far as the message alone tells, compressed. Pure but for big blobs.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::fetch::{Arrived, Batch};
use super::{Assignment, Error, Tools, kill};
use crate::blob::BlobKey;
use crate::db::intake::IntakeRow;
use crate::db::store::RawPlace;
use crate::domain::fault::{Fault, FaultCode};
use crate::domain::id::MessageId;
use crate::domain::mapping::{Parsed, Treated};
use crate::domain::message::{Failed, Stage};
use crate::domain::parsed::{Oddity, ParsedMessage};
use crate::mail;
use crate::provider::{Extent, FetchOutcome};

/// Compression of raw messages: fast, and mail is text.
const ZSTD_LEVEL: i32 = 3;

/// A batch, ready for its transaction. Holds the memory of the batch it was made from.
pub(super) struct Drafts {
    /// In the order of arrival.
    pub(super) items: Vec<Draft>,
    /// Lines whose message vanished before it was fetched.
    pub(super) gone: Vec<IntakeRow>,
    /// Lines that are to be tried again later.
    pub(super) later: Vec<IntakeRow>,
    _batch: Batch,
}

/// A message about to be stored.
pub(super) struct Draft {
    /// Its line of the ledger.
    pub(super) row: IntakeRow,
    /// The id it will have.
    pub(super) id: MessageId,
    /// Where its raw bytes are.
    pub(super) raw: RawPlace,
    /// Raw bytes.
    pub(super) size: i64,
    /// What it says; None where it could not be read.
    pub(super) parsed: Option<Box<ParsedMessage>>,
    /// What the mapping made of it by itself.
    pub(super) treated: Option<Box<Treated>>,
    /// Why it can't be processed.
    pub(super) failed: Option<Failed>,
}

/// Parses a batch, away from the threads that wait for the network.
pub(super) async fn parse(tools: &Tools, assignment: &Assignment, batch: Batch) -> Result<Drafts, Error> {
    let (tools2, assignment2) = (tools.clone(), assignment.clone());
    let work = tokio::task::spawn_blocking(move || drafts(&tools2, &assignment2, batch));
    let (mut drafts, big) = match work.await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    };
    for (at, content) in big {
        let Some(draft) = drafts.items.get_mut(at) else { continue };
        let key = BlobKey::of(assignment.mailbox.id, draft.id);
        tools.blobs.put(&key, content).await?;
        kill::point("blob.uploaded");
        draft.raw = RawPlace::Blob(key.as_str().to_owned());
    }
    Ok(drafts)
}

/// The drafts, and by place the raw bytes that are too big for the database.
fn drafts(tools: &Tools, assignment: &Assignment, mut batch: Batch) -> (Drafts, Vec<(usize, Bytes)>) {
    let arrived = std::mem::take(&mut batch.items);
    let mut drafts = Drafts {
        items: Vec::with_capacity(arrived.len()),
        gone: Vec::new(),
        later: Vec::new(),
        _batch: batch,
    };
    let mut big = Vec::new();
    let mut packer = Packer::new();
    for Arrived { row, extent, outcome } in arrived {
        match outcome {
            FetchOutcome::Gone => drafts.gone.push(row),
            FetchOutcome::Refused(_) if row.attempts + 1 < tools.bounds.max_attempts => {
                drafts.later.push(row)
            }
            FetchOutcome::Refused(error) => {
                let fault = error.fault(tools.clock.now());
                let reason =
                    format!("It could not be fetched in {} attempts: {}", row.attempts + 1, fault.message);
                let failed = Failed { stage: Stage::Fetch, reason, fault: Some(fault) };
                drafts.items.push(Draft::unread(row, failed));
            }
            FetchOutcome::Raw(raw) => {
                let small = raw.len() <= tools.bounds.raw_in_database_bytes;
                let packed = if extent == Extent::Whole { packer.pack(&raw) } else { None };
                let mut draft = draft(tools, assignment, row, extent, &raw);
                if draft.is_stub() {
                    if draft.row.attempts + 1 < tools.bounds.max_attempts {
                        drafts.later.push(draft.row);
                        continue;
                    }
                    draft.failed = Some(never_more_than_a_stub(draft.row.attempts + 1, tools.clock.now()));
                    draft.treated = None;
                }
                match packed {
                    Some(packed) if small => draft.raw = RawPlace::Row(packed),
                    Some(packed) => big.push((drafts.items.len(), packed.into())),
                    None => {}
                }
                drafts.items.push(draft);
            }
        }
    }
    (drafts, big)
}

fn draft(tools: &Tools, assignment: &Assignment, row: IntakeRow, extent: Extent, raw: &Bytes) -> Draft {
    let whole = extent == Extent::Whole;
    let listed = row.size;
    let mut draft = Draft {
        id: row.message_id.unwrap_or_else(MessageId::new),
        raw: RawPlace::Nowhere,
        size: if whole { i64::try_from(raw.len()).unwrap_or(i64::MAX) } else { listed },
        parsed: None,
        treated: None,
        failed: None,
        row,
    };
    match mail::parse(raw, &tools.bounds.mail) {
        Ok(mut parsed) => {
            assignment.treatment.compiled.know_own(&mut parsed);
            assignment.treatment.compiled.leave_out(&mut parsed);
            draft.parsed = Some(Box::new(parsed));
        }
        Err(error) => {
            let reason = format!("It can't be read: {error}.");
            draft.failed = Some(Failed { stage: Stage::Parse, reason, fault: None });
        }
    }
    if !whole {
        let reason = format!(
            "It is too big to be taken in: {} bytes, and mail.max_bytes allows {}. Only its header was read.",
            listed, tools.bounds.max_bytes
        );
        draft.failed = Some(Failed { stage: Stage::Fetch, reason, fault: None });
    }
    if let (Some(parsed), None) = (&draft.parsed, &draft.failed) {
        let view = Parsed { message: parsed, received_at: draft.row.arrived_at };
        match assignment.treatment.compiled.treat(&view) {
            Ok(treated) => draft.treated = Some(Box::new(treated)),
            Err(failed) => draft.failed = Some(*failed),
        }
    }
    draft
}

/// A stored message read again from its raw bytes as they are kept.
pub(super) fn again(tools: &Tools, assignment: &Assignment, row: IntakeRow, compressed: &[u8]) -> Draft {
    match zstd::decode_all(compressed) {
        Ok(raw) => draft(tools, assignment, row, Extent::Whole, &raw.into()),
        Err(_) => {
            let reason = "Its raw bytes, as they are kept, can't be unpacked.".to_owned();
            Draft::unread(row, Failed { stage: Stage::Parse, reason, fault: None })
        }
    }
}

/// Makes raw bytes into what is kept. Its memory, over a megabyte, serves a whole batch.
struct Packer(Option<zstd::bulk::Compressor<'static>>);

impl Packer {
    fn new() -> Self {
        Self(zstd::bulk::Compressor::new(ZSTD_LEVEL).ok())
    }

    /// zstd refuses nothing; should it ever, the message is kept without its raw bytes.
    fn pack(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        self.0.as_mut()?.compress(raw).ok()
    }
}

/// Exchange gave a stub in place of the message at every attempt.
fn never_more_than_a_stub(attempts: i32, now: DateTime<Utc>) -> Failed {
    let message = format!(
        "In {attempts} attempts the server gave a stub in place of the message: 'Retrieval … protocol failed'."
    );
    let hint = "Exchange could not convert the message, or an attachment was still being scanned. It is in the mailbox \
                still: open it in Outlook, or forward it to this mailbox as an attachment.";
    let fault = Fault {
        code: FaultCode::InvalidMessage,
        message: message.clone(),
        hint: Some(hint.to_owned()),
        retryable: false,
        provider_code: None,
        request_id: None,
        occurred_at: now,
    };
    Failed { stage: Stage::Fetch, reason: format!("{message} {hint}"), fault: Some(fault) }
}

impl Draft {
    /// Whether it is not the message, but what Exchange gives in its place.
    fn is_stub(&self) -> bool {
        self.parsed.as_ref().is_some_and(|parsed| parsed.oddity == Some(Oddity::RetrievalStub))
    }

    /// Of a message that could not be read: stored from its ids alone.
    pub(super) fn unread(row: IntakeRow, failed: Failed) -> Self {
        Self {
            id: row.message_id.unwrap_or_else(MessageId::new),
            raw: RawPlace::Nowhere,
            size: 0,
            parsed: None,
            treated: None,
            failed: Some(failed),
            row,
        }
    }
}
