//! A small tenant for a first try and for tests: `contoso.example` with one app, two users and a shared mailbox.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::mime;
use crate::state::State;
use crate::world::{App, AppSecret, Mailbox, Tenant};

/// The tenant's id.
pub const TENANT: Uuid = Uuid::from_u128(0x8a5c_0000_1111_4222_8333_0000_0000_0001);
/// Its domain.
pub const DOMAIN: &str = "contoso.example";
/// The app's client id.
pub const CLIENT_ID: Uuid = Uuid::from_u128(0x8a5c_0000_1111_4222_8333_0000_0000_0002);
/// The app's secret; the characters are those that clients forget to encode.
pub const SECRET: &str = "Sand8Q~box+se.cret_/-&=1";
/// A user.
pub const ADELE: &str = "adele@contoso.example";
/// Another user.
pub const BEN: &str = "ben@contoso.example";
/// A shared mailbox.
pub const SALES: &str = "sales@contoso.example";

/// Adds the tenant. Its app may read, change and send all mail and read users; its secret lasts two years.
pub fn add(state: &State) {
    let now = state.clock.now();
    let id = |number: u128| Uuid::from_u128(TENANT.as_u128() - 1 + number);
    let app = App {
        client_id: CLIENT_ID,
        object_id: id(3),
        name: "Mail application".to_owned(),
        disabled: false,
        secrets: vec![AppSecret { id: id(4), value: SECRET.to_owned(), expires: now + TimeDelta::days(730) }],
        certificates: Vec::new(),
        federated: Vec::new(),
        roles: ["Mail.ReadWrite", "Mail.Send", "User.Read.All"].map(str::to_owned).to_vec(),
        scoped: Vec::new(),
    };
    let mut sales = Mailbox::new(id(12), SALES, "Sales");
    sales.shared = true;
    let mailboxes =
        [Mailbox::new(id(10), ADELE, "Adele Vance"), Mailbox::new(id(11), BEN, "Ben Walters"), sales];
    state.world_mut().tenants.push(Tenant {
        id: TENANT,
        domain: DOMAIN.to_owned(),
        apps: [(CLIENT_ID, app)].into(),
        mailboxes: mailboxes.map(|mailbox| (mailbox.id, mailbox)).into(),
    });
}

/// A state with that tenant and nothing else.
pub fn state() -> State {
    let state = State::default();
    add(&state);
    state
}

/// Puts a message into the inbox of that address; false where there is no such mailbox.
pub fn deliver(state: &State, address: &str, raw: Vec<u8>, received: DateTime<Utc>) -> bool {
    let envelope = mime::envelope(&raw);
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = world.tenants.iter_mut().find_map(|tenant| tenant.mailbox_mut(address));
    mailbox.is_some_and(|mailbox| {
        let inbox = mailbox.well_known("inbox").map(|folder| folder.key);
        inbox.is_some_and(|inbox| mailbox.deliver(inbox, envelope, raw.into(), received, now).is_ok())
    })
}
