//! One newtype an id: UUIDv7 inside, so that ids sort by creation; opaque to clients.

use uuid::Uuid;

macro_rules! id {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, later than all before it.
            #[expect(clippy::new_without_default, reason = "an id is made on purpose, never by default")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self(value)
            }
        }

        impl From<$name> for Uuid {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// Of a credential.
    CredentialId,
    /// Of a mailbox.
    MailboxId,
    /// Of a mapping.
    MappingId,
    /// Of a job.
    JobId,
    /// Of a run.
    RunId,
    /// Of a message.
    MessageId,
    /// Of an attachment.
    AttachmentId,
    /// Of a process instance.
    InstanceId,
    /// Of an event; receivers know it by this id.
    EventId,
    /// Of an order to map messages again.
    ReprocessId,
}
