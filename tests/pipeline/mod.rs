//! The pipeline over a mail system in memory: what must hold whatever the mail and the provider do.

mod correlation;
pub mod fake;
pub mod room;
mod silence;

use chrono::{DateTime, TimeDelta, Utc};
use mailroom::db;
use mailroom::domain::handling::{Disposition, Handling, OriginalFate};
use sea_orm::ConnectionTrait as _;

use crate::harness::database::{Fresh, on_both};
use fake::Refused;
use room::{Room, installation, start};

on_both!(
    another_server_with_the_same_ids_hides_no_mail,
    a_message_becomes_one_row_one_effect_and_is_marked_read,
    a_reply_joins_in_the_same_batch_and_in_a_later_one,
    a_parent_that_comes_after_its_reply_joins_it,
    old_mail_is_left_alone_and_what_comes_later_is_new_whatever_its_date,
    identical_mails_are_two_messages,
    renumbered_ids_take_in_nothing_again,
    what_renumbering_cannot_prove_is_taken_in,
    however_often_ids_are_renumbered_one_absorbs_one,
    a_vanished_message_holds_up_nothing,
    what_vanished_and_is_listed_again_is_taken_in_once,
    a_message_over_the_limit_fails_with_its_header,
    a_big_message_goes_to_the_blob_store,
    a_nul_and_invalid_bytes_are_stored,
    a_stub_of_exchange_is_tried_again_until_the_message_is_there,
    a_stub_that_stays_fails_with_a_hint,
    what_kind_of_mail_it_is_is_stored,
    own_automatic_mail_that_comes_back_is_ignored,
    originals_are_moved_once,
    what_is_refused_is_tried_again_later_and_fails_in_the_end,
    what_is_postponed_counts_as_no_attempt,
    what_was_not_come_to_is_done_in_the_same_run_as_long_as_others_are,
    deleted_originals_are_purged_at_the_end_of_the_run,
    a_lost_lease_stores_nothing,
    a_run_takes_no_more_than_its_most,
    offsets_have_no_gap_and_no_repeat,
);

fn mail(id: &str, more: &str, body: &str) -> String {
    format!(
        "Message-ID: <{id}>\nFrom: Ada <ada@sender.example>\nTo: support@company.example\n\
         Subject: Case of {id}\nDate: Tue, 22 Sep 2026 10:00:00 +0000\n{more}\n{body}\n"
    )
}

fn minute(minute: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minute)
}

async fn a_message_becomes_one_row_one_effect_and_is_marked_read(fresh: Fresh) {
    let room = Room::make(fresh).await;
    for n in 1..=10 {
        room.fake.deliver("INBOX", minute(n), &mail(&format!("{n}@x"), "", "Hello"));
    }
    let run = room.run().await.unwrap().unwrap();
    assert_eq!((run.progress.found, run.progress.processed, run.progress.disposed), (10, 10, 10));
    assert_eq!(room.count("message WHERE state = 'PROCESSED' AND disposition_state = 'DONE'").await, 10);
    assert_eq!(room.count("process_instance").await, 10);
    let references = room.column("SELECT reference FROM process_instance ORDER BY reference").await;
    assert_eq!(references.first().unwrap(), "INC-000001");
    assert_eq!(references.last().unwrap(), "INC-000010");
    assert!(room.fake.read("INBOX").into_iter().all(|read| read));
    assert!(room.run().await.unwrap().is_none(), "a check that finds nothing makes no run");
    assert_eq!(room.count("message").await, 10);
}

async fn a_reply_joins_in_the_same_batch_and_in_a_later_one(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("a@x", "", "First"));
    room.fake.deliver("INBOX", minute(2), &mail("b@x", "In-Reply-To: <a@x>\n", "Second"));
    room.run().await.unwrap();
    room.fake.deliver("INBOX", minute(3), &mail("c@x", "References: <a@x> <b@x>\n", "Third"));
    let by_reference = mail("d@y", "", "Fourth").replace("Case of d@y", "Re: [INC-000001] hello");
    room.fake.deliver("INBOX", minute(4), &by_reference);
    room.run().await.unwrap();
    assert_eq!(room.count("process_instance").await, 1);
    assert_eq!(room.count("message WHERE instance_id IS NOT NULL").await, 4);
    let attributes = room.column("SELECT CAST(attributes AS TEXT) FROM process_instance").await;
    for text in ["First", "Second", "Third", "Fourth"] {
        assert!(attributes[0].contains(text), "{text} is in {attributes:?}");
    }
}

