//! Originals of FAILED messages that we moved away: with another outcome they are handled where we put them.

use mailroom::domain::handling::{Disposition, DispositionState, Handling, OriginalFate};
use mailroom::domain::mapping::{MessageField, UpdateAction};
use mailroom::domain::message::MessageState;
use sea_orm::ConnectionTrait as _;

use super::Desk;
use crate::harness::database::{Fresh, on_both};
use crate::pipeline::fake::Mail;
use crate::pipeline::room::rule;

on_both!(
    it_is_moved_on_from_where_we_put_it,
    it_is_moved_on_when_a_person_attaches_its_message,
    it_is_marked_where_it_is,
    where_nothing_is_wanted_it_stays_as_it_was_handled,
    what_a_person_moved_meanwhile_stays_there,
    where_the_server_did_not_tell_it_is_found_by_its_message_id,
    in_a_folder_that_is_gone_or_renumbered_nothing_is_done,
    what_waits_to_be_purged_is_moved_on_instead,
);

fn moved(folder: &str) -> Disposition {
    Disposition {
        mark_read: false,
        original: OriginalFate::Move,
        folder: Some(folder.to_owned()),
        categories: vec![],
    }
}

/// A desk whose failures go to `Failed`, with one message, `a`, that failed.
async fn failed(fresh: Fresh, on_success: Disposition) -> Desk {
    let mut desk = Desk::open(fresh).await;
    let handling = Handling { on_success, on_failure: moved("Failed"), ..Handling::default() };
    desk.room.job.handling = Some(handling);
    mailroom::db::job::update(desk.room.db.write(), &desk.room.job, 1).await.unwrap();
    desk.remap(|mapping| {
        let mut required = rule("cc", MessageField::Cc, UpdateAction::Replace);
        required.required = true;
        mapping.rules.push(required);
    })
    .await;
    desk.deliver("a", "", "First");
    desk.take_in().await;
    let message = desk.message("a").await;
    assert_eq!((message.state, message.disposition.state), (MessageState::Failed, DispositionState::Done));
    assert_eq!(places(&desk, ["INBOX", "Failed"]), [0, 1]);
    desk
}

/// How many originals are in the folders.
fn places<const N: usize>(desk: &Desk, folders: [&str; N]) -> [usize; N] {
    folders.map(|folder| desk.room.fake.read(folder).len())
}

async fn mend(desk: &mut Desk) {
    desk.remap(|mapping| mapping.rules.retain(|rule| rule.attribute != "cc")).await;
    desk.again(&["a"]).await;
    assert_eq!(desk.message("a").await.state, MessageState::Processed);
}

/// What became of the disposition after the next run.
async fn done(desk: &Desk) -> Option<String> {
    desk.take_in().await;
    let disposition = desk.message("a").await.disposition;
    assert_eq!(disposition.state, DispositionState::Done);
    assert_eq!(desk.room.count("message").await, 1, "it is not taken in twice");
    disposition.note
}

async fn it_is_moved_on_from_where_we_put_it(fresh: Fresh) {
    let mut desk = failed(fresh, moved("Done")).await;
    desk.again(&["a"]).await;
    desk.take_in().await;
    assert_eq!(places(&desk, ["Failed", "Done"]), [1, 0], "it failed again");
    mend(&mut desk).await;
    assert_eq!(desk.message("a").await.disposition.state, DispositionState::Pending);
    for _ in 0..2 {
        assert_eq!(done(&desk).await, None);
        assert_eq!(places(&desk, ["INBOX", "Failed", "Done"]), [0, 0, 1]);
    }
    let is_there = "message WHERE CAST(moved_to AS TEXT) LIKE '%Done%'";
    assert_eq!(desk.room.count(is_there).await, 1);
}

async fn it_is_moved_on_when_a_person_attaches_its_message(fresh: Fresh) {
    let mut desk = failed(fresh, moved("Done")).await;
    desk.remap(|mapping| mapping.rules.retain(|rule| rule.attribute != "cc")).await;
    desk.deliver("b", "", "Second");
    desk.take_in().await;
    desk.link("a", Some("INC-000001")).await.unwrap();
    desk.take_in().await;
    assert_eq!(places(&desk, ["INBOX", "Failed", "Done"]), [0, 0, 2]);
    let disposition = desk.message("a").await.disposition;
    assert_eq!((disposition.state, disposition.note), (DispositionState::Done, None));
}

async fn it_is_marked_where_it_is(fresh: Fresh) {
    let mut desk = failed(fresh, Disposition::READ).await;
    assert_eq!(desk.room.fake.read("Failed"), [false]);
    mend(&mut desk).await;
    assert_eq!(done(&desk).await, None);
    assert_eq!(desk.room.fake.read("Failed"), [true]);
    let is_there = "message WHERE CAST(moved_to AS TEXT) LIKE '%Failed%'";
    assert_eq!(desk.room.count(is_there).await, 1);
}

