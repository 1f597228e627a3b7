//! A mailbox and everything that can happen to its messages. Whatever changes is written to the folders' logs.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::changes::Change;
use super::folder::{Folder, HIDDEN, WELL_KNOWN};
use super::ids::{FolderKey, IdKind, MessageKey, Named, Writer};
use super::message::{Content, Draft, Envelope, Flag, Message, Origin};

/// Whether a mailbox can be reached, and how it is refused if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It can.
    #[default]
    Enabled,
    /// No licence, a guest, or hosted on-premises: 404 MailboxNotEnabledForRESTAPI.
    NotEnabled,
    /// Being moved to another server: 503 ErrorMailboxMoveInProgress.
    Moving,
    /// Full: what stores is refused with 507.
    Full,
}

/// One line of what happened, for notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// Where.
    pub folder: FolderKey,
    /// To which message.
    pub message: MessageKey,
    /// How often that had moved.
    pub moves: u32,
    /// What.
    pub change: Change,
}

/// The mailbox of a user, or a shared one.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mailbox {
    /// The object id of its user.
    pub id: Uuid,
    /// The user principal name, in lower case.
    pub address: String,
    /// Other addresses of it, in lower case.
    pub aliases: Vec<String>,
    /// As it is shown.
    pub name: String,
    /// Whether nobody signs in to it.
    pub shared: bool,
    /// Whether it can be reached.
    pub standing: Standing,
    /// Whether mutable ids have `+` and `/` in them.
    pub awkward_ids: bool,
    pub(super) folders: BTreeMap<FolderKey, Folder>,
    #[serde(skip)]
    pub(super) messages: HashMap<MessageKey, Message>,
    pub(super) threads: HashMap<String, Uuid>,
    pub(super) next_folder: u32,
    pub(super) next_message: u64,
    #[serde(skip)]
    happened: Vec<Happened>,
}

/// Why something can't be done to a folder or message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// 404 ErrorItemNotFound.
    #[error("there is no such message")]
    NoMessage,
    /// 404 ErrorFolderNotFound.
    #[error("there is no such folder")]
    NoFolder,
    /// 409 ErrorFolderExists.
    #[error("a folder of that name is there already")]
    NameTaken,
    /// 400 ErrorInvalidRequest.
    #[error("that folder can't be changed")]
    Distinguished,
}

impl Mailbox {
    /// A new one, with the folders that every mailbox has.
    pub fn new(id: Uuid, address: &str, name: &str) -> Self {
        let mut mailbox = Self {
            id,
            address: address.to_lowercase(),
            aliases: Vec::new(),
            name: name.to_owned(),
            shared: false,
            standing: Standing::Enabled,
            awkward_ids: false,
            folders: BTreeMap::new(),
            messages: HashMap::new(),
            threads: HashMap::new(),
            next_folder: 1,
            next_message: 1,
            happened: Vec::new(),
        };
        for (well_known, shown, parent) in WELL_KNOWN {
            let parent = mailbox.well_known(parent).map(|folder| folder.key);
            let key = mailbox.insert_folder(parent, shown, HIDDEN.contains(&well_known));
            if let Some(folder) = mailbox.folders.get_mut(&key) {
                folder.well_known = Some(well_known);
            }
        }
        mailbox
    }

    /// Whether it is known under that object id, principal name or alias.
    pub fn is_named(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.address == name || self.id.to_string() == name || self.aliases.contains(&name)
    }

    /// How its ids are written and read.
    pub const fn ids(&self) -> Writer {
        Writer { mailbox: self.id, awkward: self.awkward_ids }
    }

    /// The id of a message, of that kind.
    pub fn id_of(&self, message: &Message, kind: IdKind) -> String {
        self.ids().message(kind, message.key, message.moves)
    }

    /// A message by its number.
    pub fn message(&self, key: MessageKey) -> Option<&Message> {
        self.messages.get(&key)
    }

    /// All messages, in no order.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    /// The message that an id names now: a mutable one names it until it moves.
    pub fn named(&self, id: Named) -> Option<&Message> {
        match id {
            Named::Immutable(key) => self.messages.get(&key),
            Named::Mutable(key, moves) => self.messages.get(&key).filter(|message| message.moves == moves),
            Named::Folder(_) => None,
        }
    }

    /// What happened since this was asked last.
    pub fn take_happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    /// Puts a message into a folder, as if it arrived then.
    pub fn deliver(
        &mut self,
        folder: FolderKey,
        envelope: Envelope,
        raw: Bytes,
        received: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<MessageKey, Refused> {
        self.insert(folder, envelope, Content::Mime(raw), Origin::Received, received, now)
    }

    /// Begins a draft.
    pub fn begin_draft(
        &mut self,
        folder: FolderKey,
        envelope: Envelope,
        draft: Draft,
        now: DateTime<Utc>,
    ) -> Result<MessageKey, Refused> {
        self.insert(folder, envelope, Content::Draft(Box::new(draft)), Origin::Draft, now, now)
    }

    /// Begins a draft that came whole.
    pub fn begin_mime_draft(
        &mut self,
        folder: FolderKey,
        envelope: Envelope,
        raw: Bytes,
        now: DateTime<Utc>,
    ) -> Result<MessageKey, Refused> {
        self.insert(folder, envelope, Content::Mime(raw), Origin::Draft, now, now)
    }

    /// Keeps what the mailbox sent.
    pub fn keep_sent(
        &mut self,
        folder: FolderKey,
        envelope: Envelope,
        raw: Bytes,
        now: DateTime<Utc>,
    ) -> Result<MessageKey, Refused> {
        let key = self.insert(folder, envelope, Content::Mime(raw), Origin::Sent, now, now)?;
        self.set_read(key, true);
        Ok(key)
    }

    /// Changes a message; it is another version afterwards.
    pub fn change(
        &mut self,
        key: MessageKey,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Message),
    ) -> Result<(), Refused> {
        let message = self.messages.get_mut(&key).ok_or(Refused::NoMessage)?;
        let was_read = message.is_read;
        change(message);
        message.version += 1;
        message.modified = now;
        let is_read = std::mem::replace(&mut message.is_read, was_read);
        self.set_read(key, is_read);
        self.tell(key, Change::Updated);
        Ok(())
    }

