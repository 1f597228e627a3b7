//! Links to files: what they name, how long they hold, and their signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::id::{AttachmentId, MessageId};
use crate::domain::message::Attachment;
use crate::service::permit::MailRead;
use crate::service::{Context, Permit};

/// The key ring's sub-key for these links.
const PURPOSE: &str = "files";
/// A link holds for at least this many seconds,
const HOLDS_SECONDS: i64 = 600;
/// and is the same for this many, so that browsers can keep what they fetched.
const STEP_SECONDS: i64 = 300;

/// What a link names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRef {
    /// The raw bytes of a message.
    Raw(MessageId),
    /// The decoded bytes of an attachment.
    Attachment(AttachmentId),
}

impl FileRef {
    /// As links spell its kind.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Raw(_) => "raw",
            Self::Attachment(_) => "attachment",
        }
    }

    /// From the spelling of links; None where there is no such kind.
    pub fn named(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "raw" => Some(Self::Raw(MessageId(id))),
            "attachment" => Some(Self::Attachment(AttachmentId(id))),
            _ => None,
        }
    }

    const fn id(self) -> Uuid {
        match self {
            Self::Raw(id) => id.0,
            Self::Attachment(id) => id.0,
        }
    }
}

/// Why a link was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was made so long ago that it no longer holds.
    #[error("this link has lapsed: ask the API for a new one")]
    Lapsed,
    /// It was not made by us, or was altered.
    #[error("this link was not made here, or was altered: ask the API for one")]
    Forged,
}

/// Proof that a link was ours and still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(FileRef);

impl Ticket {
    /// Checks a link's parts.
    pub fn verify(cx: &Context, file: FileRef, expires: i64, signature: &str) -> Result<Self, Refused> {
        let tag = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refused::Forged)?;
        let signed = signed(file, expires);
        if !cx.keys.derive_all(PURPOSE).iter().any(|key| key.verify(&signed, &tag)) {
            return Err(Refused::Forged);
        }
        if expires <= cx.clock.now().timestamp() {
            return Err(Refused::Lapsed);
        }
        Ok(Self(file))
    }

    /// What it lets its bearer read.
    pub const fn file(self) -> FileRef {
        self.0
    }
}

/// A link to the raw bytes of a message.
pub fn raw_link(cx: &Context, _permit: &Permit<MailRead>, message: MessageId) -> String {
    link(cx, FileRef::Raw(message), "message.eml")
}

/// A link to an attachment.
pub fn attachment_link(cx: &Context, _permit: &Permit<MailRead>, attachment: &Attachment) -> String {
    link(cx, FileRef::Attachment(attachment.id), &attachment.filename)
}

/// The name at the end is for those who look at the link: it is not signed, and not read.
fn link(cx: &Context, file: FileRef, name: &str) -> String {
    let expires = expiry(cx.clock.now());
    let tag = URL_SAFE_NO_PAD.encode(cx.keys.derive(PURPOSE).sign(&signed(file, expires)));
    let (base, kind, id) = (&cx.public_url, file.kind(), file.id());
    format!("{base}/files/{kind}/{id}/{}?expires={expires}&signature={tag}", path_segment(name))
}

fn expiry(now: DateTime<Utc>) -> i64 {
    let least = now.timestamp() + HOLDS_SECONDS;
    least + STEP_SECONDS - least.rem_euclid(STEP_SECONDS)
}

fn signed(file: FileRef, expires: i64) -> Vec<u8> {
    format!("{}\n{}\n{expires}", file.kind(), file.id()).into_bytes()
}

/// Letters, digits and a few signs of a name; browsers and proxies disagree on the rest.
fn path_segment(name: &str) -> String {
    let kept: String =
        name.chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_') { letter } else { '_' }
            })
            .take(80)
            .collect();
    match kept.trim_matches('.') {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_same_for_five_minutes_and_holds_for_ten_more() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        assert_eq!(expiry(at(0)), 900);
        assert_eq!(expiry(at(299)), 900);
        assert_eq!(expiry(at(300)), 1200);
    }

    #[test]
    fn a_name_can_t_leave_its_place_in_the_link() {
        assert_eq!(path_segment("../../étude?x=1&y#z.pdf"), "_..__tude_x_1_y_z.pdf");
        assert_eq!(path_segment(".."), "file");
        assert_eq!(path_segment(&"a".repeat(500)).len(), 80);
    }
}
