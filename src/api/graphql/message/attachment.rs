//! An attachment, as clients see it.

use async_graphql::{Context, ID, Object};

use super::MessageLoader;
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::domain::message;
use crate::service::file;

/// A part of a message that is not its own text.
pub struct Attachment {
    attachment: message::Attachment,
    /// Whether the raw message is kept, where that is known already.
    has_raw: Option<bool>,
}

impl Attachment {
    /// Of a message that was loaded.
    pub const fn of(attachment: message::Attachment, message: &message::Message) -> Self {
        Self { attachment, has_raw: Some(message.has_raw) }
    }
}

/// A part of a message that is not its own text.
#[Object]
impl Attachment {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.attachment.id)
    }

    /// As the sender named it; made up from its type where the sender did not.
    async fn filename(&self) -> &str {
        &self.attachment.filename
    }

    /// As the sender declared it, in lower case and without parameters.
    async fn content_type(&self) -> &str {
        &self.attachment.content_type
    }

    /// Decoded bytes.
    async fn size(&self) -> i32 {
        i32::try_from(self.attachment.size).unwrap_or(i32::MAX)
    }

    /// Whether it is shown within the text, as images are.
    async fn inline(&self) -> bool {
        self.attachment.inline
    }

    /// What the message's HTML calls it, without angle brackets.
    async fn content_id(&self) -> Option<&str> {
        self.attachment.content_id.as_deref()
    }

    /// Hex SHA-256 of the decoded bytes.
    async fn sha256(&self) -> String {
        hex::encode(self.attachment.sha256)
    }

    /// Short-lived signed URL; answers with Content-Disposition: attachment. null past its retention.
    async fn url(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        self.link(ctx).await.transpose()
    }
}

impl Attachment {
    async fn link(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let has_raw = match self.has_raw {
            Some(has_raw) => has_raw,
            None => {
                let message = loader::load::<MessageLoader, _>(ctx, self.attachment.message_id).await?;
                message.is_some_and(|message| message.has_raw)
            }
        };
        let permit = ctx.permit()?;
        let services = ctx.services()?;
        Ok(has_raw.then(|| file::attachment_link(services, &permit, &self.attachment)))
    }
}

impl From<message::Attachment> for Attachment {
    fn from(attachment: message::Attachment) -> Self {
        Self { attachment, has_raw: None }
    }
}
