//! Deleted messages: their content is nowhere, what recognises them stays.

use mailroom::domain::handling::{Disposition, Handling, OriginalFate};
use mailroom::domain::id::MessageId;
use mailroom::domain::mapping::{Mapping, SameMessagePolicy};
use mailroom::service::message::delete;

use super::{Desk, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::pipeline::fake::Mail;
use crate::pipeline::room::{installation, start};

on_both!(
    nothing_of_its_content_is_left,
    it_is_not_taken_in_again_and_replies_find_the_way,
    what_recognises_it_tells_nothing_without_the_key,
    without_a_message_id_it_is_recognised_by_its_content,
    of_two_copies_each_is_recognised_once,
    it_is_recognised_when_someone_puts_it_back,
    its_copy_in_another_mailbox_joins_its_instance,
    its_blob_goes_too,
    an_unknown_one_keeps_all_from_being_deleted,
    what_is_to_be_done_with_the_original_is_done,
    it_can_not_be_linked_or_mapped_again,
);

/// Stands in every part of the message.
const CANARY: &str = "canary";

async fn nothing_of_its_content_is_left(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let body = "--b\nContent-Type: text/plain\n\nA canary sings.\n--b\n\
                Content-Type: image/png; name=\"canary.png\"\nContent-ID: <canary>\n\
                Content-Disposition: attachment; filename=\"canary.png\"\n\nxx\n--b--";
    let raw = format!(
        "Message-ID: <canary@x>\nFrom: Canary <canary@sender.example>\nTo: Canary <canary@company.example>\n\
         Sender: canary@sender.example\nReply-To: canary@sender.example\nCc: canary@x.example\n\
         Subject: A canary [INC-000009]\nThread-Index: canary\nX-Forwarded-To: canary@company.example\n\
         X-Forwarded-For: canary@a.example canary@b.example\nDate: Tue, 22 Sep 2026 10:00:00 +0000\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{body}\n"
    );
    desk.room.fake.deliver("INBOX", start() + chrono::TimeDelta::minutes(1), &raw);
    desk.take_in().await;
    assert!(desk.room.count("message_address").await > 0 && desk.room.count("attachment").await > 0);
    assert!(canaries(&desk).await >= 4);
    let before = desk.message("canary").await;
    let head = desk.head().await;
    assert_eq!(delete(&desk.cx, &desk.permit, &[before.id]).await.unwrap(), [before.id]);
    assert_eq!(canaries(&desk).await, 0);
    for parts in ["message_address", "attachment", "message_raw"] {
        assert_eq!(desk.room.count(parts).await, 0, "{parts}");
    }
    let left = "message WHERE emptied_at IS NOT NULL AND state = 'PROCESSED' AND source_id = '1' \
                AND fingerprint IS NOT NULL AND internet_message_id_hash IS NOT NULL";
    assert_eq!(desk.room.count(left).await, 1, "the tombstone");
    assert_eq!(desk.find("canary").await, None, "it is no longer shown");
    assert_eq!(desk.told(head).await, [r#"PROCESS_INSTANCE_UPDATED ada ["messages"]"#]);
    assert_eq!(
        desk.attributes("INC-000001").await["summary"],
        "A canary [INC-000009]",
        "that is the process's"
    );
}

/// In how many columns of its row it stands.
async fn canaries(desk: &Desk) -> usize {
    let columns = match desk.room.db.kind() {
        "SQLite" => "SELECT name FROM pragma_table_info('message')",
        _ => "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'message'",
    };
    let mut found = 0;
    for column in desk.room.column(columns).await {
        let sql = format!("SELECT COALESCE(CAST(\"{column}\" AS text), '') FROM message");
        // Hashes are no text on SQLite.
        if matches!(column.as_str(), "id" | "internet_message_id_hash" | "fingerprint") || is_uuid(&column) {
            continue;
        }
        let values = desk.room.column(&sql).await;
        found += usize::from(values.iter().any(|value| value.to_lowercase().contains(CANARY)));
    }
    found
}

fn is_uuid(column: &str) -> bool {
    ["mailbox_id", "mapping_id", "job_id", "run_id", "instance_id"].contains(&column)
}

async fn it_is_not_taken_in_again_and_replies_find_the_way(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.deliver("b", "", "Second");
    desk.take_in().await;
    delete(&desk.cx, &desk.permit, &[desk.id("a").await]).await.unwrap();
    desk.take_in().await;
    desk.room.fake.renumber("INBOX");
    desk.take_in().await;
    assert_eq!(desk.room.count("message").await, 2, "known under its new id too");
    desk.deliver("c", "In-Reply-To: <a@x>\n", "Reply");
    desk.take_in().await;
    assert_eq!(desk.belongs("c").await.as_deref(), Some("INC-000001"));
}

async fn what_recognises_it_tells_nothing_without_the_key(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let before = hashes(&desk).await;
    delete(&desk.cx, &desk.permit, &[desk.id("a").await]).await.unwrap();
    let after = hashes(&desk).await;
    assert_eq!(before[0], hex::encode(mailroom::db::pairing::internet_message_id_hash("a@x")));
    for (before, after) in before.iter().zip(&after) {
        let keyed = installation().tombstones().hash(&hex::decode(before).unwrap());
        assert_eq!(*after, hex::encode(keyed));
        assert!(!after.contains(before));
    }
}

/// Of Message-ID and content, in hexadecimal.
async fn hashes(desk: &Desk) -> Vec<String> {
    let mut found = Vec::new();
    for column in ["internet_message_id_hash", "fingerprint"] {
        let sql = match desk.room.db.kind() {
            "SQLite" => format!("SELECT lower(hex({column})) FROM message"),
            _ => format!("SELECT encode({column}, 'hex') FROM message"),
        };
        found.extend(desk.room.column(&sql).await);
    }
    found
}

/// No Message-ID.
fn anonymous(desk: &Desk, body: &str) {
    let raw = format!(
        "From: Ada <ada@sender.example>\nTo: support@company.example\nSubject: Alarm\n\
         Date: Tue, 22 Sep 2026 10:00:00 +0000\n\n{body}\n"
    );
    desk.room.fake.deliver("INBOX", start() + chrono::TimeDelta::minutes(1), &raw);
}

async fn delete_one(desk: &Desk) {
    let sql = match desk.room.db.kind() {
        "SQLite" => "SELECT lower(hex(id)) FROM message",
        _ => "SELECT CAST(id AS text) FROM message",
    };
    let id = uuid::Uuid::parse_str(&desk.room.column(sql).await[0]).unwrap();
    delete(&desk.cx, &desk.permit, &[id.into()]).await.unwrap();
}

async fn without_a_message_id_it_is_recognised_by_its_content(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    anonymous(&desk, "Disk full");
    desk.take_in().await;
    delete_one(&desk).await;
    desk.room.fake.renumber("INBOX");
    desk.take_in().await;
    assert_eq!(desk.room.count("message").await, 1, "known by its content");
    desk.room.fake.renumber("INBOX");
    anonymous(&desk, "Disk empty");
    desk.take_in().await;
    assert_eq!(
        desk.room.count("message WHERE emptied_at IS NULL").await,
        1,
        "of the same second, and another"
    );
    assert_eq!(desk.room.count("message").await, 2);
}

async fn of_two_copies_each_is_recognised_once(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    for _ in 0..2 {
        anonymous(&desk, "Disk full");
    }
    desk.take_in().await;
    delete_one(&desk).await;
    desk.room.fake.renumber("INBOX");
    desk.take_in().await;
    assert_eq!(desk.room.count("message").await, 2, "the deleted one and the other");
    desk.room.fake.renumber("INBOX");
    anonymous(&desk, "Disk full");
    desk.take_in().await;
    assert_eq!(desk.room.count("message").await, 3, "a third one is a third message");
}

async fn it_is_recognised_when_someone_puts_it_back(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    let folder = Some("Done".to_owned());
    let moved = Disposition { original: OriginalFate::Move, folder, ..Disposition::READ };
    desk.room.job.handling = Some(Handling { on_success: moved, ..Handling::default() });
    desk.deliver("a", "", "First");
    desk.take_in().await;
    delete(&desk.cx, &desk.permit, &[desk.id("a").await]).await.unwrap();
    let mail = desk.room.fake.change("Done", |folder| folder.mail.remove(0));
    desk.room.fake.change("INBOX", |folder| {
        folder.next += 1;
        folder.mail.push(Mail { uid: folder.next, ..mail });
    });
    desk.take_in().await;
    assert_eq!(desk.room.count("message").await, 1);
    assert_eq!(desk.room.fake.read("INBOX").len(), 1, "what that person did stands");
}

async fn its_copy_in_another_mailbox_joins_its_instance(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    let joining = |mapping: &mut Mapping| mapping.correlation.same_message = SameMessagePolicy::JoinFirst;
    desk.remap(joining).await;
    let sales = desk
        .room
        .beside("sales", |mapping| {
            joining(mapping);
            mapping.reference_prefix = "SAL".to_owned();
        })
        .await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let instance = desk.message("a").await.instance_id;
    delete(&desk.cx, &desk.permit, &[desk.id("a").await]).await.unwrap();
    let copy = desk.room.fake.change("INBOX", |folder| folder.mail[0].clone());
    sales.fake.change("INBOX", |folder| {
        folder.next = copy.uid;
        folder.mail.push(Mail { read: false, ..copy });
    });
    sales.run().await.unwrap();
    assert_eq!(desk.message("a").await.instance_id, instance);
    assert_eq!(desk.room.count("process_instance").await, 1);
}

async fn its_blob_goes_too(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let mut random = 7u64;
    let noise: String = (0..20_000)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + (random >> 59) as u8 % 26)
        })
        .collect();
    desk.deliver("a", "", &noise);
    desk.take_in().await;
    let key = desk.room.column("SELECT blob_key FROM message_raw WHERE blob_key IS NOT NULL").await.remove(0);
    let blob = mailroom::blob::BlobKey::from(key);
    assert!(desk.cx.blobs.get(&blob).await.unwrap().is_some());
    delete(&desk.cx, &desk.permit, &[desk.id("a").await]).await.unwrap();
    assert!(desk.cx.blobs.get(&blob).await.unwrap().is_none());
}

