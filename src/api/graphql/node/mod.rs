//! Global ids: opaque outside; inside, base64url of one byte for the kind and the 16 bytes of a UUID.

mod query;

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

pub use query::{Node, NodeQuery};

use crate::domain::id::{
    AttachmentId, CredentialId, EventId, InstanceId, JobId, MailboxId, MappingId, MessageId, RunId,
};

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $byte:literal of $id:ty),+ $(,)?) => {
        /// What a global id names. The bytes are part of ids that clients keep: never reuse one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Kind { $($(#[$meta])* $kind = $byte),+ }

        impl Kind {
            const fn of(byte: u8) -> Option<Self> {
                match byte { $($byte => Some(Self::$kind),)+ _ => None }
            }
        }

        $(impl Global for $id { const KIND: Kind = Kind::$kind; })+
    };
}

/// An id of the domain that has a global form.
pub trait Global: From<Uuid> + Into<Uuid> + Copy {
    /// What it names.
    const KIND: Kind;
}

kinds! {
    /// A credential.
    Credential = 1 of CredentialId,
    /// A mailbox.
    Mailbox = 2 of MailboxId,
    /// A mapping.
    Mapping = 3 of MappingId,
    /// A job.
    Job = 4 of JobId,
    /// A run.
    Run = 5 of RunId,
    /// A message.
    Message = 6 of MessageId,
    /// An attachment.
    Attachment = 7 of AttachmentId,
    /// A process instance.
    ProcessInstance = 8 of InstanceId,
    /// An event.
    Event = 9 of EventId,
}

/// The global form of an id.
pub fn encode<T: Global>(id: T) -> ID {
    let uuid: Uuid = id.into();
    let mut bytes = [0; 17];
    let (kind, rest) = bytes.split_at_mut(1);
    kind.copy_from_slice(&[T::KIND as u8]);
    rest.copy_from_slice(uuid.as_bytes());
    ID(URL_SAFE_NO_PAD.encode(bytes))
}

/// What a global id names; None where it is none of ours.
pub fn split(id: &str) -> Option<(Kind, Uuid)> {
    let mut bytes = [0; 17];
    // The length is checked here: a longer text does not fit, a shorter one does not fill.
    let written = URL_SAFE_NO_PAD.decode_slice(id, &mut bytes).ok()?;
    let (kind, uuid) = bytes.split_first()?;
    if written != 17 {
        return None;
    }
    Some((Kind::of(*kind)?, Uuid::from_slice(uuid).ok()?))
}

/// The domain's id in a global id; None where it names something else: such an id is unknown.
pub fn decode<T: Global>(id: &str) -> Option<T> {
    split(id).filter(|(kind, _)| *kind == T::KIND).map(|(_, uuid)| uuid.into())
}

/// The id of a filter: None where it names nothing of its kind, so that the filter matches nothing.
pub fn wanted<T: Global>(id: Option<ID>) -> Option<Option<T>> {
    match id {
        None => Some(None),
        Some(id) => decode(&id).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_global_id_gives_back_its_own() {
        let id = MailboxId::new();
        assert_eq!(decode::<MailboxId>(&encode(id)), Some(id));
    }

    #[test]
    fn an_id_of_another_kind_or_an_altered_one_is_unknown() {
        let id = encode(MailboxId::new());
        assert_eq!(decode::<JobId>(&id), None);
        assert_eq!(decode::<MailboxId>(&id[1..]), None);
        assert_eq!(decode::<MailboxId>(&format!("{}AAAA", &*id)), None);
        assert_eq!(decode::<MailboxId>(""), None);
        assert_eq!(decode::<MailboxId>("42"), None);
        assert_eq!(split(&"A".repeat(10_000)), None);
    }
}
