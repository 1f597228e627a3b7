//! What waits for its grace period, is given up, or was refused; and mail that someone marks unread again.

use chrono::TimeDelta;
use mailroom::domain::handling::{Disposition, DispositionState, Handling, OriginalFate};
use mailroom::domain::id::MessageId;
use mailroom::domain::job::Selection;
use mailroom::domain::mapping::{MessageField, UpdateAction};
use mailroom::domain::message::MessageState;
use mailroom::service::message::{cancel, retry};
use sea_orm::ConnectionTrait as _;

use super::{Desk, refusals};
use crate::harness::database::{Fresh, on_both};
use crate::pipeline::fake::Refused;
use crate::pipeline::room::rule;

on_both!(
    marks_do_not_wait_for_the_grace_and_moves_do,
    a_mark_that_a_crash_kept_from_being_made_is_made_before_the_grace_is_over,
    what_is_given_up_stays_where_it_is_and_says_who_gave_it_up_and_when,
    what_waits_for_nothing_can_not_be_given_up,
    what_was_refused_is_tried_again_at_once,
    unread_mail_is_taken_and_what_was_read_is_taken_once_it_is_marked_unread,
    what_is_marked_unread_again_is_processed_again_once_for_each_time,
    what_we_did_not_mark_or_what_waits_is_not_taken_again,
    what_fails_when_it_is_marked_unread_is_handled_as_failed,
    what_was_deleted_here_or_vanishes_is_not_taken_again,
    a_folder_that_is_renumbered_knows_what_was_taken_and_what_was_left,
);

fn moved() -> Disposition {
    Disposition { original: OriginalFate::Move, folder: Some("Done".to_owned()), ..Disposition::READ }
}

/// With mail `a` taken in, that is to be moved a day later.
async fn waiting(fresh: Fresh) -> Desk {
    let mut desk = Desk::open(fresh).await;
    let handling = Handling { on_success: moved(), grace_hours: 24, ..Handling::default() };
    desk.room.job.handling = Some(handling);
    desk.deliver("a", "", "First");
    desk.take_in().await;
    desk
}

fn places(desk: &Desk) -> (Vec<bool>, Vec<bool>) {
    (desk.room.fake.read("INBOX"), desk.room.fake.read("Done"))
}

async fn state(desk: &Desk, name: &str) -> DispositionState {
    desk.message(name).await.disposition.state
}

async fn marks_do_not_wait_for_the_grace_and_moves_do(fresh: Fresh) {
    let desk = waiting(fresh).await;
    assert_eq!(places(&desk), (vec![true], vec![]), "it is read at once");
    let disposition = desk.message("a").await.disposition;
    assert_eq!((disposition.state, disposition.attempts), (DispositionState::Pending, 0));
    // Marked unread by a person while it waits: that stands.
    desk.room.fake.mail("INBOX", 1, |mail| mail.read = false);
    desk.room.clock.advance(TimeDelta::hours(23));
    desk.take_in().await;
    assert_eq!(places(&desk), (vec![false], vec![]), "it waits");
    desk.room.clock.advance(TimeDelta::hours(2));
    desk.take_in().await;
    assert_eq!(places(&desk), (vec![], vec![false]));
    let disposition = desk.message("a").await.disposition;
    assert_eq!((disposition.state, disposition.attempts), (DispositionState::Done, 1));
}

async fn a_mark_that_a_crash_kept_from_being_made_is_made_before_the_grace_is_over(fresh: Fresh) {
    let desk = waiting(fresh).await;
    desk.room.fake.mail("INBOX", 1, |mail| mail.read = false);
    let undone = "UPDATE message SET disposition_early = 'WANTED'";
    desk.room.db.write().execute_unprepared(undone).await.unwrap();
    desk.take_in().await;
    assert_eq!(places(&desk), (vec![true], vec![]));
    assert_eq!(desk.room.count("message WHERE disposition_early = 'DONE'").await, 1);
    // What can't be marked is marked with the rest.
    desk.room.fake.mail("INBOX", 1, |mail| (mail.read, mail.refused) = (false, Refused::Itself));
    desk.room.db.write().execute_unprepared(undone).await.unwrap();
    desk.take_in().await;
    let disposition = desk.message("a").await.disposition;
    assert_eq!((disposition.state, disposition.fault.is_some()), (DispositionState::Pending, true));
    desk.room.fake.mail("INBOX", 1, |mail| mail.refused = Refused::Not);
    desk.room.clock.advance(TimeDelta::hours(25));
    desk.take_in().await;
    assert_eq!(places(&desk), (vec![], vec![true]));
}