async fn where_nothing_is_wanted_it_stays_as_it_was_handled(fresh: Fresh) {
    let mut desk = failed(fresh, Disposition::KEEP).await;
    let before = desk.message("a").await.disposition;
    mend(&mut desk).await;
    assert_eq!(desk.message("a").await.disposition, before);
    assert_eq!(done(&desk).await, None);
    assert_eq!(places(&desk, ["INBOX", "Failed"]), [0, 1]);
}

async fn what_a_person_moved_meanwhile_stays_there(fresh: Fresh) {
    let mut desk = failed(fresh, moved("Done")).await;
    let mail = desk.room.fake.change("Failed", |folder| folder.mail.remove(0));
    desk.room.fake.change("Hers", |folder| folder.mail.push(mail));
    mend(&mut desk).await;
    assert_eq!(done(&desk).await.as_deref(), Some("It is no longer there."));
    assert_eq!(places(&desk, ["Failed", "Done", "Hers"]), [0, 0, 1]);
    let was_there = "message WHERE CAST(moved_to AS TEXT) LIKE '%Failed%'";
    assert_eq!(desk.room.count(was_there).await, 1, "it is not looked for where it was found");
}

/// As if the server had not told where it put the original.
async fn forget_the_place(desk: &Desk) {
    let sql = r#"UPDATE message SET moved_to = '{"folder":"Failed","generation":null,"source_id":null}'"#;
    desk.room.db.write().execute_unprepared(sql).await.unwrap();
}

async fn where_the_server_did_not_tell_it_is_found_by_its_message_id(fresh: Fresh) {
    let mut desk = failed(fresh, moved("Done")).await;
    forget_the_place(&desk).await;
    mend(&mut desk).await;
    let copy = desk.room.fake.change("Failed", |folder| folder.mail[0].clone());
    desk.room.fake.change("Failed", |folder| folder.mail.push(Mail { uid: 99, ..copy }));
    let note = done(&desk).await.unwrap();
    assert!(note.ends_with("bear its Message-ID: it is left as it is."), "{note}");
    assert_eq!(places(&desk, ["Failed", "Done"]), [2, 0], "nothing is moved on a guess");

    desk.room.fake.change("Failed", |folder| folder.mail.truncate(1));
    let again = "UPDATE message SET state = 'FAILED'";
    desk.room.db.write().execute_unprepared(again).await.unwrap();
    mend(&mut desk).await;
    assert_eq!(done(&desk).await, None);
    assert_eq!(places(&desk, ["Failed", "Done"]), [0, 1]);
}

async fn in_a_folder_that_is_gone_or_renumbered_nothing_is_done(fresh: Fresh) {
    let mut desk = failed(fresh, moved("Done")).await;
    desk.room.fake.renumber("Failed");
    mend(&mut desk).await;
    assert_eq!(done(&desk).await.as_deref(), Some("It is no longer there."));
    assert_eq!(places(&desk, ["Failed", "Done"]), [1, 0]);

    desk.room.fake.0.lock().unwrap().remove("Failed");
    let again = "UPDATE message SET state = 'FAILED'";
    desk.room.db.write().execute_unprepared(again).await.unwrap();
    mend(&mut desk).await;
    let gone = "The folder that it was moved to is gone: the original is left as it is.";
    assert_eq!(done(&desk).await.as_deref(), Some(gone));
    desk.deliver("b", "", "Second");
    desk.take_in().await;
    assert_eq!(desk.message("b").await.state, MessageState::Processed, "the job goes on");
}

async fn what_waits_to_be_purged_is_moved_on_instead(fresh: Fresh) {
    let mut desk = failed(fresh, moved("Done")).await;
    let deleted = r#"UPDATE message SET purge = 'WANTED'"#;
    desk.room.db.write().execute_unprepared(deleted).await.unwrap();
    if let Some(handling) = &mut desk.room.job.handling {
        handling.purge_at_end_of_run = true;
        handling.grace_hours = 1;
    }
    mend(&mut desk).await;
    desk.take_in().await;
    assert_eq!(places(&desk, ["Failed", "Done"]), [1, 0], "it waits, and is not purged");
    desk.room.clock.advance(chrono::TimeDelta::hours(2));
    assert_eq!(done(&desk).await, None);
    assert_eq!(places(&desk, ["Failed", "Done"]), [0, 1]);
    assert_eq!(desk.room.count("message WHERE purge IS NULL").await, 1);
}
