//! The kinds of things that are said of a message.

use async_graphql::Enum;

use crate::domain::{handling, message, parsed};

/// What became of a message.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "message::MessageState")]
pub enum MessageState {
    /// It made or changed a process instance.
    Processed,
    /// The mapping's rules left it aside; the reason says which.
    Ignored,
    /// Something went wrong; the failure says where.
    Failed,
}

/// Where a message failed.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "message::Stage")]
pub enum Stage {
    /// Its bytes could not be had from the provider.
    Fetch,
    /// Its bytes could not be understood.
    Parse,
    /// Its process instance could not be found or told apart.
    Correlate,
    /// The mapping's rules gave no valid instance.
    Map,
    /// It could not be written to the database.
    Store,
}

/// What matched a message to its process instance.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "message::MatchedBy")]
pub enum MatchedBy {
    /// Nothing: it made an instance of its own, or none.
    Nothing,
    /// A reference such as INC-000042 in the subject.
    ReferenceInSubject,
    /// A reference in the text.
    ReferenceInBody,
    /// In-Reply-To or References, in either direction.
    ThreadHeaders,
    /// The provider's conversation.
    Conversation,
    /// A tag in the address it was sent to, e.g. support+INC-000042@example.com.
    RecipientTag,
    /// The business key that the mapping's expression gave.
    KeyExpression,
    /// Another mailbox got the same message.
    SameMessage,
    /// A person linked it.
    ByHand,
}

/// How important the author thinks it.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "parsed::Importance")]
pub enum Importance {
    /// Less than usual.
    Low,
    /// As usual, or not said.
    Normal,
    /// More than usual.
    High,
}

/// Mail that a machine sent, by its headers.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "parsed::AutomaticKind")]
pub enum AutomaticKind {
    /// An out-of-office note or another automatic answer.
    AutoReply,
    /// A message about one that could not be delivered.
    Bounce,
    /// Mail to many.
    Bulk,
    /// Mail by way of a mailing list.
    MailingList,
    /// Our own mail, come back.
    Loop,
}

/// How it was forwarded, if it was.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "parsed::ForwardingKind")]
pub enum ForwardingKind {
    /// It was not, as far as was recognised.
    None,
    /// By a server or a redirecting person: headers such as X-Forwarded-For or Resent-From say so.
    Headers,
    /// With the original attached.
    Attached,
    /// With the original inline.
    Inline,
    /// By its subject or by a rule, with neither headers nor an original from which its author could be told.
    TextOnly,
}

/// What is odd about the content of a message.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "parsed::Oddity")]
pub enum Oddity {
    /// Exchange gave a stub in place of the message: it could not be had over IMAP or POP3.
    RetrievalStub,
    /// Its attachments are within a winmail.dat (TNEF), which Outlook made.
    Winmail,
    /// An invitation to a meeting, an answer to one, or its cancellation.
    Calendar,
    /// Signed with S/MIME; the signature is not checked.
    SmimeSigned,
    /// Encrypted with S/MIME; it is kept as it is.
    SmimeEncrypted,
    /// Signed with OpenPGP; the signature is not checked.
    PgpSigned,
    /// Encrypted with OpenPGP; it is kept as it is.
    PgpEncrypted,
    /// It has neither text nor attachments.
    Empty,
}

/// How far a disposition has come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "handling::DispositionState")]
pub enum DispositionState {
    /// Nothing is to be done.
    None,
    /// It waits, or was not confirmed by the provider yet.
    Pending,
    /// The provider confirmed it, or there was nothing left to do: the note says why.
    Done,
    /// A person gave it up.
    Cancelled,
    /// The provider refused it for good.
    Failed,
}
