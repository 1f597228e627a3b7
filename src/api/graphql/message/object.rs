//! A message, as clients see it.

use async_graphql::{Context, ID, Object};

use super::attachment::Attachment;
use super::details::{DispositionStatus, EmailAddress, Header, Match, MessageFailure};
use super::kinds::{AutomaticKind, ForwardingKind, Importance, MessageState, Oddity};
use super::loader::{AddressesOf, AttachmentsOf, MessageLoader, RawOf, TextsOf};
use crate::api::graphql::instance::{InstanceLoader, ProcessInstance};
use crate::api::graphql::mailbox::{Mailbox, MailboxLoader};
use crate::api::graphql::mapping::{Mapping, MappingLoader};
use crate::api::graphql::run::{Run, RunLoader};
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::db::read::message::MessageKey;
use crate::domain::message::{self, AddressRole};
use crate::service::file;
use crate::service::permit::{ConfigRead, MailRead};

/// A message that was taken in. Its content never changes; its state, match and disposition may, by reprocessing or
/// by hand. One that could not be read has empty texts, size 0 and receivedAt as listed.
///
/// Each field that a page waits for takes as much memory as the biggest one needs: so what is big is boxed.
pub struct Message(pub message::Message);

/// A message that was taken in. Its content never changes; its state, match and disposition may, by reprocessing or
/// by hand. One that could not be read has empty texts, size 0 and receivedAt as listed.
#[Object]
impl Message {
    /// Its globally unique, opaque id.
    pub async fn id(&self) -> ID {
        node::encode(self.0.id)
    }

    /// The mailbox it came to; null once that was deleted.
    async fn mailbox(&self, ctx: &Context<'_>) -> Option<Result<Box<Mailbox>>> {
        let found = loader::load::<MailboxLoader, _>(ctx, self.0.mailbox_id).await;
        found.map(|found| found.map(|it| Box::new(Mailbox(it)))).transpose()
    }

    /// The mapping that treated it; null once that was deleted, and without config:read.
    async fn mapping(&self, ctx: &Context<'_>) -> Option<Result<Box<Mapping>>> {
        ctx.permit::<ConfigRead>().ok()?;
        let found = loader::load::<MappingLoader, _>(ctx, self.0.mapping_id?).await;
        found.map(|found| found.map(|it| Box::new(Mapping(it)))).transpose()
    }

    /// The run that took it in; null once that was deleted, and without jobs:run or config:read.
    async fn run(&self, ctx: &Context<'_>) -> Option<Result<Box<Run>>> {
        let found = loader::load::<RunLoader, _>(ctx, self.0.run_id?).await;
        found.map(|found| found.map(|it| Box::new(Run(it)))).transpose()
    }

    /// The folder it was found in.
    async fn folder(&self) -> &str {
        &self.0.folder
    }

    /// Its id at the provider, as last known: Graph immutable id, EWS item id, IMAP folder, UIDVALIDITY and UID, POP3
    /// UIDL.
    async fn source_id(&self) -> &str {
        &self.0.source_id
    }

    /// Its Message-ID, without angle brackets.
    async fn internet_message_id(&self) -> Option<&str> {
        self.0.internet_message_id.as_deref()
    }

    /// The conversation as the provider names it.
    async fn conversation_id(&self) -> Option<&str> {
        self.0.conversation_id.as_deref()
    }

    /// Decoded.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Whom it says to be from: the first address in From.
    async fn from(&self, ctx: &Context<'_>) -> Option<Result<EmailAddress>> {
        self.first(ctx, AddressRole::From).await.transpose()
    }

    /// Who sent it for them, where that is said.
    async fn sender(&self, ctx: &Context<'_>) -> Option<Result<EmailAddress>> {
        self.first(ctx, AddressRole::Sender).await.transpose()
    }

    /// Where answers are wanted.
    async fn reply_to(&self, ctx: &Context<'_>) -> Result<Vec<EmailAddress>> {
        self.addresses(ctx, AddressRole::ReplyTo).await
    }

    /// Whom it is to.
    async fn to(&self, ctx: &Context<'_>) -> Result<Vec<EmailAddress>> {
        self.addresses(ctx, AddressRole::To).await
    }