async fn an_unknown_one_keeps_all_from_being_deleted(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.deliver("b", "", "Second");
    desk.take_in().await;
    let (a, b) = (desk.id("a").await, desk.id("b").await);
    delete(&desk.cx, &desk.permit, &[b]).await.unwrap();
    let refused = delete(&desk.cx, &desk.permit, &[a, MessageId::new(), b]).await;
    assert_eq!(refusals(refused), ["NOT_FOUND ids.1", "NOT_FOUND ids.2"], "one that is deleted is unknown");
    assert!(desk.message("a").await.has_raw);
    assert_eq!(delete(&desk.cx, &desk.permit, &[a, a]).await.unwrap(), [a], "twice is once");
    assert!(delete(&desk.cx, &desk.permit, &[]).await.unwrap().is_empty());
}

async fn what_is_to_be_done_with_the_original_is_done(fresh: Fresh) {
    let mut desk = Desk::open(fresh).await;
    let folder = Some("Done".to_owned());
    let moved = Disposition { original: OriginalFate::Move, folder, ..Disposition::READ };
    desk.room.job.handling = Some(Handling { on_success: moved, grace_hours: 2, ..Handling::default() });
    desk.deliver("a", "", "First");
    desk.take_in().await;
    delete(&desk.cx, &desk.permit, &[desk.id("a").await]).await.unwrap();
    let keeps = "message WHERE disposition_state = 'PENDING' AND internet_message_id = 'a@x'";
    assert_eq!(desk.room.count(keeps).await, 1, "by which its original is recognised");
    desk.room.clock.advance(chrono::TimeDelta::hours(3));
    desk.take_in().await;
    assert_eq!((desk.room.fake.read("INBOX").len(), desk.room.fake.read("Done").len()), (0, 1));
    let forgets = "message WHERE disposition_state = 'DONE' AND internet_message_id IS NULL";
    assert_eq!(desk.room.count(forgets).await, 1, "and no longer");
}

async fn it_can_not_be_linked_or_mapped_again(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let id = desk.id("a").await;
    delete(&desk.cx, &desk.permit, &[id]).await.unwrap();
    let linked = mailroom::service::message::link(&desk.cx, &desk.permit, id, None).await;
    assert_eq!(refusals(linked), ["NOT_FOUND messageId"]);
    let wanted = mailroom::service::message::Reprocess::Ids(vec![id]);
    let again = mailroom::service::message::reprocess(&desk.cx, &desk.permit, wanted).await;
    assert_eq!(refusals(again), ["NOT_FOUND ids.0"]);
}
