//! Messages, attachments and instances as clients see them.

use mailroom::db::store::RawPlace;
use mailroom::domain::access::Scope;
use mailroom::domain::id::MessageId;
use mailroom::domain::message::AddressRole;
use mailroom::domain::parsed::{Address, ForwardingKind, Oddity};
use serde_json::{Value, json};

use super::house::{House, global, raw, text};
use super::seed;
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_message_has_all_its_fields,
    lists_are_paged_filtered_and_counted,
    what_a_caller_may_not_see_does_not_exist,
    an_instance_is_found_by_each_of_its_names,
);

const RAW: &str = "From: Ada <Ada@sender.example>\r\nSubject: Printer\r\nX-Ticket: 7\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/related; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
    <p>It burns <img src=\"cid:fire\"><img src=\"https://tracker.example/x.png\"><script>alert(1)</script></p>\r\n\
    --b\r\nContent-Type: image/png\r\nContent-ID: <fire>\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    iVBORw0KGgo=\r\n--b--\r\n";

/// A message with the raw bytes above, and its one attachment.
pub async fn with_raw(house: &House, mailbox: &str) -> MessageId {
    let mut new = seed::attached(seed::message(raw(mailbox), 1), "fire.png");
    let parsed = mailroom::mail::parse(RAW.as_bytes(), &mailroom::mail::Limits::default()).unwrap();
    let part = parsed.attachments.first().unwrap();
    let attachment = new.attachments.first_mut().unwrap();
    (attachment.part, attachment.inline) = (part.part, true);
    attachment.content_id = Some("fire".to_owned());
    (new.message.forwarding, new.message.oddity) = (ForwardingKind::Inline, Some(Oddity::Calendar));
    for (role, name) in [(AddressRole::OriginalSender, "Eve"), (AddressRole::OriginalRecipient, "Sales")] {
        let address = Address { name: Some(name.to_owned()), address: format!("{name}@elsewhere.example") };
        new.addresses.push((role, address));
    }
    new.notes.push("It was forwarded (INLINE): Subject and text.".to_owned());
    new.raw = RawPlace::Row(zstd::encode_all(RAW.as_bytes(), 3).unwrap());
    seed::store(&house.services.db, vec![new]).await.remove(0)
}

async fn a_message_has_all_its_fields(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let id = global(with_raw(&house, &desk.mailbox).await);
    let query = "query($id: ID!) { node(id: $id) { __typename id } message(id: $id) {
        subject snippet text newText internetMessageId size state importance automatic forwarding oddity notes folder
        originalSender { name address } originalRecipient { address }
        from { name address } sender { address } replyTo { address } to { address } cc { address }
        receivedAt match { by evidence created } disposition { state attempts doneAt error { message } }
        failure { stage } processInstance { id } run { id } mailbox { id } html
        remote: html(allowRemoteContent: true)
        headers(names: [\"x-ticket\"]) { name value }
        attachments { id filename contentType size inline contentId sha256 url } rawUrl } }";
    let data = house.data(query, json!({ "id": id })).await;
    assert_eq!(data["node"], json!({ "__typename": "Message", "id": id }));
    let message = &data["message"];
    assert_eq!(message["text"], "It burns\n> Does it?");
    assert_eq!(message["newText"], "It burns");
    assert_eq!(message["from"], json!({ "name": "Ada", "address": "Ada@sender.example" }));
    assert_eq!(message["sender"], Value::Null);
    assert_eq!(
        (message["replyTo"].clone(), message["to"][0]["address"].clone()),
        (json!([]), json!("support@sender.example"))
    );
    assert_eq!(message["receivedAt"], "2026-09-21T14:14:20.250Z");
    assert_eq!(message["match"], json!({ "by": "NOTHING", "evidence": "nothing", "created": true }));
    assert_eq!((&message["state"], &message["disposition"]["state"]), (&json!("PROCESSED"), &json!("DONE")));
    assert_eq!((&message["forwarding"], &message["oddity"]), (&json!("INLINE"), &json!("CALENDAR")));
    assert_eq!(message["originalSender"], json!({ "name": "Eve", "address": "Eve@elsewhere.example" }));
    assert_eq!(message["originalRecipient"], json!({ "address": "Sales@elsewhere.example" }));
    assert_eq!(message["notes"], json!(["It was forwarded (INLINE): Subject and text."]));
    assert_eq!(message["headers"], json!([{ "name": "X-Ticket", "value": "7" }]));
    assert_eq!(message["mailbox"]["id"], desk.mailbox);
    let html = text(&message["html"]);
    assert!(html.contains("https://mail.example/files/attachment/"), "{html}");
    assert!(!html.contains("script") && !html.contains("tracker.example"), "{html}");
    assert!(text(&message["remote"]).contains("tracker.example"), "{}", message["remote"]);
    let attachment = &message["attachments"][0];
    assert_eq!((&attachment["filename"], &attachment["contentId"]), (&json!("fire.png"), &json!("fire")));
    let query = "query($id: ID!) { node(id: $id) { ... on Attachment { filename url } } }";
    let data = house.data(query, json!({ "id": attachment["id"] })).await;
    assert_eq!(data["node"]["url"], attachment["url"]);
}