async fn what_is_given_up_stays_where_it_is_and_says_who_gave_it_up_and_when(fresh: Fresh) {
    let desk = waiting(fresh).await;
    desk.room.clock.advance(TimeDelta::hours(1));
    let id = desk.id("a").await;
    let given_up = cancel(&desk.cx, &desk.permit, &[id, id]).await.unwrap();
    assert_eq!(given_up, [desk.message("a").await]);
    let disposition = &given_up[0].disposition;
    assert_eq!((disposition.state, disposition.due_at), (DispositionState::Cancelled, None));
    assert_eq!(disposition.note.as_deref(), Some("ada gave it up by hand, 2026-09-21T16:13:20Z."));
    desk.room.clock.advance(TimeDelta::days(3));
    desk.take_in().await;
    assert_eq!(places(&desk), (vec![true], vec![]));
    assert_eq!(state(&desk, "a").await, DispositionState::Cancelled);
}

async fn what_waits_for_nothing_can_not_be_given_up(fresh: Fresh) {
    let mut desk = waiting(fresh).await;
    desk.room.job.handling = Some(Handling::default());
    desk.deliver("b", "", "Second");
    desk.take_in().await;
    let (a, b) = (desk.id("a").await, desk.id("b").await);
    let refused = cancel(&desk.cx, &desk.permit, &[a, b, MessageId::new()]).await;
    assert_eq!(refusals(refused), ["NOT_FOUND messageIds.2"]);
    let refused = cancel(&desk.cx, &desk.permit, &[a, b]).await.unwrap_err();
    let mailroom::service::Error::Refused(errors) = &refused else { panic!("{refused:?}") };
    assert_eq!(errors[0].message, "Nothing waits: its disposition is DONE.");
    assert_eq!(refusals::<()>(Err(refused)), ["INVALID messageIds.1"]);
    assert_eq!(state(&desk, "a").await, DispositionState::Pending, "all or none");
    desk.room.clock.advance(TimeDelta::hours(24));
    assert_eq!(refusals(cancel(&desk.cx, &desk.permit, &[a]).await), ["INVALID messageIds.0"]);
    desk.take_in().await;
    assert_eq!(state(&desk, "a").await, DispositionState::Done);
}

async fn what_was_refused_is_tried_again_at_once(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let uid = desk.deliver("a", "", "First");
    desk.room.fake.mail("INBOX", uid, |mail| mail.refused = Refused::Itself);
    desk.take_in().await;
    let id = desk.id("a").await;
    let runs = "run WHERE state = 'QUEUED' AND trigger = 'MANUAL'";
    // It waits for the next attempt.
    let again = retry(&desk.cx, &desk.permit, &[id]).await.unwrap();
    assert_eq!((again[0].disposition.due_at, again[0].disposition.attempts), (None, 0));
    assert_eq!(desk.room.count(runs).await, 1);
    for _ in 0..5 {
        desk.take_in().await;
        desk.room.clock.advance(TimeDelta::hours(3));
    }
    assert_eq!(state(&desk, "a").await, DispositionState::Failed);
    desk.room.fake.mail("INBOX", uid, |mail| mail.refused = Refused::Not);
    retry(&desk.cx, &desk.permit, &[id]).await.unwrap();
    desk.take_in().await;
    assert_eq!((state(&desk, "a").await, places(&desk)), (DispositionState::Done, (vec![true], vec![])));
    assert_eq!(desk.message("a").await.disposition.fault, None);
    let refused = retry(&desk.cx, &desk.permit, &[id]).await.unwrap_err();
    let mailroom::service::Error::Refused(errors) = &refused else { panic!("{refused:?}") };
    assert_eq!(errors[0].message, "Nothing was refused: its disposition is DONE.");
    let unknown = retry(&desk.cx, &desk.permit, &[id, MessageId::new()]).await;
    assert_eq!(refusals(unknown), ["NOT_FOUND messageIds.1"]);
}

/// Takes unread mail, and marks all of it read.
async fn unread(fresh: Fresh) -> Desk {
    let mut desk = Desk::open(fresh).await;
    desk.room.job.selection = Selection::Unread;
    let (on_ignored, on_failure) = (Disposition::READ, Disposition::READ);
    desk.room.job.handling = Some(Handling { on_ignored, on_failure, ..Handling::default() });
    desk
}

/// How many were processed by the next run.
async fn processed(desk: &Desk) -> i32 {
    desk.room.run().await.unwrap().map_or(0, |run| run.progress.processed)
}

async fn unread_mail_is_taken_and_what_was_read_is_taken_once_it_is_marked_unread(fresh: Fresh) {
    let desk = unread(fresh).await;
    let a = desk.deliver("a", "", "First");
    desk.deliver("b", "", "Second");
    desk.room.fake.mail("INBOX", a, |mail| mail.read = true);
    assert_eq!(processed(&desk).await, 1);
    assert_eq!((desk.find("a").await, desk.find("b").await.is_some()), (None, true));
    // So is what comes later.
    let c = desk.deliver("c", "", "Third");
    desk.room.fake.mail("INBOX", c, |mail| mail.read = true);
    assert_eq!(processed(&desk).await, 0);
    desk.room.fake.mail("INBOX", a, |mail| mail.read = false);
    assert_eq!(processed(&desk).await, 1);
    assert!(desk.find("a").await.is_some());
    assert_eq!(processed(&desk).await, 0);
    assert_eq!(desk.room.fake.read("INBOX"), [true, true, true]);
}

