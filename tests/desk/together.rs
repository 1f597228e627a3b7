//! Two persons at once, and a person beside the intake: nothing is lost, whoever comes first.

use std::sync::Arc;

use mailroom::service::instance::{UpdateInstance, update};
use mailroom::service::message::link;
use mailroom::service::{Error, Patch};
use serde_json::json;

use super::Desk;
use crate::harness::database::{Fresh, on_both};

on_both!(
    of_two_persons_with_the_same_version_one_wins,
    what_a_person_changes_and_what_mail_changes_is_all_there,
    a_message_linked_by_two_persons_ends_in_one_place,
);

async fn of_two_persons_with_the_same_version_one_wins(fresh: Fresh) {
    let desk = Arc::new(Desk::open(fresh).await);
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let instance = desk.instance("INC-000001").await;
    let persons = (0..8).map(|person| {
        let (desk, id) = (Arc::clone(&desk), instance.id);
        tokio::spawn(async move {
            let input = UpdateInstance {
                id,
                open: Patch::Keep,
                external_id: Patch::Keep,
                attributes: Patch::Set(json!({ "owner": person })),
                expected_version: Some(1),
            };
            update(&desk.cx, &desk.permit, input).await
        })
    });
    let mut won = Vec::new();
    for person in persons.collect::<Vec<_>>() {
        match person.await.unwrap() {
            Ok(instance) => won.push(instance),
            Err(Error::Refused(errors)) => assert_eq!(errors[0].code.as_str(), "CONFLICT"),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(won[0], desk.instance("INC-000001").await);
    assert_eq!(won[0].version, 2);
}

async fn what_a_person_changes_and_what_mail_changes_is_all_there(fresh: Fresh) {
    let desk = Arc::new(Desk::open(fresh).await);
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let id = desk.instance("INC-000001").await.id;
    let person = {
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            for n in 0..30 {
                let input = UpdateInstance {
                    id,
                    open: Patch::Keep,
                    external_id: Patch::Keep,
                    attributes: Patch::Set(json!({ (format!("by_hand_{n}")): n })),
                    expected_version: None,
                };
                update(&desk.cx, &desk.permit, input).await.unwrap();
            }
        })
    };
    for n in 0..30 {
        desk.deliver(&format!("r{n}"), "In-Reply-To: <a@x>\n", &format!("Reply {n}."));
        desk.take_in().await;
    }
    person.await.unwrap();
    let instance = desk.instance("INC-000001").await;
    let history = instance.attributes["history"].as_str().unwrap();
    for n in 0..30 {
        assert_eq!(instance.attributes[&format!("by_hand_{n}")], n);
        let replies = history.split("\n\n").filter(|reply| *reply == format!("Reply {n}."));
        assert_eq!(replies.count(), 1, "{history}");
    }
    assert_eq!(instance.version, 61, "each change counts");
}

async fn a_message_linked_by_two_persons_ends_in_one_place(fresh: Fresh) {
    let desk = Arc::new(Desk::open(fresh).await);
    for name in ["a", "b", "c"] {
        desk.deliver(name, "", name);
    }
    desk.take_in().await;
    let message = desk.id("c").await;
    let mut ids = Vec::new();
    for reference in ["INC-000001", "INC-000002"] {
        ids.push(desk.instance(reference).await.id);
    }
    let persons: Vec<_> = (0..10)
        .map(|person| {
            let (desk, id) = (Arc::clone(&desk), ids[person % 2]);
            tokio::spawn(async move { link(&desk.cx, &desk.permit, message, Some(id)).await.unwrap() })
        })
        .collect();
    for person in persons {
        person.await.unwrap();
    }
    let home = desk.message("c").await.instance_id.unwrap();
    assert!(ids.contains(&home));
    let own = "correlation_key k JOIN message m ON m.id = k.message_id WHERE m.internet_message_id = 'c@x'";
    assert_eq!(desk.room.count(own).await, 1, "its key is in one place");
    assert_eq!(desk.room.count(&format!("{own} AND k.instance_id = m.instance_id")).await, 1);
    desk.deliver("d", "In-Reply-To: <c@x>\n", "Reply");
    desk.take_in().await;
    assert_eq!(desk.message("d").await.instance_id, Some(home));
}