async fn lists_are_paged_filtered_and_counted(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let messages = (0..7).map(|minute| seed::message(raw(&desk.mailbox), minute)).collect();
    seed::store(&house.services.db, messages).await;
    let query = "query($after: String) { messages(first: 3, after: $after, order: OLDEST_FIRST,
        filter: { subject: \"PRINTER\", states: [PROCESSED] }) {
        totalCount nodes { subject } pageInfo { hasNextPage endCursor } } }";
    let (mut subjects, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = house.data(query, json!({ "after": after })).await;
        let page = &data["messages"];
        assert_eq!(page["totalCount"], 7);
        subjects.extend(page["nodes"].as_array().unwrap().iter().map(|node| text(&node["subject"])));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let all: Vec<_> = (0..7).map(|minute| format!("Printer {minute} is on fire")).collect();
    assert_eq!(subjects, all);
    let none = "{ messages(filter: { runId: \"nonsense\" }) { totalCount nodes { id } } }";
    assert_eq!(house.data(none, json!({})).await["messages"], json!({ "totalCount": 0, "nodes": [] }));
    let foreign = json!({ "after": after });
    let query = "query($after: String) { mailboxes { nodes { messages(after: $after) { totalCount } } } }";
    let answer = house.ask(query, foreign).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_CURSOR");
}

async fn what_a_caller_may_not_see_does_not_exist(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let id = global(with_raw(&house, &desk.mailbox).await);
    let query = "query($id: ID!) { node(id: $id) { id } mailboxes { nodes { messages { totalCount nodes { id } } } } }";
    let answer = house.ask_as(&[Scope::ConfigRead], query, json!({ "id": id })).await;
    assert_eq!(answer["data"]["node"], Value::Null, "{answer}");
    assert_eq!(
        answer["data"]["mailboxes"]["nodes"],
        json!([{ "messages": { "totalCount": 0, "nodes": [] } }])
    );
    let answer = house.ask_as(&[Scope::ConfigRead], "{ messages { nodes { id } } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let query = "query($id: ID!) { message(id: $id) { subject mapping { name } run { id } } }";
    let answer = house.ask_as(&[Scope::MailRead], query, json!({ "id": id })).await;
    assert_eq!(answer["data"]["message"]["mapping"], Value::Null, "{answer}");
    assert_eq!(answer["data"]["message"]["subject"], "Printer 1 is on fire");
}

async fn an_instance_is_found_by_each_of_its_names(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let id = seed::instance(&house.services.db, raw(&desk.mailbox), "HELP-000001").await;
    let replies = (0..3).map(|minute| seed::linked(seed::message(raw(&desk.mailbox), minute), id)).collect();
    seed::store(&house.services.db, replies).await;
    let query = "query($id: ID!) { byId: processInstance(id: $id) { reference attributes open version
            mailbox { id } messages(last: 1) { totalCount nodes { subject } } }
        byReference: processInstance(reference: \"help-000001\") { id }
        other: processInstance(externalId: \"x\") { id }
        processInstances(filter: { open: true, process: \"incident\" }) { totalCount nodes { id } } }";
    let data = house.data(query, json!({ "id": global(id) })).await;
    assert_eq!(data["byId"]["attributes"], json!({ "title": "Fire" }));
    assert_eq!(data["byId"]["messages"]["totalCount"], 3);
    assert_eq!(data["byId"]["messages"]["nodes"], json!([{ "subject": "Printer 2 is on fire" }]));
    assert_eq!(data["byReference"]["id"], global(id));
    assert_eq!(data["other"], Value::Null);
    assert_eq!(data["processInstances"]["totalCount"], 1);
    let answer = house.ask("{ processInstance { id } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT");
}