async fn what_is_marked_unread_again_is_processed_again_once_for_each_time(fresh: Fresh) {
    let desk = unread(fresh).await;
    let a = desk.deliver("a", "", "First");
    desk.deliver("b", "", "Second");
    assert_eq!(processed(&desk).await, 2);
    let first = desk.message("a").await;
    for _ in 0..3 {
        assert_eq!(processed(&desk).await, 0);
        desk.room.fake.mail("INBOX", a, |mail| mail.read = false);
        assert_eq!(processed(&desk).await, 1);
        assert_eq!(desk.room.fake.read("INBOX"), [true, true], "and marked read again");
        assert_eq!(state(&desk, "a").await, DispositionState::Done);
    }
    let last = desk.message("a").await;
    assert_eq!((last.id, last.instance_id), (first.id, first.instance_id));
    assert_eq!(desk.room.count("message").await, 2);
    assert_eq!(desk.room.count("process_instance").await, 2);
}

async fn what_we_did_not_mark_or_what_waits_is_not_taken_again(fresh: Fresh) {
    let mut desk = unread(fresh).await;
    // Taken in by a job that marked nothing.
    let handling =
        desk.room.job.handling.replace(Handling { on_success: Disposition::KEEP, ..Handling::default() });
    desk.room.job.selection = Selection::New;
    desk.deliver("a", "", "First");
    assert_eq!(processed(&desk).await, 1);
    (desk.room.job.selection, desk.room.job.handling) = (Selection::Unread, handling);
    assert_eq!(processed(&desk).await, 0);
    // And one that still waits to be moved.
    if let Some(handling) = &mut desk.room.job.handling {
        (handling.on_success, handling.grace_hours) = (moved(), 24);
    }
    let b = desk.deliver("b", "", "Second");
    assert_eq!(processed(&desk).await, 1);
    desk.room.fake.mail("INBOX", b, |mail| mail.read = false);
    assert_eq!(processed(&desk).await, 0);
    cancel(&desk.cx, &desk.permit, &[desk.id("b").await]).await.unwrap();
    assert_eq!(processed(&desk).await, 0);
    assert_eq!(desk.room.fake.read("INBOX"), [false, false]);
}

async fn what_fails_when_it_is_marked_unread_is_handled_as_failed(fresh: Fresh) {
    let mut desk = unread(fresh).await;
    let a = desk.deliver("a", "", "First");
    assert_eq!(processed(&desk).await, 1);
    if let Some(handling) = &mut desk.room.job.handling {
        handling.on_failure = moved();
    }
    desk.remap(|mapping| {
        let mut required = rule("cc", MessageField::Cc, UpdateAction::Replace);
        required.required = true;
        mapping.rules.push(required);
    })
    .await;
    desk.room.fake.mail("INBOX", a, |mail| mail.read = false);
    desk.take_in().await;
    assert_eq!(desk.message("a").await.state, MessageState::Failed);
    assert_eq!(places(&desk), (vec![], vec![true]));
}

async fn what_was_deleted_here_or_vanishes_is_not_taken_again(fresh: Fresh) {
    let desk = unread(fresh).await;
    let (a, b) = (desk.deliver("a", "", "First"), desk.deliver("b", "", "Second"));
    assert_eq!(processed(&desk).await, 2);
    mailroom::service::message::delete(&desk.cx, &desk.permit, &[desk.id("a").await]).await.unwrap();
    desk.room.fake.mail("INBOX", a, |mail| mail.read = false);
    assert_eq!(processed(&desk).await, 0);
    desk.room.fake.mail("INBOX", b, |mail| (mail.read, mail.vanishes) = (false, true));
    assert_eq!(processed(&desk).await, 0);
    assert_eq!(
        (desk.message("b").await.state, state(&desk, "b").await),
        (MessageState::Processed, DispositionState::Done)
    );
}

async fn a_folder_that_is_renumbered_knows_what_was_taken_and_what_was_left(fresh: Fresh) {
    let desk = unread(fresh).await;
    let a = desk.deliver("a", "", "First");
    desk.deliver("b", "", "Second");
    desk.room.fake.mail("INBOX", a, |mail| mail.read = true);
    assert_eq!(processed(&desk).await, 1);
    desk.room.fake.renumber("INBOX");
    assert_eq!(processed(&desk).await, 0);
    for (uid, name) in [(201, "a"), (202, "b")] {
        desk.room.fake.mail("INBOX", uid, |mail| mail.read = false);
        assert_eq!(processed(&desk).await, 1, "{name}");
        assert_eq!(processed(&desk).await, 0, "{name}");
    }
    assert_eq!(desk.room.count("message").await, 2);
    assert_eq!(desk.room.fake.read("INBOX"), [true, true]);
}
