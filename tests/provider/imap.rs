//! IMAP against a real Dovecot: the contract, and what only IMAP has.

use std::collections::BTreeMap;

use mailroom::config::NetConfig;
use mailroom::domain::mailbox::{ImapSettings, ProviderSettings, Security};
use mailroom::net::Net;
use mailroom::provider::{self, Login, Provider, Reach};

use super::contract::{self, Fixture};
use crate::harness::dovecot::{self, Dovecot, PASSWORD};
use crate::harness::person::Person;

contract::holds!(Mailbox::of);

/// A mailbox on the shared Dovecot.
pub struct Mailbox {
    user: String,
    server: &'static Dovecot,
}

impl Mailbox {
    fn of(user: &str) -> Self {
        let me = Self { user: user.to_owned(), server: dovecot::shared() };
        me.server.folder(user, "INBOX");
        me
    }

    fn person(&self, folder: &str) -> (Person, String) {
        let mut person = self.server.person(&self.user);
        let name = utf7(folder);
        person.open(&name);
        (person, name)
    }
}

/// Folder names of these tests on the wire.
fn utf7(folder: &str) -> String {
    folder.replace('&', "&-").replace("öß", "&APYA3w-").replace('ä', "&AOQ-")
}

impl Fixture for Mailbox {
    fn provider(&self) -> Box<dyn Provider> {
        connect(self.server, self.server.port, Security::Starttls, &self.user, PASSWORD)
    }

    fn with_password(&self, password: &str) -> Box<dyn Provider> {
        // A user of its own: a wrong password is answered the slower, the more there were.
        connect(self.server, self.server.port, Security::Starttls, &self.user, password)
    }

    fn behind(&self, port: u16) -> Box<dyn Provider> {
        connect(self.server, port, Security::None, &self.user, PASSWORD)
    }

    fn upstream(&self) -> u16 {
        self.server.port
    }

    fn deliver(&self, folder: &str, raw: &[u8]) {
        self.server.deliver(&self.user, &utf7(folder), raw);
    }

    fn renumber(&self, folder: &str) {
        self.server.renumber(&self.user, folder);
    }

    fn take_away(&self, folder: &str, message_id: &str) {
        let (mut person, name) = self.person(folder);
        let at =
            person.message_ids(&name).iter().position(|id| *id == format!("<{message_id}>")).unwrap() + 1;
        person.run(&format!("STORE {at} +FLAGS (\\Deleted)"));
        person.run("EXPUNGE");
    }

    fn seen(&self, folder: &str) -> BTreeMap<String, bool> {
        let (mut person, name) = self.person(folder);
        let ids = person.message_ids(&name);
        let flags = person.flags(&name);
        assert_eq!(ids.len(), flags.len());
        let trim = |id: &str| id.trim_matches(['<', '>']).to_owned();
        let read = |flags: &[String]| flags.iter().any(|flag| flag == "\\Seen");
        let seen: BTreeMap<String, bool> =
            ids.iter().zip(&flags).map(|(id, (_, flags))| (trim(id), read(flags))).collect();
        assert_eq!(seen.len(), ids.len(), "a message is there twice: {ids:?}");
        seen
    }

    fn trash(&self) -> &str {
        "Trash"
    }
}

/// Connections that trust the server's authority, with short time limits.
pub fn net(server: &Dovecot) -> Net {
    Net::new(&NetConfig {
        ca_file: server.certs.ca.clone(),
        connect_timeout_seconds: 3,
        read_timeout_seconds: 1,
        allow: Vec::new(),
    })
    .unwrap()
}

fn connect(server: &Dovecot, port: u16, security: Security, user: &str, password: &str) -> Box<dyn Provider> {
    provider::connect(&settings(port, security), login(user, password), Vec::new(), &Reach::new(net(server)))
        .unwrap()
}

pub fn settings(port: u16, security: Security) -> ProviderSettings {
    ProviderSettings::Imap(ImapSettings { host: "127.0.0.1".to_owned(), port, security, login: None })
}

pub fn login(user: &str, password: &str) -> Login {
    Login::Password { username: user.to_owned(), password: password.to_owned().into() }
}
