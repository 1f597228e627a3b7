//! Mailboxes: mail accounts that are read and answered from.

mod input;

pub use input::{CreateMailbox, CredentialChoice, ImapInput, ProviderInput, TestMailbox, UpdateMailbox};

use super::permit::ConfigWrite;
use super::{Context, Error, Permit};
use crate::domain::folder::Folder;
use crate::domain::id::MailboxId;
use crate::domain::mailbox::Mailbox;

/// Makes a mailbox, with its new credential and its first job where they are given: all of it or nothing.
pub async fn create(
    _cx: &Context,
    _permit: &Permit<ConfigWrite>,
    _input: CreateMailbox,
) -> Result<Mailbox, Error> {
    Err(Error::NotFound)
}

/// Changes a mailbox.
pub async fn update(
    _cx: &Context,
    _permit: &Permit<ConfigWrite>,
    _input: UpdateMailbox,
) -> Result<Mailbox, Error> {
    Err(Error::NotFound)
}

/// Deletes a mailbox, its jobs and runs. Its messages and instances stay.
pub async fn delete(_cx: &Context, _permit: &Permit<ConfigWrite>, _id: MailboxId) -> Result<(), Error> {
    Err(Error::NotFound)
}

/// Nothing more is done on the mailbox until it is resumed.
pub async fn pause(_cx: &Context, _permit: &Permit<ConfigWrite>, _id: MailboxId) -> Result<Mailbox, Error> {
    Err(Error::NotFound)
}

/// Goes on; one that waits for a person is tried at once.
pub async fn resume(_cx: &Context, _permit: &Permit<ConfigWrite>, _id: MailboxId) -> Result<Mailbox, Error> {
    Err(Error::NotFound)
}

/// The folders at the provider, now.
pub async fn folders(
    _cx: &Context,
    _permit: &Permit<ConfigWrite>,
    _id: MailboxId,
) -> Result<Vec<Folder>, Error> {
    Err(Error::NotFound)
}
