//! Deleted messages: their content is nowhere, what recognises them stays.

use mailroom::domain::handling::{Disposition, Handling, OriginalFate};
use mailroom::domain::id::MessageId;
use mailroom::service::message::delete;

use super::{Desk, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::pipeline::room::start;

on_both!(
    nothing_of_its_content_is_left,
    it_is_not_taken_in_again_and_replies_find_the_way,
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