async fn a_parent_that_comes_after_its_reply_joins_it(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("reply@x", "In-Reply-To: <parent@x>\n", "Reply"));
    room.run().await.unwrap();
    room.fake.deliver("INBOX", minute(2), &mail("parent@x", "", "Parent"));
    room.run().await.unwrap();
    assert_eq!(room.count("process_instance").await, 1);
    // Someone else's machine uses the same Message-ID: a stranger.
    room.fake.deliver("INBOX", minute(3), &mail("parent@x", "", "Stranger"));
    room.run().await.unwrap();
    assert_eq!(room.count("process_instance").await, 2);
}

async fn old_mail_is_left_alone_and_what_comes_later_is_new_whatever_its_date(fresh: Fresh) {
    let room = Room::make(fresh).await;
    for n in 1..=8 {
        room.fake.deliver("INBOX", minute(-n), &mail(&format!("old{n}@x"), "", "Old"));
    }
    room.fake.deliver("INBOX", minute(1), &mail("new@x", "", "New"));
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 1);
    assert_eq!(room.count("intake WHERE state = 'OLD'").await, 8);
    room.fake.deliver("INBOX", minute(-600), &mail("moved@x", "", "Moved in by a person"));
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 2);
}

async fn identical_mails_are_two_messages(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let same = mail("alarm@x", "", "Disk full");
    room.fake.deliver("INBOX", minute(1), &same);
    room.fake.deliver("INBOX", minute(1), &same);
    let nameless = same.replace("Message-ID: <alarm@x>\n", "");
    room.fake.deliver("INBOX", minute(1), &nameless);
    room.fake.deliver("INBOX", minute(1), &nameless);
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 4);
    assert_eq!(room.count("process_instance").await, 4);
}

async fn renumbered_ids_take_in_nothing_again(fresh: Fresh) {
    let room = Room::make(fresh).await;
    for n in 1..=5 {
        room.fake.deliver("INBOX", minute(-n), &mail(&format!("old{n}@x"), "", "Old"));
        room.fake.deliver("INBOX", minute(n), &mail(&format!("new{n}@x"), "", "New"));
    }
    let nameless = mail("x", "", "No id").replace("Message-ID: <x>\n", "");
    room.fake.deliver("INBOX", minute(9), &nameless);
    room.fake.deliver("INBOX", minute(9), &nameless);
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 7);
    for _ in 0..2 {
        room.fake.renumber("INBOX");
        room.run().await.unwrap();
        assert_eq!(room.count("message").await, 7);
        assert_eq!(room.count("process_instance").await, 7);
    }
    assert_eq!(room.count("intake WHERE state = 'OLD' AND generation = '1:3'").await, 5);
    assert_eq!(room.count("intake WHERE state = 'RECOGNISED' AND generation = '1:3'").await, 7);
}

async fn what_renumbering_cannot_prove_is_taken_in(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let alarm = mail("alarm@x", "", "Disk full");
    room.fake.deliver("INBOX", minute(1), &alarm);
    room.run().await.unwrap();
    // One stored copy absorbs one listed copy, and no more.
    room.fake.deliver("INBOX", minute(1), &alarm);
    room.fake.deliver("INBOX", minute(-5), &mail("late@x", "", "Unseen so far, and old"));
    room.fake.renumber("INBOX");
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 3);
}

async fn however_often_ids_are_renumbered_one_absorbs_one(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let (alarm, old) = (mail("alarm@x", "", "Disk full"), mail("old@x", "", "Old"));
    room.fake.deliver("INBOX", minute(1), &alarm);
    room.fake.deliver("INBOX", minute(-5), &old);
    for _ in 0..3 {
        room.run().await.unwrap();
        assert_eq!(room.count("message").await, 1);
        room.fake.renumber("INBOX");
    }
    room.fake.deliver("INBOX", minute(1), &alarm);
    room.fake.deliver("INBOX", minute(-5), &old);
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 3);
}