    /// Who has a copy.
    async fn cc(&self, ctx: &Context<'_>) -> Result<Vec<EmailAddress>> {
        self.addresses(ctx, AddressRole::Cc).await
    }

    /// What its Date header says.
    async fn sent_at(&self) -> Option<DateTime> {
        self.0.sent_at.map(DateTime)
    }

    /// When the provider received it; POP3: the topmost Received header, else Date, else the fetch.
    async fn received_at(&self) -> DateTime {
        DateTime(self.0.received_at)
    }

    /// When it was stored here.
    async fn ingested_at(&self) -> DateTime {
        DateTime(self.0.ingested_at)
    }

    /// How important the author thinks it.
    async fn importance(&self) -> Importance {
        self.0.importance.into()
    }

    /// Decoded text; made from the HTML where the message has no text part.
    #[graphql(complexity = 2)]
    async fn text(&self, ctx: &Context<'_>) -> Result<String> {
        let texts = loader::load::<MessageLoader, _>(ctx, TextsOf(self.0.id)).await?;
        Ok(texts.map(|texts| texts.text).unwrap_or_default())
    }

    /// The text its author added, without quoted history or signature.
    #[graphql(complexity = 2)]
    async fn new_text(&self, ctx: &Context<'_>) -> Result<String> {
        let texts = loader::load::<MessageLoader, _>(ctx, TextsOf(self.0.id)).await?;
        Ok(texts.map(|texts| texts.new_text).unwrap_or_default())
    }

    /// Sanitised HTML: no scripts, no remote content unless asked for, inline images by signed URL. null where it has
    /// none, or past its retention.
    #[graphql(complexity = 20)]
    async fn html(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Whether images and styles from elsewhere stay in it: the sender may then see who reads it.",
            default
        )]
        allow_remote_content: bool,
    ) -> Option<Result<String>> {
        Box::pin(self.safe_html(ctx, allow_remote_content)).await.transpose()
    }

    /// The first words of the text.
    async fn snippet(&self) -> &str {
        &self.0.snippet
    }

    /// Its header fields, in order; empty past its retention.
    #[graphql(complexity = 10)]
    async fn headers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only fields of these names, in any case; all unless told.")] names: Option<
            Vec<String>,
        >,
    ) -> Result<Vec<Header>> {
        Box::pin(self.header_fields(ctx, names)).await
    }

    /// Its parts that are not its own text, in order.
    #[graphql(complexity = "3 * child_complexity")]
    async fn attachments(&self, ctx: &Context<'_>) -> Result<Vec<Attachment>> {
        let found = self.parts(ctx).await?;
        Ok(found.into_iter().map(|attachment| Attachment::of(attachment, &self.0)).collect())
    }

    /// How it was forwarded, if it was: by headers (X-Forwarded-For/-To, Resent-*), as an attached original, or with
    /// the original inline. NONE as far as was recognised.
    async fn forwarding(&self) -> ForwardingKind {
        self.0.forwarding.into()
    }

    /// The author before it was forwarded, as the forward says: anyone can write that. null where it was not forwarded.
    async fn original_sender(&self, ctx: &Context<'_>) -> Option<Result<EmailAddress>> {
        self.first(ctx, AddressRole::OriginalSender).await.transpose()
    }

    /// Whom it was first written to, as the forward, or a server's Delivered-To or X-Original-To, says: anyone can
    /// write that. null where it is not said.
    async fn original_recipient(&self, ctx: &Context<'_>) -> Option<Result<EmailAddress>> {
        self.first(ctx, AddressRole::OriginalRecipient).await.transpose()
    }

    /// AUTO_REPLY, BOUNCE, BULK… as detected.
    async fn automatic(&self) -> Option<AutomaticKind> {
        self.0.automatic.map(AutomaticKind::from)
    }

    /// What is odd about its content: encrypted, a calendar's, a winmail.dat…; null for ordinary mail.
    async fn oddity(&self) -> Option<Oddity> {
        self.0.oddity.map(Oddity::from)
    }

    /// Why it was taken for automatic or forwarded mail, and what was repaired or left out while it was read and
    /// mapped, in sentences.
    #[graphql(complexity = 2)]
    async fn notes(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let texts = loader::load::<MessageLoader, _>(ctx, TextsOf(self.0.id)).await?;
        Ok(texts.map(|texts| texts.notes).unwrap_or_default())
    }

    /// Raw bytes.
    async fn size(&self) -> i32 {
        i32::try_from(self.0.size).unwrap_or(i32::MAX)
    }

    /// Short-lived signed URL of the raw RFC 5322 message; null where there is none (never fetched, or past its
    /// retention).
    async fn raw_url(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        self.0.has_raw.then(|| Ok(file::raw_link(ctx.services()?, &ctx.permit()?, self.0.id)))
    }

    /// What became of it.
    async fn state(&self) -> MessageState {
        self.0.state.into()
    }

    /// Why it was ignored or failed, in a sentence.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Where and how it failed.
    async fn failure(&self) -> Option<MessageFailure> {
        self.0.failure.clone().map(MessageFailure::from)
    }

    /// How it was matched to its process instance, with the evidence: the header, reference or key that did it.
    #[graphql(name = "match")]
    async fn matched(&self) -> Option<Match> {
        self.0.matched.clone().map(Match::from)
    }

    /// What happens to the original at the provider, and how far that has come.
    async fn disposition(&self) -> DispositionStatus {
        self.0.disposition.clone().into()
    }

    /// The process instance it belongs to.
    async fn process_instance(&self, ctx: &Context<'_>) -> Option<Result<Box<ProcessInstance>>> {
        let found = loader::load::<InstanceLoader, _>(ctx, self.0.instance_id?).await;
        found.map(|found| found.map(|it| Box::new(ProcessInstance(it)))).transpose()
    }
}

