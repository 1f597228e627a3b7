//! What is told to whom.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::faults::Faults;
use crate::graph::answer::time;
use crate::world::{Change, Happened, Mailbox, MessageKey, Subscription, Tenant, World};

/// Notifications that one POST has at most.
const MOST: usize = 100;

/// Notifications for one receiver.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The first of the subscriptions that it is for.
    pub subscription: Uuid,
    /// Where it goes.
    pub url: String,
    /// How long it waits first.
    pub late: Duration,
    items: Vec<Value>,
}

impl Parcel {
    /// As it is sent.
    pub fn body(&self) -> Value {
        json!({ "value": self.items })
    }
}

/// A notification, and by which names faults know where it is from.
#[derive(Debug)]
pub struct Item {
    subscription: Uuid,
    app: Uuid,
    url: String,
    tenant: Vec<String>,
    mailbox: Vec<String>,
    value: Value,
}

/// Notifications as they go out: those for the same receiver together, less or more than they were by the faults.
pub fn packed(faults: &Faults, items: Vec<Item>) -> Vec<Parcel> {
    // By receiver, by copy and by delay: copies of the same never come together.
    let mut parcels: BTreeMap<(String, usize, Duration), Vec<Parcel>> = BTreeMap::new();
    for item in items {
        let copies = faults.notification(&item.tenant, Some(item.app), &item.mailbox);
        for (copy, late) in copies.into_iter().enumerate() {
            let same = parcels.entry((item.url.clone(), copy, late)).or_default();
            match same.last_mut().filter(|parcel| parcel.items.len() < MOST) {
                Some(parcel) => parcel.items.push(item.value.clone()),
                None => same.push(Parcel {
                    subscription: item.subscription,
                    url: item.url.clone(),
                    late,
                    items: vec![item.value.clone()],
                }),
            }
        }
    }
    parcels.into_values().flatten().collect()
}

/// What happened since this was asked last, for each who subscribed to it.
pub fn items(world: &mut World, now: DateTime<Utc>) -> Vec<Item> {
    world.subscriptions.retain(|_, subscription| subscription.expires > now);
    let subscriptions: Vec<Subscription> = world.subscriptions.values().cloned().collect();
    let mut items = Vec::new();
    for tenant in &mut world.tenants {
        let names = tenant_names(tenant);
        for mailbox in tenant.mailboxes.values_mut() {
            let happened = mailbox.take_happened();
            let mut told: Vec<(Uuid, MessageKey, u32, Change)> = Vec::new();
            for one in happened {
                for subscription in subscriptions.iter().filter(|by| by.wants(mailbox.id, &one)) {
                    let line = (subscription.id, one.message, one.moves, one.change);
                    // The same message may be changed many times in a moment.
                    if told.last() == Some(&line) || !passes(subscription, mailbox, &one) {
                        continue;
                    }
                    told.push(line);
                    items.push(Item {
                        subscription: subscription.id,
                        app: subscription.app,
                        url: subscription.url.clone(),
                        tenant: names.clone(),
                        mailbox: mailbox_names(mailbox),
                        value: value(subscription, mailbox, &one),
                    });
                }
            }
        }
    }
    items
}

fn tenant_names(tenant: &Tenant) -> Vec<String> {
    vec![tenant.id.to_string(), tenant.domain.clone()]
}

fn mailbox_names(mailbox: &Mailbox) -> Vec<String> {
    [mailbox.id.to_string(), mailbox.address.clone()].into_iter().chain(mailbox.aliases.clone()).collect()
}

/// Whether a filter on the read state lets it through, as the message is now.
fn passes(subscription: &Subscription, mailbox: &Mailbox, happened: &Happened) -> bool {
    match (subscription.is_read, mailbox.message(happened.message)) {
        (Some(is_read), Some(message)) => message.is_read == is_read,
        _ => true,
    }
}

fn value(subscription: &Subscription, mailbox: &Mailbox, happened: &Happened) -> Value {
    let id = mailbox.ids().message(subscription.ids, happened.message, happened.moves);
    let resource = format!("Users/{}/Messages/{id}", mailbox.id);
    let mut data = json!({ "@odata.type": "#Microsoft.Graph.Message", "@odata.id": resource, "id": id });
    if let Some(message) = mailbox.message(happened.message) {
        data["@odata.etag"] = message.etag().into();
    }
    json!({
        "id": crate::random::uuid(),
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": time(subscription.expires),
        "changeType": happened.change.as_str(),
        "resource": resource,
        "resourceData": data,
        "clientState": subscription.client_state,
        "tenantId": subscription.tenant,
    })
}