async fn a_vanished_message_holds_up_nothing(fresh: Fresh) {
    let room = Room::make(fresh).await;
    for n in 1..=6 {
        room.fake.deliver("INBOX", minute(n), &mail(&format!("{n}@x"), "", "Hello"));
    }
    room.fake.mail("INBOX", 2, |mail| mail.vanishes = true);
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 5);
    assert_eq!(room.count("intake WHERE state = 'GONE'").await, 1);
}

async fn what_vanished_and_is_listed_again_is_taken_in_once(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let away = room.fake.deliver("INBOX", minute(1), &mail("away@x", "", "Moved away and back"));
    room.fake.deliver("INBOX", minute(2), &mail("stays@x", "", "Stays"));
    room.fake.mail("INBOX", away, |mail| mail.vanishes = true);
    room.run().await.unwrap();
    assert_eq!((room.count("message").await, room.count("intake WHERE state = 'GONE'").await), (1, 1));
    room.fake.mail("INBOX", away, |mail| mail.vanishes = false);
    // A delta shows a message again that returned to the folder: under the id that it had.
    for _ in 0..2 {
        room.db.write().execute_unprepared("UPDATE job_position SET token = '0'").await.unwrap();
        room.run().await.unwrap();
        assert_eq!(room.count("message").await, 2);
        assert_eq!(room.count("process_instance").await, 2);
        assert_eq!(room.count("intake WHERE state = 'STORED'").await, 2);
    }
}

async fn a_message_over_the_limit_fails_with_its_header(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let uid = room.fake.deliver("INBOX", minute(1), &mail("big@x", "", "Hello"));
    room.fake.mail("INBOX", uid, |mail| mail.claims = Some(60_000_000));
    room.fake.deliver("INBOX", minute(2), &mail("small@x", "", "Hello"));
    room.run().await.unwrap();
    assert_eq!(room.count("message WHERE state = 'PROCESSED'").await, 1);
    let failed = room.column("SELECT subject || ': ' || reason FROM message WHERE state = 'FAILED'").await;
    assert!(failed[0].starts_with("Case of big@x: It is too big to be taken in"), "{failed:?}");
    assert_eq!(room.count("process_instance").await, 1);
}

async fn a_big_message_goes_to_the_blob_store(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let body: String = (0..2000).map(|n| format!("Line {n} of a long text\n")).collect();
    room.fake.deliver("INBOX", minute(1), &mail("long@x", "", &body));
    room.run().await.unwrap();
    let keys = room.column("SELECT blob_key FROM message_raw WHERE content IS NULL").await;
    assert_eq!(keys.len(), 1);
    let stored = room.tools.blobs.get(&keys[0].clone().into()).await.unwrap().unwrap();
    let raw = zstd::decode_all(stored.as_ref()).unwrap();
    assert!(String::from_utf8(raw).unwrap().contains("Line 1999 of a long text"));
}

async fn a_nul_and_invalid_bytes_are_stored(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("nul@x", "X-Odd: a\0b\n", "Before\0after"));
    room.fake.change("INBOX", |folder| {
        let mut mail = folder.mail[0].clone();
        mail.raw = bytes::Bytes::from_static(b"\xff\xfe\x00 not a mail at all \x80\x81");
        mail.uid = 2;
        folder.next = 2;
        folder.mail.push(mail);
    });
    let long_id = format!("{}@x", "a".repeat(8192));
    room.fake.deliver("INBOX", minute(2), &mail(&long_id, "", "Long id"));
    room.fake.deliver("INBOX", minute(3), "");
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 4);
    assert_eq!(room.count("message WHERE text LIKE 'Before%after%'").await, 1);
}

