//! A mailbox as its row holds it.

use sea_orm::ActiveValue::Set;

use super::{address_key, identity_key};
use crate::db::entity::mailbox;
use crate::db::{Error, from_json, parse, to_json};
use crate::domain::health::MailboxHealth;
use crate::domain::mailbox::Mailbox;

const TABLE: &str = "mailbox";

/// All columns but id and creation.
pub(super) fn columns(mailbox: &Mailbox, identity: &str) -> Result<mailbox::ActiveModel, Error> {
    Ok(mailbox::ActiveModel {
        title: Set(mailbox.title.clone()),
        address: Set(mailbox.address.clone()),
        address_key: Set(address_key(&mailbox.address)),
        display_name: Set(mailbox.display_name.clone()),
        kind: Set(mailbox.kind.as_str().to_owned()),
        owner: Set(mailbox.owner.clone()),
        mode: Set(mailbox.mode.as_str().to_owned()),
        provider: Set(mailbox.settings.kind().as_str().to_owned()),
        settings: Set(to_json(&mailbox.settings)?),
        identity: Set(identity_key(identity)),
        credential_id: Set(mailbox.credential_id.0),
        mapping_id: Set(mailbox.mapping_id.map(Into::into)),
        folder_roles: Set(to_json(&mailbox.folder_roles)?),
        signature: Set(mailbox.signature.clone()),
        aliases: Set(to_json(&mailbox.aliases)?),
        unified_inbox: Set(mailbox.unified_inbox),
        expect_mail_within_hours: Set(mailbox.expect_mail_within_hours),
        alert_to: Set(to_json(&mailbox.alert_to)?),
        paused: Set(mailbox.paused),
        unread_count: Set(mailbox.unread_count),
        version: Set(mailbox.version),
        updated_at: Set(mailbox.updated_at),
        ..health(&mailbox.health)?
    })
}

/// The columns that say how it fares; when its last mail came is written with the mail.
pub(super) fn health(health: &MailboxHealth) -> Result<mailbox::ActiveModel, Error> {
    Ok(mailbox::ActiveModel {
        state: Set(health.state.as_str().to_owned()),
        state_since: Set(health.since),
        last_success_at: Set(health.last_success_at),
        consecutive_failures: Set(health.consecutive_failures),
        waits_for_person: Set(health.waits_for_person),
        next_attempt_at: Set(health.next_attempt_at),
        fault: Set(health.fault.as_ref().map(to_json).transpose()?),
        ..Default::default()
    })
}

impl TryFrom<mailbox::Model> for Mailbox {
    type Error = Error;

    fn try_from(row: mailbox::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            title: row.title,
            address: row.address,
            display_name: row.display_name,
            kind: parse(TABLE, &row.kind)?,
            owner: row.owner,
            mode: parse(TABLE, &row.mode)?,
            settings: from_json(TABLE, row.settings)?,
            credential_id: row.credential_id.into(),
            mapping_id: row.mapping_id.map(Into::into),
            folder_roles: from_json(TABLE, row.folder_roles)?,
            signature: row.signature,
            aliases: from_json(TABLE, row.aliases)?,
            unified_inbox: row.unified_inbox,
            expect_mail_within_hours: row.expect_mail_within_hours,
            alert_to: from_json(TABLE, row.alert_to)?,
            paused: row.paused,
            health: MailboxHealth {
                state: parse(TABLE, &row.state)?,
                since: row.state_since,
                last_success_at: row.last_success_at,
                consecutive_failures: row.consecutive_failures,
                waits_for_person: row.waits_for_person,
                next_attempt_at: row.next_attempt_at,
                last_mail_at: row.last_mail_at,
                fault: row.fault.map(|fault| from_json(TABLE, fault)).transpose()?,
            },
            unread_count: row.unread_count,
            epoch: row.identity.iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
