//! A connection test over IMAP: EXAMINE and BODY.PEEK only, so that nothing changes.

use std::time::Instant;

use futures::StreamExt as _;

use super::{Imap, ImapSession, login};
use crate::domain::connection::ConnectionStepKind as Step;
use crate::domain::mailbox::Security;
use crate::provider::probe::{Failed, Record};
use crate::provider::{Access, Error, Extent, Session as _, Wanted};

impl Imap {
    pub(in crate::provider) async fn probe(
        &self,
        folder: &str,
        record: &mut Record<'_>,
    ) -> Result<(), Failed> {
        let begun = Instant::now();
        let addresses = self.resolve().await;
        let addresses = record.step(Step::Resolve, begun, addresses, |found| {
            Some(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        })?;

        let begun = Instant::now();
        let connection = self.begin(&addresses).await;
        let connection = record.step(Step::Connect, begun, connection, |_| None)?;

        let begun = Instant::now();
        let greeted = self.secure(connection).await;
        let greeted = if self.settings.security == Security::None {
            // There is no TLS to be told of; what fails here is the connection.
            match greeted {
                Ok(greeted) => greeted,
                failed => record.step(Step::Connect, begun, failed, |_| None)?,
            }
        } else {
            record.step(Step::Tls, begun, greeted, |greeted| {
                let encrypted = greeted.wire.stream().is_tls();
                (!encrypted).then(|| "not offered by the server: the connection is in clear".to_owned())
            })?
        };

        let begun = Instant::now();
        let logged_in = login::log_in(greeted, &self.login, &self.settings.host).await;
        let (wire, capabilities) = record.step(Step::Authenticate, begun, logged_in, |_| None)?;

        let mut session = self.session(wire, capabilities, Access::Look);
        let begun = Instant::now();
        let opened = look_around(&mut session, folder).await;
        let (folders, exists) = record.step(Step::OpenFolder, begun, opened, |(_, exists)| {
            Some(format!("{exists} messages in {folder}"))
        })?;
        record.test.folders = folders;

        let begun = Instant::now();
        let read = read_one(&mut session, folder, exists).await;
        record.step(Step::Read, begun, read, |read| {
            Some(if *read { "the header of one message" } else { "the folder is empty" }.to_owned())
        })?;
        Box::new(session).close().await;
        Ok(())
    }
}

async fn look_around(
    session: &mut ImapSession,
    folder: &str,
) -> Result<(Vec<crate::domain::folder::Folder>, u32), Error> {
    let folders = session.folders().await?;
    let exists = session.open(folder).await?.exists;
    Ok((folders, exists))
}

/// Reads the header of one message, if there is one.
async fn read_one(session: &mut ImapSession, folder: &str, exists: u32) -> Result<bool, Error> {
    if exists == 0 {
        return Ok(false);
    }
    let Some(first) = session.list(folder, None).await?.listed.into_iter().next() else { return Ok(false) };
    let wanted = Wanted { source_id: first.source_id, size: first.size, extent: Extent::HeaderOnly };
    let mut fetched = session.fetch(folder, &[wanted]).await?;
    while let Some(message) = fetched.next().await {
        message?;
    }
    Ok(true)
}