fn stub(number: u32) -> String {
    format!(
        "From: Microsoft Exchange Server\nDate: Tue, 22 Sep 2026 10:00:00 +0000\n\
         Subject: Retrieval using the IMAP4 protocol failed for the following message: {number}\n\n\
         The server couldn't retrieve the following message:\n\nSubject: \"Printer\"\n\n\
         The message hasn't been deleted. You might be able to view it using either Outlook or Outlook Web App.\n"
    )
}

async fn a_stub_of_exchange_is_tried_again_until_the_message_is_there(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let uid = room.fake.deliver("INBOX", minute(1), &stub(1));
    room.fake.deliver("INBOX", minute(2), &mail("after@x", "", "Hello"));
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 1, "the stub holds up nothing, and is no message");
    assert_eq!(room.fake.read("INBOX"), [false, true]);
    let whole = mail("there@x", "", "It is here now").replace('\n', "\r\n");
    room.fake.mail("INBOX", uid, |mail| mail.raw = whole.into());
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 1, "not before its time");
    room.clock.advance(TimeDelta::hours(1));
    room.run().await.unwrap();
    assert_eq!(room.count("message WHERE state = 'PROCESSED'").await, 2);
    assert_eq!(room.count("message WHERE internet_message_id = 'there@x'").await, 1);
}

async fn a_stub_that_stays_fails_with_a_hint(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &stub(1));
    for _ in 0..3 {
        assert_eq!(room.count("message").await, 0);
        room.run().await.unwrap();
        room.clock.advance(TimeDelta::hours(1));
    }
    let reasons =
        room.column("SELECT reason FROM message WHERE state = 'FAILED' AND oddity = 'RETRIEVAL_STUB'").await;
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].starts_with("In 3 attempts the server gave a stub"), "{}", reasons[0]);
    assert!(reasons[0].contains("open it in Outlook"), "{}", reasons[0]);
    assert_eq!(room.column("SELECT failure ->> 'stage' FROM message").await, ["FETCH"]);
    assert_eq!(room.count("process_instance").await, 0);
    assert_eq!(room.count("intake WHERE state = 'FAILED'").await, 1);
}

async fn what_kind_of_mail_it_is_is_stored(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("1@x", "Precedence: bulk\n", "Buy"));
    room.fake.deliver(
        "INBOX",
        minute(2),
        &mail("2@x", "X-Forwarded-For: old@y.example support@company.example\n", "Hi"),
    );
    room.fake.deliver("INBOX", minute(3), &mail("3@x", "Content-Type: application/pkcs7-mime\n", "MIIB"));
    room.run().await.unwrap();
    let kinds = "SELECT COALESCE(automatic, '-') || ' ' || COALESCE(forwarding, '-') || ' ' || COALESCE(oddity, '-') \
                 FROM message ORDER BY received_at";
    assert_eq!(room.column(kinds).await, ["BULK - -", "- HEADERS -", "- - SMIME_ENCRYPTED"]);
    let originals = "SELECT address FROM message_address WHERE role IN (5, 6) ORDER BY role";
    assert_eq!(room.column(originals).await, ["ada@sender.example", "old@y.example"]);
    let notes = room.column("SELECT CAST(notes AS TEXT) FROM message ORDER BY received_at").await;
    for (notes, note) in notes.iter().zip([
        "(BULK): precedence is bulk",
        "(HEADERS): it has the header x-forwarded-for",
        "encrypted",
    ]) {
        assert!(notes.contains(note), "{notes}");
    }
}

async fn own_automatic_mail_that_comes_back_is_ignored(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let id = installation().id;
    let automatic = |id| format!("Auto-Submitted: auto-replied\nX-Mailroom-Loop: {id}\n");
    room.fake.deliver("INBOX", minute(1), &mail("own@x", &automatic(id), "We have got it"));
    room.fake.deliver("INBOX", minute(2), &mail("other@x", &automatic(uuid::Uuid::nil()), "We have got it"));
    room.run().await.unwrap();
    let kinds = room.column("SELECT automatic || ' ' || state FROM message ORDER BY received_at").await;
    assert_eq!(kinds, ["LOOP IGNORED", "AUTO_REPLY IGNORED"]);
    assert_eq!(room.count("process_instance").await, 0);
}

