//! The state in a file and back: one JSON line for the sandbox, then one for each tenant, mailbox and message, their
//! bytes in base64.
//!
//! Subscriptions, rules and the requests of late are not in it, and neither is the key of the tokens: clients get new
//! ones.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter};
use std::path::Path;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::state::State;
use crate::switches::Switches;
use crate::world::{App, Mailbox, Message, Tenant, World};

/// Which form of it this is.
const VERSION: u32 = 1;

/// Why a snapshot was not written or is not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be written.
    #[error("the snapshot can't be written to {0}")]
    Write(String, #[source] io::Error),
    /// The file can't be read.
    #[error("the snapshot {0} can't be read")]
    Read(String, #[source] io::Error),
    /// It is something else.
    #[error("{path}, line {line}: is no snapshot of a sandbox")]
    Line {
        /// The file.
        path: String,
        /// The line; 1 is the first.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Of another sandbox than this.
    #[error("{0}: has the form {1}; this sandbox reads form {VERSION}")]
    Version(String, u32),
    /// Lines without what they belong to.
    #[error("{path}, line {line}: belongs to a tenant or mailbox that is not before it")]
    Order {
        /// The file.
        path: String,
        /// The line; 1 is the first.
        line: usize,
    },
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Line {
    #[serde(rename_all = "camelCase")]
    Sandbox {
        version: u32,
        ahead_ms: i64,
        switches: Switches,
    },
    Tenant {
        id: Uuid,
        domain: String,
        apps: Vec<App>,
    },
    Message {
        tenant: Uuid,
        mailbox: Uuid,
        message: Box<Message>,
    },
    Mailbox {
        tenant: Uuid,
        mailbox: serde_json::Value,
    },
}

/// Writes the state to a file: to one beside it first, so that there is a whole one at any time. How many messages.
pub fn save(state: &State, path: &Path) -> Result<usize, Error> {
    let failed = |error| Error::Write(path.display().to_string(), error);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", crate::random::uuid()));
    let written = write(state, Path::new(&beside)).and_then(|count| {
        std::fs::rename(&beside, path)?;
        Ok(count)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(failed)
}

fn write(state: &State, path: &Path) -> io::Result<usize> {
    let mut file = BufWriter::new(File::create(path)?);
    let ahead_ms = state.clock.ahead().num_milliseconds();
    put(&mut file, &Line::Sandbox { version: VERSION, ahead_ms, switches: state.switches() })?;
    let (places, messages) = gathered(state)?;
    for line in &places {
        put(&mut file, line)?;
    }
    let count = messages.len();
    for line in &messages {
        put(&mut file, line)?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(count)
}

/// All of the world at one moment. Messages share their bytes with it, so this is quick.
fn gathered(state: &State) -> io::Result<(Vec<Line>, Vec<Line>)> {
    let (mut places, mut messages) = (Vec::new(), Vec::new());
    let world = state.world();
    for tenant in &world.tenants {
        let apps = tenant.apps.values().cloned().collect();
        places.push(Line::Tenant { id: tenant.id, domain: tenant.domain.clone(), apps });
        for mailbox in tenant.mailboxes.values() {
            places.push(Line::Mailbox { tenant: tenant.id, mailbox: serde_json::to_value(mailbox)? });
            messages.extend(mailbox.messages().map(|message| Line::Message {
                tenant: tenant.id,
                mailbox: mailbox.id,
                message: Box::new(message.clone()),
            }));
        }
    }
    Ok((places, messages))
}

fn put(file: &mut impl io::Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

/// Puts the state of a file in place of what is there; nothing changes where it can't be read. How many messages.
pub fn load(state: &State, path: &Path) -> Result<usize, Error> {
    let name = path.display().to_string();
    let failed = |error| Error::Read(name.clone(), error);
    let file = BufReader::new(File::open(path).map_err(failed)?);
    let mut loaded = Loaded::default();
    for (text, line) in file.lines().zip(1..) {
        let text = text.map_err(failed)?;
        let read =
            serde_json::from_str(&text).map_err(|source| Error::Line { path: name.clone(), line, source })?;
        if let Line::Sandbox { version, .. } = &read
            && *version != VERSION
        {
            return Err(Error::Version(name, *version));
        }
        loaded.take(read).map_err(|refused| match refused {
            Refused::Order => Error::Order { path: name.clone(), line },
            Refused::Mailbox(source) => Error::Line { path: name.clone(), line, source },
        })?;
    }
    let count = loaded.messages;
    if let Some((switches, ahead)) = loaded.sandbox {
        state.switch(|at| *at = switches);
        state.clock.advance(ahead - state.clock.ahead());
    }
    *state.world_mut() = loaded.world;
    Ok(count)
}

#[derive(Default)]
struct Loaded {
    world: World,
    sandbox: Option<(Switches, TimeDelta)>,
    messages: usize,
}

enum Refused {
    Order,
    Mailbox(serde_json::Error),
}

impl Loaded {
    fn take(&mut self, line: Line) -> Result<(), Refused> {
        if self.sandbox.is_none() && !matches!(line, Line::Sandbox { .. }) {
            return Err(Refused::Order);
        }
        match line {
            Line::Sandbox { ahead_ms, switches, .. } => {
                self.sandbox = Some((switches, TimeDelta::milliseconds(ahead_ms)));
            }
            Line::Tenant { id, domain, apps } => {
                let apps = apps.into_iter().map(|app| (app.client_id, app)).collect();
                self.world.tenants.push(Tenant { id, domain, apps, mailboxes: Default::default() });
            }
            Line::Mailbox { tenant, mailbox } => {
                let mailbox: Mailbox = serde_json::from_value(mailbox).map_err(Refused::Mailbox)?;
                let tenant = self.world.tenant_mut(tenant).ok_or(Refused::Order)?;
                tenant.mailboxes.insert(mailbox.id, mailbox);
            }
            Line::Message { tenant, mailbox, message } => {
                let tenant = self.world.tenant_mut(tenant).ok_or(Refused::Order)?;
                let mailbox = tenant.mailboxes.get_mut(&mailbox).ok_or(Refused::Order)?;
                mailbox.put_back(*message);
                self.messages += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::drip::readers;
    use crate::input::generate::Generator;
    use crate::sample;

    fn filled() -> State {
        let state = sample::state();
        let mails = Generator::new(3, readers(&state)).history(40, state.clock.now());
        for (address, mail) in mails {
            crate::input::deliver(&state, &address, "inbox", mail).unwrap();
        }
        state.clock.advance(TimeDelta::hours(5));
        state.switch(|switches| switches.awkward_ids = true);
        state
    }

    fn lines(path: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn what_was_saved_comes_back_and_is_saved_alike() {
        let [first, second] =
            ["a", "b"].map(|name| std::env::temp_dir().join(format!("{name}{}", crate::random::uuid())));
        let state = filled();
        assert_eq!(save(&state, &first).unwrap(), 40);
        let other = State::default();
        assert_eq!(load(&other, &first).unwrap(), 40);
        save(&other, &second).unwrap();
        assert_eq!(lines(&first), lines(&second));
        let (before, after) = (state.world(), other.world());
        for (before, after) in before.tenants[0].mailboxes.values().zip(after.tenants[0].mailboxes.values()) {
            let inbox = |mailbox: &Mailbox| {
                let inbox = mailbox.well_known("inbox").unwrap();
                (inbox.messages.clone(), inbox.unread, inbox.changes.end())
            };
            assert_eq!(inbox(before), inbox(after));
        }
        std::fs::remove_file(first).unwrap();
        std::fs::remove_file(second).unwrap();
    }

    #[test]
    fn a_file_that_is_something_else_changes_nothing() {
        let path = std::env::temp_dir().join(format!("c{}", crate::random::uuid()));
        let state = filled();
        for (text, expected) in [
            ("hello\n", "line 1: is no snapshot of a sandbox"),
            (
                r#"{"kind":"tenant","id":"8a5c0000-1111-4222-8333-000000000001","domain":"x","apps":[]}"#,
                "line 1: belongs to",
            ),
            (
                r#"{"kind":"sandbox","version":9,"aheadMs":0,"switches":{}}"#,
                "has the form 9; this sandbox reads form 1",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = load(&state, &path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!(state.world().tenants.len(), 1);
        }
        std::fs::remove_file(&path).unwrap();
        let error = load(&state, &path).unwrap_err().to_string();
        assert!(error.ends_with("can't be read"), "{error}");
    }
}