    /// Moves a message. Its mutable id is another one afterwards, even where it was there already.
    pub fn move_to(&mut self, key: MessageKey, to: FolderKey, now: DateTime<Utc>) -> Result<(), Refused> {
        self.folders.get(&to).ok_or(Refused::NoFolder)?;
        self.messages.get(&key).ok_or(Refused::NoMessage)?;
        self.tell(key, Change::Deleted);
        self.leave(key);
        if let Some(message) = self.messages.get_mut(&key) {
            message.folder = to;
            message.moves += 1;
            message.version += 1;
            message.modified = now;
        }
        self.enter(key);
        self.tell(key, Change::Created);
        Ok(())
    }

    /// Makes a copy: another message, with other ids.
    pub fn copy_to(
        &mut self,
        key: MessageKey,
        to: FolderKey,
        now: DateTime<Utc>,
    ) -> Result<MessageKey, Refused> {
        self.folders.get(&to).ok_or(Refused::NoFolder)?;
        let message = self.messages.get(&key).ok_or(Refused::NoMessage)?;
        let copy = Message {
            key: MessageKey(self.next_message),
            folder: to,
            moves: 0,
            created: now,
            modified: now,
            ..message.clone()
        };
        let key = copy.key;
        self.next_message += 1;
        self.messages.insert(key, copy);
        self.enter(key);
        self.tell(key, Change::Created);
        Ok(key)
    }

    /// Takes a message away for good.
    pub fn remove(&mut self, key: MessageKey) -> Result<(), Refused> {
        self.messages.get(&key).ok_or(Refused::NoMessage)?;
        self.tell(key, Change::Deleted);
        self.leave(key);
        self.messages.remove(&key);
        Ok(())
    }

    fn insert(
        &mut self,
        folder: FolderKey,
        envelope: Envelope,
        content: Content,
        origin: Origin,
        received: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<MessageKey, Refused> {
        self.folders.get(&folder).ok_or(Refused::NoFolder)?;
        let key = MessageKey(self.next_message);
        self.next_message += 1;
        let (conversation, conversation_index) = self.conversation(&envelope, key, received);
        let message = Message {
            key,
            folder,
            moves: 0,
            version: 1,
            envelope,
            content,
            origin,
            received,
            created: now,
            modified: now,
            is_read: origin == Origin::Draft,
            flag: Flag::default(),
            categories: Vec::new(),
            focused: true,
            conversation,
            conversation_index,
        };
        self.messages.insert(key, message);
        self.enter(key);
        self.tell(key, Change::Created);
        Ok(key)
    }

    /// The conversation of the message that it answers, or a new one.
    fn conversation(&mut self, envelope: &Envelope, key: MessageKey, at: DateTime<Utc>) -> (Uuid, Vec<u8>) {
        let before = envelope.in_reply_to.iter().chain(envelope.references.iter().rev());
        let known = before.filter_map(|id| self.threads.get(id)).next().copied();
        let conversation = known.unwrap_or_else(|| Uuid::new_v5(&self.id, &key.0.to_be_bytes()));
        if let Some(id) = &envelope.internet_message_id {
            self.threads.insert(id.clone(), conversation);
        }
        let mut index = vec![1];
        index.extend_from_slice(at.timestamp().to_be_bytes().get(3..).unwrap_or_default());
        index.extend_from_slice(conversation.as_bytes());
        if known.is_some() {
            index.extend_from_slice(at.timestamp().to_be_bytes().get(3..).unwrap_or_default());
        }
        (conversation, index)
    }

    fn set_read(&mut self, key: MessageKey, is_read: bool) {
        let Some(message) = self.messages.get_mut(&key) else { return };
        let was_read = std::mem::replace(&mut message.is_read, is_read);
        if let Some(folder) = self.folders.get_mut(&message.folder) {
            match (was_read, is_read) {
                (false, true) => folder.unread = folder.unread.saturating_sub(1),
                (true, false) => folder.unread += 1,
                _ => {}
            }
        }
    }

    pub(super) fn enter(&mut self, key: MessageKey) {
        let Some(message) = self.messages.get(&key) else { return };
        if let Some(folder) = self.folders.get_mut(&message.folder) {
            folder.messages.insert((message.received, key));
            folder.unread += usize::from(!message.is_read);
        }
    }

    pub(super) fn leave(&mut self, key: MessageKey) {
        let Some(message) = self.messages.get(&key) else { return };
        if let Some(folder) = self.folders.get_mut(&message.folder) {
            folder.messages.remove(&(message.received, key));
            folder.unread = folder.unread.saturating_sub(usize::from(!message.is_read));
        }
    }

    pub(super) fn tell(&mut self, key: MessageKey, change: Change) {
        let Some(message) = self.messages.get(&key) else { return };
        let (folder, moves) = (message.folder, message.moves);
        if let Some(folder) = self.folders.get_mut(&folder) {
            folder.changes.push(key, moves, change);
        }
        self.happened.push(Happened { folder, message: key, moves, change });
    }
}