async fn originals_are_moved_once(fresh: Fresh) {
    let mut room = Room::make(fresh).await;
    let moves =
        Disposition { original: OriginalFate::Move, folder: Some("Done".into()), ..Disposition::READ };
    room.job.handling = Some(Handling { on_success: moves, ..Handling::default() });
    for n in 1..=6 {
        room.fake.deliver("INBOX", minute(n), &mail(&format!("{n}@x"), "", "Hello"));
    }
    room.run().await.unwrap();
    room.run().await.unwrap();
    assert_eq!(room.fake.read("INBOX").len(), 0);
    assert_eq!(room.fake.read("Done"), vec![true; 6]);
    // A person moves one back: it is another message of the folder, and taken in as such; it is not moved by memory.
    assert_eq!(room.count("message WHERE disposition_state = 'DONE' AND moved_to IS NOT NULL").await, 6);
}

async fn what_is_refused_is_tried_again_later_and_fails_in_the_end(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let uid = room.fake.deliver("INBOX", minute(1), &mail("locked@x", "", "Hello"));
    let passing = room.fake.deliver("INBOX", minute(2), &mail("passing@x", "", "Hello"));
    for uid in [uid, passing] {
        room.fake.mail("INBOX", uid, |mail| mail.refused = Refused::Itself);
    }
    let told = "SELECT disposition_state || ' ' || disposition_attempts || ' ' || (disposition_fault ->> 'provider_code') \
                FROM message WHERE internet_message_id = 'locked@x'";
    for (attempt, wait) in (1..).zip([1, 5, 30, 120]) {
        room.run().await.unwrap();
        assert_eq!(room.column(told).await, [format!("PENDING {attempt} NO [INUSE]")]);
        room.clock.advance(TimeDelta::minutes(wait) - TimeDelta::seconds(1));
        assert!(room.run().await.unwrap().is_none(), "not before its time");
        room.clock.advance(TimeDelta::seconds(1));
        room.fake.mail("INBOX", passing, |mail| mail.refused = Refused::Not);
    }
    room.run().await.unwrap();
    assert_eq!(room.column(told).await, ["FAILED 5 NO [INUSE]"]);
    assert_eq!(room.count("event WHERE type = 'DISPOSITION_FAILED'").await, 1);
    assert_eq!(room.fake.read("INBOX"), [false, true]);
    let done = "SELECT disposition_state || ' ' || disposition_attempts FROM message WHERE internet_message_id = 'passing@x'";
    assert_eq!(room.column(done).await, ["DONE 2"]);
    assert_eq!(
        room.count("message WHERE disposition_state = 'DONE' AND disposition_fault IS NOT NULL").await,
        0
    );
}

async fn what_is_postponed_counts_as_no_attempt(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let uid = room.fake.deliver("INBOX", minute(1), &mail("1@x", "", "Hello"));
    room.fake.mail("INBOX", uid, |mail| mail.refused = Refused::WithAll);
    for _ in 0..9 {
        room.run().await.unwrap();
    }
    let waits = "message WHERE disposition_state = 'PENDING' AND disposition_attempts = 0";
    assert_eq!(room.count(waits).await, 1);
    room.fake.mail("INBOX", uid, |mail| mail.refused = Refused::Not);
    room.run().await.unwrap();
    assert_eq!(room.fake.read("INBOX"), [true]);
}

async fn what_was_not_come_to_is_done_in_the_same_run_as_long_as_others_are(fresh: Fresh) {
    let mut room = Room::make(fresh).await;
    let moves =
        Disposition { original: OriginalFate::Move, folder: Some("Done".into()), ..Disposition::READ };
    room.job.handling = Some(Handling { on_success: moves, ..Handling::default() });
    for n in 1..=4 {
        let uid = room.fake.deliver("INBOX", minute(n), &mail(&format!("{n}@x"), "", "Hello"));
        let refused = if n % 2 == 0 { Refused::NotYet } else { Refused::Not };
        room.fake.mail("INBOX", uid, |mail| mail.refused = refused);
    }
    let run = room.run().await.unwrap().unwrap();
    assert_eq!((run.progress.processed, run.progress.disposed), (4, 4));
    assert_eq!(room.fake.read("Done"), [true; 4]);
    assert_eq!(room.count("message WHERE disposition_state = 'DONE' AND disposition_attempts = 1").await, 4);
}

