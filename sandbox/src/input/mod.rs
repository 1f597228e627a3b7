//! Mail that comes in: from files, made up, by SMTP.
//!
//! | file | holds |
//! |---|---|
//! | `files` | .eml files, mbox, Maildir |
//! | `mbox` | one mbox, taken apart |
//! | `generate`, `phrases`, `compose` | believable company mail |
//! | `drip` | some of it every few seconds |
//! | `remote` | into a sandbox that runs elsewhere |
//! | `smtp` | a server that takes mail for the mailboxes |

mod compose;
pub mod drip;
pub mod files;
pub mod generate;
pub mod mbox;
mod phrases;
pub mod remote;
pub mod smtp;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::mime;
use crate::state::State;
use crate::world::{Mailbox, MessageKey, Standing, Tenant};

/// Mail on its way into a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mail {
    /// As it is, with CRLF.
    pub raw: Bytes,
    /// When it arrived; now, where that is None.
    pub received: Option<DateTime<Utc>>,
    /// Whether someone read it.
    pub is_read: bool,
}

/// Why something did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// Nobody has that address.
    #[error("no mailbox has the address {0}")]
    NoMailbox(String),
    /// The mailbox has no such folder.
    #[error(
        "the mailbox has no folder '{0}'; give a well-known name such as inbox, or a path such as Inbox/Orders"
    )]
    NoFolder(String),
    /// The mailbox is full.
    #[error("the mailbox is full")]
    Full,
}

/// Puts mail into a folder of the mailbox of that address, in whichever tenant.
pub fn deliver(state: &State, address: &str, folder: &str, mail: Mail) -> Result<MessageKey, Undelivered> {
    let now = state.clock.now();
    let received = mail.received.unwrap_or(now).min(now);
    // Read before the lock is taken.
    let envelope = mime::envelope(&mail.raw);
    let mut world = state.world_mut();
    let mailbox = of_address(&mut world.tenants, address)?;
    if mailbox.standing == Standing::Full {
        return Err(Undelivered::Full);
    }
    let place = self::folder(mailbox, folder).ok_or_else(|| Undelivered::NoFolder(folder.to_owned()))?;
    let key = mailbox
        .deliver(place, envelope, mail.raw, received, now)
        .map_err(|_| Undelivered::NoFolder(folder.to_owned()))?;
    if mail.is_read {
        // Deliveries of the past were read in the past: the change is part of the arrival.
        let _ = mailbox.change(key, now, |message| message.is_read = true);
    }
    Ok(key)
}

fn of_address<'w>(tenants: &'w mut [Tenant], address: &str) -> Result<&'w mut Mailbox, Undelivered> {
    tenants
        .iter_mut()
        .find_map(|tenant| tenant.mailbox_mut(address))
        .ok_or_else(|| Undelivered::NoMailbox(address.to_owned()))
}

/// A folder by its well-known name, its id, or its path of names as they are shown.
pub fn folder(mailbox: &Mailbox, name: &str) -> Option<crate::world::FolderKey> {
    if let Some(folder) = mailbox.well_known(name) {
        return Some(folder.key);
    }
    if let Some(crate::world::Named::Folder(key)) = mailbox.ids().read(name) {
        return mailbox.folder(key).map(|folder| folder.key);
    }
    let mut at = mailbox.well_known("msgfolderroot")?.key;
    for part in name.split('/').filter(|part| !part.is_empty()) {
        let part = part.to_lowercase();
        at = mailbox.children(at).find(|folder| folder.name.to_lowercase() == part)?.key;
    }
    Some(at)
}

/// The same with CRLF at the end of every line, as mail travels.
pub fn with_crlf(raw: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 40);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn mail_arrives_in_the_folder_that_is_named() {
        let state = sample::state();
        let mail = Mail { raw: with_crlf(b"Subject: hi\n\nx\n"), is_read: true, ..Mail::default() };
        let key = deliver(&state, "ADELE@contoso.example", "Sent Items", mail.clone()).unwrap();
        let world = state.world();
        let mailbox = world.tenants[0].mailbox(sample::ADELE).unwrap();
        let message = mailbox.message(key).unwrap();
        assert!(message.is_read && message.envelope.subject.as_deref() == Some("hi"));
        assert_eq!(mailbox.folder(message.folder).unwrap().well_known, Some("sentitems"));
        drop(world);
        let nowhere = deliver(&state, "nobody@x", "inbox", mail.clone()).unwrap_err();
        assert_eq!(nowhere.to_string(), "no mailbox has the address nobody@x");
        let unknown = deliver(&state, sample::BEN, "Inbox/Orders", mail).unwrap_err();
        assert!(unknown.to_string().starts_with("the mailbox has no folder 'Inbox/Orders'"), "{unknown}");
    }
}