impl Message {
    /// Where it stands in lists.
    pub fn key(&self) -> MessageKey {
        MessageKey::of(&self.0)
    }

    async fn addresses(&self, ctx: &Context<'_>, role: AddressRole) -> Result<Vec<EmailAddress>> {
        let found = loader::load::<MessageLoader, _>(ctx, AddressesOf(self.0.id)).await?.unwrap_or_default();
        let of_role = found.iter().filter(|address| address.role == role);
        Ok(of_role.map(|address| EmailAddress::from(address.address.clone())).collect())
    }

    async fn first(&self, ctx: &Context<'_>, role: AddressRole) -> Result<Option<EmailAddress>> {
        Ok(self.addresses(ctx, role).await?.into_iter().next())
    }

    async fn parts(&self, ctx: &Context<'_>) -> Result<Vec<message::Attachment>> {
        if self.0.attachment_count == 0 {
            return Ok(Vec::new());
        }
        Ok(loader::load::<MessageLoader, _>(ctx, AttachmentsOf(self.0.id)).await?.unwrap_or_default())
    }

    async fn header_fields(&self, ctx: &Context<'_>, names: Option<Vec<String>>) -> Result<Vec<Header>> {
        let permit = ctx.permit::<MailRead>()?;
        let Some(raw) = loader::load::<MessageLoader, _>(ctx, RawOf(self.0.id)).await? else {
            return Ok(Vec::new());
        };
        let headers = file::headers(ctx.services()?, &permit, raw).await?;
        let asked = |name: &str| {
            names.as_ref().is_none_or(|names| names.iter().any(|asked| asked.eq_ignore_ascii_case(name)))
        };
        Ok(headers.into_iter().filter(|header| asked(&header.name)).map(Header::from).collect())
    }

    async fn safe_html(&self, ctx: &Context<'_>, allow_remote: bool) -> Result<Option<String>> {
        let permit = ctx.permit::<MailRead>()?;
        let (raw, parts) =
            tokio::join!(loader::load::<MessageLoader, _>(ctx, RawOf(self.0.id)), self.parts(ctx));
        let (Some(raw), parts) = (raw?, parts?) else { return Ok(None) };
        Ok(file::html(ctx.services()?, &permit, raw, &parts, allow_remote).await?)
    }
}