async fn deleted_originals_are_purged_at_the_end_of_the_run(fresh: Fresh) {
    let mut room = Room::make(fresh).await;
    let deletes = Disposition { original: OriginalFate::Delete, ..Disposition::KEEP };
    room.job.handling =
        Some(Handling { on_success: deletes, purge_at_end_of_run: true, ..Handling::default() });
    room.fake.deliver("Trash", minute(0), &mail("theirs@x", "", "A person deleted it"));
    for n in 1..=6 {
        room.fake.deliver("INBOX", minute(n), &mail(&format!("{n}@x"), "", "Hello"));
    }
    let run = room.run().await.unwrap().unwrap();
    assert_eq!(run.progress.purged, 6);
    assert_eq!(room.fake.read("Trash").len(), 1, "what others deleted stays");
}

async fn a_lost_lease_stores_nothing(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("1@x", "", "Hello"));
    let ttl = std::time::Duration::from_secs(30);
    let lost = db::lease::claim(room.db.write(), room.mailbox.id, "slow", ttl).await.unwrap().unwrap();
    db::lease::release(room.db.write(), &lost).await.unwrap();
    let held = db::lease::claim(room.db.write(), room.mailbox.id, "test", ttl).await.unwrap().unwrap();
    let error = room.run_under(lost).await.unwrap_err();
    assert!(error.to_string().contains("lease"), "{error}");
    assert_eq!(room.count("message").await + room.count("intake").await, 0);
    assert_eq!(room.fake.read("INBOX"), [false]);
    room.run_under(held).await.unwrap();
    assert_eq!(room.count("message").await, 1);
}

async fn a_run_takes_no_more_than_its_most(fresh: Fresh) {
    let mut room = Room::make(fresh).await;
    room.job.max_messages_per_run = Some(5);
    for n in 1..=12 {
        room.fake.deliver("INBOX", minute(n), &mail(&format!("{n}@x"), "", "Hello"));
    }
    for expected in [5, 10, 12, 12] {
        room.run().await.unwrap();
        assert_eq!(room.count("message").await, expected);
    }
}

async fn offsets_have_no_gap_and_no_repeat(fresh: Fresh) {
    let room = Room::make(fresh).await;
    for n in 1..=9 {
        room.fake.deliver("INBOX", minute(n), &mail(&format!("{n}@x"), "", "Hello"));
    }
    room.run().await.unwrap();
    let offsets = room.column("SELECT CAST(e.log_offset AS TEXT) FROM event e ORDER BY e.log_offset").await;
    let expected: Vec<String> = (1..=offsets.len()).map(|n| n.to_string()).collect();
    assert_eq!(offsets, expected);
    assert_eq!(room.count("event WHERE type = 'MESSAGE_RECEIVED'").await, 9);
    assert_eq!(room.count("event WHERE type = 'PROCESS_INSTANCE_CREATED'").await, 9);
}

async fn another_server_with_the_same_ids_hides_no_mail(fresh: Fresh) {
    let mut room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("both@x", "", "Was moved along"));
    room.fake.deliver("INBOX", minute(2), &mail("stays@x", "", "Stays on the old server"));
    room.run().await.unwrap();
    // The new server numbers from 1 too, under the same UIDVALIDITY.
    room.fake.change("INBOX", |folder| {
        folder.next = 0;
        folder.mail.clear();
    });
    room.fake.deliver("INBOX", minute(3), &mail("new@x", "", "Only on the new server"));
    room.fake.deliver("INBOX", minute(1), &mail("both@x", "", "Was moved along"));
    room.point_elsewhere();
    room.run().await.unwrap();
    let ids = room.column("SELECT internet_message_id FROM message ORDER BY internet_message_id").await;
    assert_eq!(ids, ["both@x", "new@x", "stays@x"]);
}
