//! A tenant: its app registrations, who they may be, and what they may do where.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::mailbox::Mailbox;

/// A directory of its own: apps, users, mailboxes.
#[derive(Debug)]
pub struct Tenant {
    /// Its id.
    pub id: Uuid,
    /// Its verified domain, in lower case.
    pub domain: String,
    /// Its apps, by client id.
    pub apps: BTreeMap<Uuid, App>,
    /// Its mailboxes, by the object id of their user.
    pub mailboxes: BTreeMap<Uuid, Mailbox>,
}

impl Tenant {
    /// The mailbox known under that object id, principal name or alias.
    pub fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.mailboxes.values().find(|mailbox| mailbox.is_named(name))
    }

    /// The same, to be changed.
    pub fn mailbox_mut(&mut self, name: &str) -> Option<&mut Mailbox> {
        self.mailboxes.values_mut().find(|mailbox| mailbox.is_named(name))
    }

    /// Whether a token request's tenant names it: by id or by domain.
    pub fn is_named(&self, name: &str) -> bool {
        self.domain.eq_ignore_ascii_case(name) || name.parse() == Ok(self.id)
    }
}

/// An app registration and its service principal.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Its client id.
    pub client_id: Uuid,
    /// The object id of the enterprise app.
    pub object_id: Uuid,
    /// As it is shown.
    pub name: String,
    /// An administrator may switch it off.
    pub disabled: bool,
    /// Its secrets.
    pub secrets: Vec<AppSecret>,
    /// Its certificates.
    pub certificates: Vec<AppCertificate>,
    /// Whose tokens it takes for its own.
    pub federated: Vec<Federated>,
    /// Application permissions that an administrator consented to, such as `Mail.ReadWrite`: for every mailbox.
    pub roles: Vec<String>,
    /// RBAC for Applications: permissions for some mailboxes only; they are never in a token.
    pub scoped: Vec<Scoped>,
}

/// A client secret.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppSecret {
    /// What it is called by; often pasted in place of the value.
    pub id: Uuid,
    /// What a client sends.
    pub value: String,
    /// From then on it is refused.
    pub expires: DateTime<Utc>,
}

/// A certificate of an app.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppCertificate {
    /// As it was uploaded.
    pub der: Vec<u8>,
    /// Its public key, as PEM.
    pub public_key_pem: String,
    /// From then on it is refused.
    pub expires: DateTime<Utc>,
}

/// A federated identity credential: the three are compared exactly.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Federated {
    /// Who made the token.
    pub issuer: String,
    /// Whom it is about.
    pub subject: String,
    /// Whom it is for; usually `api://AzureADTokenExchange`.
    pub audience: String,
    /// The issuer's public key, as PEM.
    pub public_key_pem: String,
}

/// A management role assignment with a resource scope.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scoped {
    /// Such as `Mail.ReadWrite`.
    pub role: String,
    /// The mailboxes in its scope.
    pub mailboxes: Vec<Uuid>,
    /// From then on it holds: Exchange takes up to two hours.
    pub since: DateTime<Utc>,
}

impl App {
    /// Whether it may do what that permission allows in that mailbox, with these roles in its token.
    pub fn may(
        &self,
        permission: Permission,
        token_roles: &[String],
        mailbox: Uuid,
        now: DateTime<Utc>,
    ) -> bool {
        let consented = token_roles.iter().any(|role| permission.is_in(role));
        consented
            || self.scoped.iter().any(|scoped| {
                scoped.since <= now && permission.is_in(&scoped.role) && scoped.mailboxes.contains(&mailbox)
            })
    }
}

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Everything but bodies, attachments and bytes.
    ReadBasic,
    /// All of a message.
    Read,
    /// Changing, moving, deleting, drafts.
    Write,
    /// Sending.
    Send,
    /// Names of users.
    Directory,
}

impl Permission {
    /// Whether a role of that name has it.
    pub fn is_in(self, role: &str) -> bool {
        let roles: &[&str] = match self {
            Self::ReadBasic => &["Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite"],
            Self::Read => &["Mail.Read", "Mail.ReadWrite"],
            Self::Write => &["Mail.ReadWrite"],
            Self::Send => &["Mail.Send"],
            Self::Directory => &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"],
        };
        roles.contains(&role)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_scope_opens_its_mailboxes_only_and_not_before_it_holds() {
        let now = DateTime::UNIX_EPOCH;
        let (inside, outside) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let app = App {
            client_id: Uuid::nil(),
            object_id: Uuid::nil(),
            name: "app".to_owned(),
            disabled: false,
            secrets: vec![],
            certificates: vec![],
            federated: vec![],
            roles: vec![],
            scoped: vec![Scoped { role: "Mail.ReadWrite".to_owned(), mailboxes: vec![inside], since: now }],
        };
        assert!(app.may(Permission::Read, &[], inside, now));
        assert!(!app.may(Permission::Read, &[], outside, now));
        assert!(!app.may(Permission::Send, &[], inside, now));
        assert!(!app.may(Permission::Read, &[], inside, now - TimeDelta::hours(1)));
        assert!(app.may(Permission::Read, &["Mail.Read".to_owned()], outside, now));
    }
}
