//! Jobs: one a folder, and no handling that could not work or would go in circles.

use mailroom::db;
use mailroom::db::job::JobFilter;
use mailroom::domain::handling::OriginalFate;
use mailroom::domain::id::{JobId, MailboxId};
use mailroom::domain::job::Selection;
use mailroom::domain::page::PageRequest;
use mailroom::service::Patch;
use mailroom::service::job::{
    CreateJob, DispositionInput, FirstJob, HandlingInput, MAX_PER_MAILBOX, UpdateJob, create, delete, update,
};

use super::{Office, first_job, refusals};
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_folder_has_one_job_and_inbox_is_one_in_any_case,
    since_is_the_creation_by_default_and_null_means_everything,
    handling_that_can_not_work_is_refused_by_path,
    a_move_target_is_no_folder_of_a_job,
    unread_needs_every_outcome_to_leave_the_original_read_or_gone,
    an_update_keeps_clears_and_replaces,
    another_folder_forgets_how_far_the_old_one_was_listed,
    of_two_updates_of_one_version_one_wins,
    a_mailbox_has_at_most_fifty_jobs,
    deleted_is_deleted_and_filters_find_the_rest,
);

pub fn change(id: JobId) -> UpdateJob {
    UpdateJob {
        id,
        name: Patch::Keep,
        folder: Patch::Keep,
        enabled: Patch::Keep,
        schedule: Patch::Keep,
        watch: Patch::Keep,
        selection: Patch::Keep,
        since: Patch::Keep,
        handling: Patch::Keep,
        max_messages_per_run: Patch::Keep,
        expected_version: None,
    }
}

fn named(mailbox_id: MailboxId, name: &str, folder: &str) -> CreateJob {
    let job = FirstJob { name: Some(name.to_owned()), folder: folder.to_owned(), ..first_job() };
    CreateJob { mailbox_id, job }
}

fn end(original: OriginalFate, folder: Option<&str>) -> DispositionInput {
    DispositionInput { mark_read: false, original, folder: folder.map(str::to_owned), categories: Vec::new() }
}

async fn a_folder_has_one_job_and_inbox_is_one_in_any_case(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    office.job(&mailbox, "INBOX").await;
    let same = create(&office.cx, &office.permit, named(mailbox.id, "second", "inbox")).await;
    assert_eq!(refusals(same), ["TAKEN folder"]);
    let sub = office.job(&mailbox, "Sub").await;
    // Other folders are told apart by case.
    office.job(&mailbox, "sub").await;
    let moved = UpdateJob { folder: Patch::Set("Inbox".to_owned()), ..change(sub.id) };
    assert_eq!(refusals(update(&office.cx, &office.permit, moved).await), ["TAKEN folder"]);
    let other = office.mailbox("other").await;
    office.job(&other, "INBOX").await;
    let name = create(&office.cx, &office.permit, named(other.id, "INBOX of desk", "More")).await;
    assert_eq!(refusals(name), ["TAKEN name"]);
    let (one, two) = tokio::join!(
        create(&office.cx, &office.permit, named(other.id, "one", "Race")),
        create(&office.cx, &office.permit, named(other.id, "two", "Race")),
    );
    let lost = if one.is_ok() { two } else { one };
    assert_eq!(refusals(lost), ["TAKEN folder"]);
}

async fn since_is_the_creation_by_default_and_null_means_everything(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let default = office.job(&mailbox, "INBOX").await;
    assert_eq!(default.since, Some(office.now()));
    let mut everything = named(mailbox.id, "all", "All");
    everything.job.since = Patch::Clear;
    let everything = create(&office.cx, &office.permit, everything).await.unwrap();
    assert_eq!(everything.since, None);
    let mut idle = named(mailbox.id, "idle", "Idle");
    idle.job.enabled = false;
    let idle = create(&office.cx, &office.permit, idle).await.unwrap();
    assert_eq!(idle.next_run_at, None);
    assert_eq!(db::job::get(office.cx.db.read(), idle.id).await.unwrap(), Some(idle));
}

