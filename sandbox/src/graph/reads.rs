//! Reading as clients do it: lists, folders, delta, bytes, attachments.

use serde_json::{Value, json};

use super::trial::{Answer, Trial};

const PLAIN: &str = "From: Eva <eva@example.org>\r\nTo: anna@example.com\r\nSubject: Offer\r\nMessage-ID: <1@x>\r\n\
    X-Own: 1\r\n\r\nHello\r\n";
const FILES: &str = "From: eva@example.org\r\nSubject: Files\r\nMessage-ID: <2@x>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>See</p>\r\n--b\r\n\
    Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nabc\r\n--b\r\n\
    Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\nSubject: Inner\r\nFrom: i@example.org\r\n\r\n\
    within\r\n--b--\r\n";

const USER: &str = "/users/anna@example.com";

async fn get(trial: &Trial, path: &str) -> Answer {
    let path = path.replace(' ', "%20").replace('\'', "%27").replace('<', "%3C").replace('>', "%3E");
    trial.ask("GET", &path, Value::Null).await
}

/// The body of an answer as it is.
async fn bytes(trial: &Trial, path: &str) -> String {
    let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(trial.router(), request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn subjects(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{:?}", answer.problem);
    let value = answer.body["value"].as_array().unwrap();
    value.iter().map(|it| it["subject"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The path of a link.
fn path(link: &Value) -> String {
    link.as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned()
}

fn numbered(trial: &Trial, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| {
            trial.state.clock.advance(chrono::TimeDelta::seconds(1));
            trial.deliver(
                &PLAIN.replace("Offer", &format!("M{number}")).replace("1@x", &format!("{number}@x")),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_message_is_shown_as_exchange_shows_it() {
    let trial = Trial::new();
    let id = trial.deliver(PLAIN);
    let it = get(&trial, &format!("{USER}/messages/{id}")).await;
    assert_eq!(it.status, 200);
    assert_eq!(it.text("id"), id);
    assert_eq!(it.body["from"]["emailAddress"], json!({ "name": "Eva", "address": "eva@example.org" }));
    assert_eq!(it.body["body"]["contentType"], "html");
    assert!(it.body["body"]["content"].as_str().unwrap().contains("Hello"));
    assert_eq!(it.text("internetMessageId"), "<1@x>");
    assert!(it.text("@odata.etag").starts_with("W/\""));
    assert!(it.text("@odata.context").ends_with("/messages/$entity"));
    assert!(it.body.get("internetMessageHeaders").is_none() && it.body.get("uniqueBody").is_none());
    assert!(it.body.get("@odata.type").is_none());
    let it = get(&trial, &format!("{USER}/messages/{id}?$select=internetMessageHeaders,uniqueBody")).await;
    let headers = it.body["internetMessageHeaders"].as_array().unwrap();
    assert!(headers.contains(&json!({ "name": "X-Own", "value": "1" })));
    assert!(it.body.get("uniqueBody").is_some() && it.body.get("subject").is_none());
    let fields = [("prefer", "outlook.body-content-type=\"text\"")];
    let it = trial.send("GET", &format!("{USER}/messages/{id}"), &fields, "").await;
    assert_eq!(it.body["body"], json!({ "contentType": "text", "content": "Hello\r\n" }));
}

#[tokio::test]
async fn a_list_is_paged_newest_first_until_there_is_no_link() {
    let trial = Trial::new();
    numbered(&trial, 5);
    let mut page =
        get(&trial, &format!("{USER}/mailFolders/inbox/messages?$top=2&$select=subject&$count=true")).await;
    assert_eq!(page.body["@odata.count"], 5);
    let mut all = subjects(&page);
    while let Some(link) = page.body.get("@odata.nextLink") {
        page = get(&trial, &path(link)).await;
        all.extend(subjects(&page));
    }
    assert_eq!(all, ["M5", "M4", "M3", "M2", "M1"]);
    let whole = get(&trial, &format!("{USER}/messages?$orderby=receivedDateTime asc&$top=3")).await;
    assert_eq!(subjects(&whole), ["M1", "M2", "M3"]);
    let skipped = get(&trial, &format!("{USER}/messages?$skip=3&$orderby=subject desc")).await;
    assert_eq!(subjects(&skipped), ["M2", "M1"]);
    assert!(skipped.body.get("@odata.nextLink").is_none());
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let trial = Trial::new();
    let ids = numbered(&trial, 3);
    trial.deliver(FILES);
    trial
        .ask(
            "PATCH",
            &format!("{USER}/messages/{}", ids[0]),
            json!({ "isRead": true, "categories": ["Red"] }),
        )
        .await;
    let shown = get(&trial, &format!("{USER}/messages/{}", ids[1])).await;
    let (received, conversation) = (shown.text("receivedDateTime"), shown.text("conversationId"));
    for (filter, found) in [
        ("isRead eq true", vec!["M1"]),
        ("internetMessageId eq '<2@x>' and hasAttachments eq false", vec!["M2"]),
        (
            "from/emailAddress/address eq 'EVA@example.org' and startswith(subject,'m')",
            vec!["M3", "M2", "M1"],
        ),
        ("categories/any(c:c eq 'red')", vec!["M1"]),
        (
            "toRecipients/any(r:r/emailAddress/address eq 'anna@example.com') and not(subject eq 'M1')",
            vec!["M3", "M2"],
        ),
        (&format!("receivedDateTime eq {received}"), vec!["M2"]),
        (&format!("receivedDateTime gt {received} and hasAttachments eq false"), vec!["M3"]),
        (&format!("receivedDateTime lt {received}"), vec!["M1"]),
        (&format!("receivedDateTime ge {received} and receivedDateTime le {received}"), vec!["M2"]),
        (&format!("conversationId eq '{conversation}'"), vec!["M2"]),
        ("hasAttachments eq true or subject eq 'M1'", vec!["Files", "M1"]),
        ("flag/flagStatus eq 'flagged'", vec![]),
    ] {
        let answer = get(&trial, &format!("{USER}/messages?$filter={filter}")).await;
        assert_eq!(subjects(&answer), found, "{filter}");
    }
}

#[tokio::test]
async fn a_search_looks_into_subject_sender_and_text() {
    let trial = Trial::new();
    numbered(&trial, 2);
    trial.deliver(FILES);
    for (search, found) in [
        ("%22files%22", vec!["Files"]),
        ("%22subject:m1%22", vec!["M1"]),
        ("%22hello eva%22", vec!["M2", "M1"]),
    ] {
        let answer = get(&trial, &format!("{USER}/messages?$search={search}&$select=subject")).await;
        assert_eq!(subjects(&answer), found, "{search}");
    }
    let both = get(&trial, &format!("{USER}/messages?$search=%22x%22&$filter=isRead eq true")).await;
    assert!(both.refused().2.contains("'$filter' is not supported when used with the '$search'"));
}

#[tokio::test]
async fn a_search_is_counted_and_paged() {
    let trial = Trial::new();
    // Behind what a preview shows.
    let long = PLAIN.replace("Hello", &format!("{}\r\nneedle", "Hello to all of you. ".repeat(40)));
    for number in 1..=3 {
        trial.state.clock.advance(chrono::TimeDelta::seconds(1));
        trial.deliver(&long.replace("Offer", &format!("M{number}")));
    }
    trial.deliver(PLAIN);
    let at = format!("{USER}/mailFolders/inbox/messages");
    let first = get(&trial, &format!("{at}?$search=%22needle%22&$top=2&$count=true")).await;
    assert_eq!((subjects(&first), &first.body["@odata.count"]), (vec!["M3".into(), "M2".into()], &json!(3)));
    let second = get(&trial, &path(&first.body["@odata.nextLink"])).await;
    assert_eq!(subjects(&second), ["M1"]);
    assert!(second.body.get("@odata.nextLink").is_none());
    assert_eq!(bytes(&trial, &format!("{at}/$count?$search=%22needle%20hello%22")).await, "3");
    assert_eq!(bytes(&trial, &format!("{at}/$count?$search=%22body:needle%20eva%20joe%22")).await, "0");
}

#[tokio::test]
async fn a_range_of_receipt_is_counted_and_skipped_through() {
    let trial = Trial::new();
    let ids = numbered(&trial, 5);
    let shown = get(&trial, &format!("{USER}/messages/{}", ids[1])).await;
    let received = shown.text("receivedDateTime");
    for filter in ["", " and not(isRead eq true)"] {
        let range = format!("receivedDateTime ge {received}{filter}");
        let page = get(&trial, &format!("{USER}/messages?$filter={range}&$skip=1&$top=2&$count=true")).await;
        assert_eq!(
            (subjects(&page), &page.body["@odata.count"]),
            (vec!["M4".into(), "M3".into()], &json!(4))
        );
        let last = get(&trial, &path(&page.body["@odata.nextLink"])).await;
        assert_eq!(subjects(&last), ["M2"], "{filter}");
        assert!(last.body.get("@odata.nextLink").is_none());
    }
    let but = get(&trial, &format!("{USER}/messages?$filter=receivedDateTime ne {received}")).await;
    assert_eq!(subjects(&but), ["M5", "M4", "M3", "M1"]);
}

#[tokio::test]
async fn queries_that_graph_has_not_are_refused() {
    let trial = Trial::new();
    for (query, code, says) in [
        ("$filter=isRead eq false&$orderby=receivedDateTime", "InefficientFilter", "too complex"),
        ("$select=size", "RequestBroker--ParseUri", "Could not find a property named 'size'"),
        ("$filter=isRead eq", "RequestBroker--ParseUri", "Syntax error at position 9"),
        ("$top=0", "RequestBroker--ParseUri", "$top"),
        ("$expand=owner", "RequestBroker--ParseUri", "'owner'"),
        ("$apply=x", "RequestBroker--ParseUri", "'$apply'"),
    ] {
        let answer = get(&trial, &format!("{USER}/messages?{query}")).await;
        let (status, at, message) = answer.refused();
        assert_eq!((status, at), (400, code), "{query}");
        assert!(message.contains(says), "{query}: {message}");
    }
}

#[tokio::test]
async fn value_gives_other_bytes_at_each_read_and_refuses_the_folder() {
    let trial = Trial::new();
    let id = trial.deliver(PLAIN);
    let at = format!("{USER}/messages/{id}/$value");
    let answer = get(&trial, &at).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["content-type"]),
        (200, &"text/plain".parse().unwrap())
    );
    let scoped = format!("{USER}/mailFolders/inbox/messages/{id}/$value");
    assert_eq!(
        get(&trial, &scoped).await.refused(),
        (405, "ErrorInvalidRequest", "The OData request is not supported.")
    );
    trial.state.switch(|switches| switches.folder_scoped_value = true);
    assert_eq!(get(&trial, &scoped).await.status, 200);
    assert_ne!(bytes(&trial, &at).await, bytes(&trial, &at).await);
    trial.state.switch(|switches| switches.rebuild_value = false);
    assert_eq!(bytes(&trial, &at).await, PLAIN);
}

#[tokio::test]
async fn a_draft_is_composed_for_its_value() {
    let trial = Trial::new();
    let draft = json!({ "subject": "Plan", "body": { "contentType": "text", "content": "later" } });
    let draft = trial.ask("POST", &format!("{USER}/messages"), draft).await;
    assert_eq!(draft.status, 201, "{:?}", draft.problem);
    let raw = bytes(&trial, &format!("{USER}/messages/{}/$value", draft.text("id"))).await;
    assert!(raw.contains("Subject: Plan\r\n") && raw.contains("later"), "{raw}");
}

#[tokio::test]
async fn read_basic_sees_no_text_no_preview_no_attachments_and_no_bytes() {
    let trial = Trial::new().only(&["Mail.ReadBasic.All"]);
    let id = trial.deliver(FILES);
    let it = get(&trial, &format!("{USER}/messages/{id}?$expand=attachments")).await;
    assert_eq!(it.text("subject"), "Files");
    for name in ["body", "bodyPreview", "attachments"] {
        assert!(it.body.get(name).is_none(), "{name}");
    }
    let selected =
        get(&trial, &format!("{USER}/messages?$select=body,uniqueBody,internetMessageHeaders")).await;
    assert_eq!(selected.body["value"][0].as_object().map(serde_json::Map::len), Some(2));
    for tail in ["$value", "attachments"] {
        let refused = get(&trial, &format!("{USER}/messages/{id}/{tail}")).await;
        assert_eq!((refused.refused().0, refused.refused().1), (403, "ErrorAccessDenied"), "{tail}");
    }
    let filtered = get(&trial, &format!("{USER}/messages?$filter=contains(body/content,'x')")).await;
    assert_eq!(filtered.refused().1, "ErrorAccessDenied");
    let searched = get(&trial, &format!("{USER}/messages?$search=%22see%22")).await;
    assert_eq!(searched.refused().1, "ErrorAccessDenied");
}

#[tokio::test]
async fn what_the_mailbox_sent_has_no_header_fields_but_extended_properties() {
    let trial = Trial::new();
    let now = trial.state.clock.now();
    let id = trial.anna(|anna| {
        let sent = anna.well_known("sentitems").unwrap().key;
        let raw = bytes::Bytes::from_static(PLAIN.as_bytes());
        let key = anna.keep_sent(sent, crate::mime::envelope(&raw), raw, now).unwrap();
        anna.id_of(anna.message(key).unwrap(), crate::world::IdKind::Immutable)
    });
    let expand =
        "$expand=singleValueExtendedProperties($filter=id eq 'String 0x007D' or id eq 'Integer 0x0E08')";
    let at = format!("{USER}/messages/{id}?$select=subject,internetMessageHeaders&{expand}");
    let it = get(&trial, &at).await;
    assert!(it.body.get("internetMessageHeaders").is_none());
    let size = json!({ "id": "Integer 0xe08", "value": PLAIN.len().to_string() });
    assert_eq!(it.body["singleValueExtendedProperties"], json!([size]));
}

#[tokio::test]
async fn invitations_say_what_they_are() {
    let trial = Trial::new();
    let mail = "Subject: s\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n";
    let id = trial.deliver(mail);
    let it = get(&trial, &format!("{USER}/messages/{id}")).await;
    assert_eq!(it.text("@odata.type"), "#microsoft.graph.eventMessageRequest");
    assert_eq!(it.text("meetingMessageType"), "meetingRequest");
}

#[tokio::test]
async fn attachments_are_listed_read_and_opened() {
    let trial = Trial::new();
    let id = trial.deliver(FILES);
    let at = format!("{USER}/messages/{id}/attachments");
    let list = get(&trial, &at).await;
    let [file, item] = [0, 1].map(|number| list.body["value"][number].clone());
    assert_eq!(
        (&file["@odata.type"], &file["contentBytes"]),
        (&json!("#microsoft.graph.fileAttachment"), &json!("YWJj"))
    );
    assert_eq!(
        (&item["@odata.type"], &item["name"]),
        (&json!("#microsoft.graph.itemAttachment"), &json!("Inner"))
    );
    let few = get(&trial, &format!("{at}?$select=id,name,size,isInline")).await;
    assert!(few.body["value"][0].get("contentBytes").is_none());
    let unknown = get(&trial, &format!("{at}?$select=contentId")).await;
    assert!(unknown.refused().2.contains("'contentId' on type 'microsoft.graph.attachment'"));
    let item = item["id"].as_str().unwrap();
    let opened = get(&trial, &format!("{at}/{item}?$expand=microsoft.graph.itemattachment/item")).await;
    assert_eq!(opened.body["item"]["subject"], "Inner");
    assert_eq!(get(&trial, &format!("{at}/{item}/$value")).await.headers["content-type"], "text/plain");
    assert_eq!(get(&trial, &format!("{at}/AAMkAAAA")).await.refused().1, "ErrorInvalidIdMalformed");
    let message = get(&trial, &format!("{USER}/messages/{id}?$expand=attachments")).await;
    assert_eq!(message.body["attachments"].as_array().map(Vec::len), Some(2));
    assert_eq!(message.body["hasAttachments"], true);
}

#[tokio::test]
async fn folders_are_listed_made_renamed_moved_copied_and_removed() {
    let trial = Trial::new();
    let first = get(&trial, &format!("{USER}/mailFolders?$top=100&$count=true")).await;
    let names: Vec<_> =
        first.body["value"].as_array().unwrap().iter().map(|it| it["displayName"].clone()).collect();
    assert!(names.contains(&json!("Inbox")) && !names.contains(&json!("Sync Issues")), "{names:?}");
    let made = trial
        .ask("POST", &format!("{USER}/mailFolders/Inbox/childFolders"), json!({ "displayName": "A" }))
        .await;
    assert_eq!(made.status, 201);
    let again = trial
        .ask("POST", &format!("{USER}/mailFolders/inbox/childFolders"), json!({ "displayName": "a" }))
        .await;
    assert_eq!(again.refused().1, "ErrorFolderExists");
    let at = format!("{USER}/mailFolders/{}", made.text("id"));
    let renamed = trial.ask("PATCH", &at, json!({ "displayName": "B" })).await;
    assert_eq!((renamed.status.as_u16(), renamed.text("displayName")), (200, "B"));
    let found =
        get(&trial, &format!("{USER}/mailFolders/inbox/childFolders?$filter=displayName eq 'b'")).await;
    assert_eq!(found.body["value"][0]["id"], made.body["id"]);
    let copy = trial.ask("POST", &format!("{at}/copy"), json!({ "destinationId": "archive" })).await;
    assert_eq!((copy.status.as_u16(), copy.text("displayName")), (201, "B"));
    assert_ne!(copy.text("id"), made.text("id"));
    let moved = trial.ask("POST", &format!("{at}/move"), json!({ "destinationId": "archive" })).await;
    assert_eq!(moved.refused().1, "ErrorFolderExists");
    assert_eq!(trial.ask("DELETE", &at, Value::Null).await.status, 204);
    let trash = get(&trial, &format!("{USER}/mailFolders/deleteditems/childFolders")).await;
    assert_eq!(trash.body["value"][0]["displayName"], "B");
    assert_eq!(trial.ask("POST", &format!("{at}/permanentDelete"), Value::Null).await.status, 204);
    assert_eq!(get(&trial, &at).await.refused().1, "ErrorFolderNotFound");
    assert_eq!(
        get(&trial, &format!("{USER}/mailFolders/Support")).await.refused().1,
        "ErrorInvalidIdMalformed"
    );
    assert_eq!(trial.ask("DELETE", &format!("{USER}/mailFolders/inbox"), Value::Null).await.status, 400);
}

/// All pages of a round: the items, and the path of the next round.
async fn round(trial: &Trial, start: &str, prefer: &str) -> (Vec<Value>, String) {
    let mut at = start.to_owned();
    let mut items = Vec::new();
    loop {
        let page = trial.send("GET", &at, &[("prefer", prefer)], "").await;
        assert_eq!(page.status, 200, "{:?}", page.problem);
        items.extend(page.body["value"].as_array().unwrap().iter().cloned());
        match (page.body.get("@odata.nextLink"), page.body.get("@odata.deltaLink")) {
            (Some(next), None) => at = path(next),
            (None, Some(last)) => return (items, path(last)),
            _ => panic!("not exactly one link: {:#}", page.body),
        }
    }
}

const IMMUTABLE: &str = "IdType=\"ImmutableId\", odata.maxpagesize=2";

#[tokio::test]
async fn delta_tells_what_lies_in_a_folder_and_then_what_happened() {
    let trial = Trial::new();
    let ids = numbered(&trial, 5);
    let start = format!("{USER}/mailFolders/inbox/messages/delta?$select=subject,isRead");
    let (items, next) = round(&trial, &start, IMMUTABLE).await;
    assert_eq!(items.len(), 5);
    assert_eq!(items[0]["@odata.type"], "#microsoft.graph.message");
    assert!(items[0].get("receivedDateTime").is_none());
    let (items, next) = round(&trial, &next, IMMUTABLE).await;
    assert!(items.is_empty());
    trial.ask("PATCH", &format!("{USER}/messages/{}", ids[0]), json!({ "isRead": true })).await;
    trial
        .ask("POST", &format!("{USER}/messages/{}/move", ids[1]), json!({ "destinationId": "archive" }))
        .await;
    let fresh = trial.deliver(PLAIN);
    trial.ask("POST", &format!("{USER}/messages/{fresh}/move"), json!({ "destinationId": "archive" })).await;
    let (items, _) = round(&trial, &next, IMMUTABLE).await;
    let state = |id: &str| {
        items.iter().filter(|it| it["id"] == *id).map(|it| &it["@removed"]["reason"]).collect::<Vec<_>>()
    };
    assert_eq!(state(&ids[0]), [&Value::Null]);
    assert_eq!(state(&ids[1]), ["deleted"]);
    assert!(state(&fresh).iter().all(|reason| **reason == "deleted") && !state(&fresh).is_empty());
    assert_eq!(items.iter().find(|it| it["id"] == ids[0][..]).unwrap()["isRead"], true);
}

#[tokio::test]
async fn what_happens_during_the_first_scan_is_in_the_next_round() {
    let trial = Trial::new();
    let ids = numbered(&trial, 4);
    let fields = [("prefer", IMMUTABLE)];
    let first = trial.send("GET", &format!("{USER}/mailFolders/inbox/messages/delta"), &fields, "").await;
    trial.ask("PATCH", &format!("{USER}/messages/{}", ids[3]), json!({ "isRead": true })).await;
    trial
        .ask("POST", &format!("{USER}/messages/{}/move", ids[2]), json!({ "destinationId": "archive" }))
        .await;
    let (items, next) = round(&trial, &path(&first.body["@odata.nextLink"]), IMMUTABLE).await;
    assert_eq!(items.len(), 2);
    let (items, _) = round(&trial, &next, IMMUTABLE).await;
    let ids_seen: Vec<_> = items.iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids_seen, [json!(ids[3]), json!(ids[2])]);
    assert_eq!(items[1]["@removed"]["reason"], "deleted");
}

#[tokio::test]
async fn lost_old_and_forged_tokens_are_gone_with_the_address_to_begin_at() {
    let trial = Trial::new();
    let start = format!("{USER}/mailFolders/inbox/messages/delta");
    let (_, next) = round(&trial, &start, IMMUTABLE).await;
    let forged = get(&trial, &format!("{start}?$deltatoken=xyz")).await;
    assert_eq!((forged.refused().0, forged.refused().1), (410, "syncStateNotFound"));
    let headers = &forged.problem.as_ref().unwrap().headers;
    assert_eq!(headers[0], ("Location", format!("http://localhost{start}?%24deltatoken=")));
    let elsewhere = next.replace("inbox", "archive");
    assert_eq!(get(&trial, &elsewhere).await.refused().0, 410);
    trial.state.clock.advance(chrono::TimeDelta::days(8));
    trial.state.switch(|switches| switches.gone_says = crate::switches::GoneSays::ResyncRequired);
    assert_eq!(get(&trial, &next).await.refused().1, "resyncRequired");
    trial.state.switch(|switches| switches.gone_says = crate::switches::GoneSays::Nothing);
    let bare = get(&trial, &next).await;
    assert!(bare.status == 410 && bare.problem.is_none() && bare.headers.contains_key("location"));
    assert_eq!(get(&trial, &format!("{start}?%24deltatoken=")).await.status, 200);
}

#[tokio::test]
async fn delta_takes_few_options() {
    let trial = Trial::new();
    let ids = numbered(&trial, 3);
    let inbox = format!("{USER}/mailFolders/inbox/messages");
    let whole = get(&trial, &format!("{USER}/messages/delta")).await;
    assert_eq!(whole.refused().2, "Change tracking is not supported against 'microsoft.graph.message'.");
    for query in ["$filter=isRead eq true", "$orderby=subject", "changeType=moved", "$search=x"] {
        assert_eq!(get(&trial, &format!("{inbox}/delta?{query}")).await.refused().0, 400, "{query}");
    }
    let at = get(&trial, &format!("{USER}/messages/{}", ids[1])).await;
    let since = format!("{inbox}/delta?$filter=receivedDateTime%20ge%20{}", at.text("receivedDateTime"));
    let (items, next) = round(&trial, &since, IMMUTABLE).await;
    assert_eq!(items.len(), 2);
    trial.ask("PATCH", &format!("{USER}/messages/{}", ids[0]), json!({ "isRead": true })).await;
    assert!(round(&trial, &next, IMMUTABLE).await.0.is_empty());
    let (_, next) = round(&trial, &format!("{inbox}/delta?changeType=created"), IMMUTABLE).await;
    trial.ask("PATCH", &format!("{USER}/messages/{}", ids[0]), json!({ "isRead": false })).await;
    let fresh = trial.deliver(PLAIN);
    let (items, _) = round(&trial, &next, IMMUTABLE).await;
    assert_eq!(items.iter().map(|it| it["id"].clone()).collect::<Vec<_>>(), [json!(fresh)]);
}

#[tokio::test]
async fn folder_delta_tells_of_new_renamed_and_removed_folders_but_not_of_mail() {
    let trial = Trial::new();
    let start = format!("{USER}/mailFolders/delta");
    let (items, next) = round(&trial, &start, IMMUTABLE).await;
    assert!(items.iter().any(|it| it["displayName"] == "Inbox"));
    let made = trial.ask("POST", &format!("{USER}/mailFolders"), json!({ "displayName": "A" })).await;
    trial.deliver(PLAIN);
    let (items, next) = round(&trial, &next, IMMUTABLE).await;
    assert_eq!(items.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&made.body["id"]]);
    trial.ask("POST", &format!("{USER}/mailFolders/{}/permanentDelete", made.text("id")), Value::Null).await;
    let (items, _) = round(&trial, &next, IMMUTABLE).await;
    assert_eq!(items, [json!({ "id": made.body["id"], "@removed": { "reason": "deleted" } })]);
    assert_eq!(get(&trial, &format!("{start}?$deltatoken=x")).await.refused().0, 410);
}