async fn handling_that_can_not_work_is_refused_by_path(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let mut input = named(mailbox.id, "", "INBOX");
    input.job.max_messages_per_run = Some(0);
    input.job.handling = Some(HandlingInput {
        on_success: Some(end(OriginalFate::Move, None)),
        on_ignored: Some(end(OriginalFate::Keep, Some("Done"))),
        on_failure: Some(DispositionInput {
            categories: vec!["ok".to_owned(), " ".to_owned()],
            ..end(OriginalFate::Move, Some("/Done"))
        }),
        purge_at_end_of_run: true,
        grace_hours: -1,
    });
    assert_eq!(
        refusals(create(&office.cx, &office.permit, input).await),
        [
            "REQUIRED name",
            "INVALID maxMessagesPerRun",
            "REQUIRED handling.onSuccess.folder",
            "INVALID handling.onIgnored.folder",
            "INVALID handling.onFailure.folder",
            "REQUIRED handling.onFailure.categories.1",
            "INVALID handling.purgeAtEndOfRun",
            "INVALID handling.graceHours",
        ]
    );
    let nowhere = create(&office.cx, &office.permit, named(MailboxId::new(), "x", "INBOX")).await;
    assert_eq!(refusals(nowhere), ["NOT_FOUND mailboxId"]);
}

async fn a_move_target_is_no_folder_of_a_job(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    office.job(&mailbox, "Second").await;
    let moving = |target: &str| {
        let mut input = named(mailbox.id, "first", "INBOX");
        let handling = HandlingInput {
            on_success: Some(end(OriginalFate::Move, Some(target))),
            ..HandlingInput::default()
        };
        input.job.handling = Some(handling);
        input
    };
    for target in ["Second", "inbox"] {
        let refused = refusals(create(&office.cx, &office.permit, moving(target)).await);
        assert_eq!(refused, ["INVALID handling.onSuccess.folder"], "{target}");
    }
    create(&office.cx, &office.permit, moving("Done")).await.unwrap();
    let onto_the_target = create(&office.cx, &office.permit, named(mailbox.id, "third", "Done")).await;
    assert_eq!(refusals(onto_the_target), ["INVALID folder"]);
    // Another mailbox has folders of its own.
    let other = office.mailbox("other").await;
    office.job(&other, "Done").await;
}

async fn unread_needs_every_outcome_to_leave_the_original_read_or_gone(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let mut input = named(mailbox.id, "unread", "INBOX");
    input.job.selection = Selection::Unread;
    let refused = refusals(create(&office.cx, &office.permit, input.clone()).await);
    assert_eq!(refused, ["INVALID handling.onIgnored", "INVALID handling.onFailure"]);
    input.job.handling = Some(HandlingInput {
        on_ignored: Some(end(OriginalFate::Delete, None)),
        on_failure: Some(end(OriginalFate::Move, Some("Failed"))),
        ..HandlingInput::default()
    });
    let made = create(&office.cx, &office.permit, input).await.unwrap();
    let back = UpdateJob { handling: Patch::Clear, ..change(made.id) };
    let refused = refusals(update(&office.cx, &office.permit, back).await);
    assert_eq!(refused, ["INVALID handling.onIgnored", "INVALID handling.onFailure"]);
}

async fn an_update_keeps_clears_and_replaces(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let mut input = named(mailbox.id, "first", "INBOX");
    input.job.max_messages_per_run = Some(10);
    input.job.handling = Some(HandlingInput { grace_hours: 24, ..HandlingInput::default() });
    let made = create(&office.cx, &office.permit, input).await.unwrap();
    office.clock.advance(chrono::TimeDelta::minutes(1));

    let kept = update(&office.cx, &office.permit, change(made.id)).await.unwrap();
    assert_eq!((kept.version, kept.next_run_at), (2, Some(office.now())));
    assert_eq!((&kept.handling, kept.max_messages_per_run), (&made.handling, Some(10)));
    assert_eq!((kept.since, &kept.name, &kept.folder), (made.since, &made.name, &made.folder));

    let cleared = UpdateJob {
        since: Patch::Clear,
        handling: Patch::Clear,
        max_messages_per_run: Patch::Clear,
        enabled: Patch::Set(false),
        ..change(made.id)
    };
    let cleared = update(&office.cx, &office.permit, cleared).await.unwrap();
    assert_eq!((cleared.since, cleared.max_messages_per_run, cleared.next_run_at), (None, None, None));
    assert_eq!(cleared.handling.as_ref().map(|handling| handling.grace_hours), Some(0));
    assert_eq!(db::job::get(office.cx.db.read(), made.id).await.unwrap(), Some(cleared));

    let nulls = UpdateJob {
        name: Patch::Clear,
        folder: Patch::Clear,
        enabled: Patch::Clear,
        selection: Patch::Clear,
        ..change(made.id)
    };
    let refused = refusals(update(&office.cx, &office.permit, nulls).await);
    assert_eq!(refused, ["REQUIRED name", "REQUIRED folder", "REQUIRED enabled", "REQUIRED selection"]);
}

async fn another_folder_forgets_how_far_the_old_one_was_listed(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let job = office.job(&mailbox, "INBOX").await;
    let ttl = std::time::Duration::from_secs(60);
    let claim = async || db::lease::claim(office.cx.db.write(), mailbox.id, "worker", ttl).await.unwrap();
    let lease = claim().await.unwrap();
    let renamed = UpdateJob { name: Patch::Set("other name".to_owned()), ..change(job.id) };
    update(&office.cx, &office.permit, renamed).await.unwrap();
    db::lease::check(office.cx.db.write(), &lease).await.unwrap();
    let moved = UpdateJob { folder: Patch::Set("Other".to_owned()), ..change(job.id) };
    update(&office.cx, &office.permit, moved).await.unwrap();
    // What the worker had begun for the old folder can't be committed; another one may begin at once.
    assert!(matches!(db::lease::check(office.cx.db.write(), &lease).await, Err(db::Error::LeaseLost)));
    assert!(claim().await.is_some());
}

async fn of_two_updates_of_one_version_one_wins(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let job = office.job(&mailbox, "INBOX").await;
    let rename = |name: &str| UpdateJob {
        name: Patch::Set(name.to_owned()),
        expected_version: Some(1),
        ..change(job.id)
    };
    let (one, two) = tokio::join!(
        update(&office.cx, &office.permit, rename("one")),
        update(&office.cx, &office.permit, rename("two")),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().version, 2);
    assert_eq!(refusals(lost), ["CONFLICT expectedVersion"]);
    assert_eq!(refusals(update(&office.cx, &office.permit, change(JobId::new())).await), ["NOT_FOUND id"]);
}

async fn a_mailbox_has_at_most_fifty_jobs(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    for number in 0..MAX_PER_MAILBOX {
        office.job(&mailbox, &format!("Folder {number}")).await;
    }
    let more = create(&office.cx, &office.permit, named(mailbox.id, "one more", "INBOX")).await;
    assert_eq!(refusals(more), ["INVALID mailboxId"]);
}

async fn deleted_is_deleted_and_filters_find_the_rest(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let gone = office.job(&mailbox, "Gone").await;
    let inbox = office.job(&mailbox, "INBOX").await;
    let other = office.mailbox("other").await;
    office.job(&other, "INBOX").await;
    let off = UpdateJob { enabled: Patch::Set(false), ..change(inbox.id) };
    update(&office.cx, &office.permit, off).await.unwrap();
    delete(&office.cx, &office.permit, gone.id).await.unwrap();
    assert_eq!(refusals(delete(&office.cx, &office.permit, gone.id).await), ["NOT_FOUND id"]);
    let names = async |filter: JobFilter| {
        let db = office.cx.db.read();
        let page = db::job::list(db, &filter, &PageRequest::default()).await.unwrap();
        assert_eq!(db::job::count(db, &filter).await.unwrap(), page.items.len() as u64);
        page.items.into_iter().map(|job| job.name).collect::<Vec<_>>()
    };
    let any = JobFilter::default;
    assert_eq!(names(any()).await, ["INBOX of desk", "INBOX of other"]);
    assert_eq!(names(JobFilter { mailbox_id: Some(other.id), ..any() }).await, ["INBOX of other"]);
    assert_eq!(names(JobFilter { enabled: Some(false), ..any() }).await, ["INBOX of desk"]);
    assert_eq!(names(JobFilter { search: Some("OTHER".to_owned()), ..any() }).await, ["INBOX of other"]);
}
