//! Judged on a Dovecot, by another client.

use std::collections::BTreeMap;

use serde_json::json;

use super::combination::{
    CATEGORY, Combination, End, OUTCOMES, TARGET, all, fails, give_up, graceful, ignore, lapse, marked,
    order, settled,
};
use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::person::Person;
use crate::harness::service::Service;

on_both!(
    every_combination_leaves_the_original_where_and_as_it_says,
    marks_are_made_at_once_and_the_rest_waits_unless_it_is_given_up,
);

const USER: &str = "handling";

/// Folder and flags of each message, by its Message-ID. One that is there twice fails.
fn originals(person: &mut Person, folders: &[String]) -> BTreeMap<String, (String, bool, bool)> {
    let mut found = BTreeMap::new();
    for folder in folders {
        let flags = person.flags(folder);
        let ids = person.message_ids(folder);
        assert_eq!(flags.len(), ids.len());
        for ((_, flags), id) in flags.into_iter().zip(ids) {
            let has = |wanted: &str| flags.iter().any(|flag| flag.eq_ignore_ascii_case(wanted));
            assert!(!has("\\Deleted"), "{id} is struck");
            let id = id.trim_matches(['<', '>']).to_owned();
            let twice = found.insert(id.clone(), (folder.clone(), has("\\Seen"), has(CATEGORY)));
            assert_eq!(twice, None, "{id} is there twice");
        }
    }
    found
}

fn expected(all: &[Combination]) -> BTreeMap<String, (String, bool, bool)> {
    let mut expected = BTreeMap::new();
    for one in all {
        let place = match one.end {
            _ if one.is_endless() => (one.folder.clone(), false, false),
            End::Keep => (one.folder.clone(), one.mark_read, one.category),
            End::Move => (TARGET.to_owned(), one.mark_read, one.category),
            End::Delete => ("Trash".to_owned(), one.mark_read, one.category),
            End::Purge => continue,
        };
        expected.extend(OUTCOMES.map(|outcome| (one.message_id(outcome), place.clone())));
    }
    expected
}

async fn every_combination_leaves_the_original_where_and_as_it_says(fresh: Fresh) {
    let dovecot = Dovecot::start();
    let all = all();
    for one in &all {
        for outcome in OUTCOMES {
            dovecot.deliver(USER, &one.folder, one.mail(outcome).as_bytes());
        }
    }
    let service = Service::start_with(&fresh.url, &[("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1")]).await;
    let desk = desk::create_with(&service, dovecot.port, USER, json!({ "schedule": null }), &[fails()]).await;
    ignore(&service, &desk).await;
    order(&service, &desk, &all).await;
    settled(&fresh, &service, &all).await;
    let mut folders: Vec<String> = all.iter().map(|one| one.folder.clone()).collect();
    folders.extend([TARGET.to_owned(), "Trash".to_owned()]);
    let found = originals(&mut dovecot.person(USER), &folders);
    assert_eq!(found, expected(&all));
}

async fn marks_are_made_at_once_and_the_rest_waits_unless_it_is_given_up(fresh: Fresh) {
    let dovecot = Dovecot::start();
    let all = graceful();
    for one in &all {
        for outcome in OUTCOMES {
            dovecot.deliver(USER, &one.folder, one.mail(outcome).as_bytes());
        }
    }
    let mut service =
        Service::start_with(&fresh.url, &[("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1")]).await;
    let desk = desk::create_with(&service, dovecot.port, USER, json!({ "schedule": null }), &[fails()]).await;
    ignore(&service, &desk).await;
    let mut jobs = Vec::new();
    for one in &all {
        jobs.push(desk::create_job(&service, &desk, &one.folder, one.graceful_job()).await);
    }
    marked(&fresh, &service, &all).await;
    let mut folders: Vec<String> = all.iter().map(|one| one.folder.clone()).collect();
    let here = |one: &Combination, outcome| (one.message_id(outcome), (one.folder.clone(), true, true));
    let waiting: BTreeMap<_, _> =
        all.iter().flat_map(|one| OUTCOMES.map(|outcome| here(one, outcome))).collect();
    assert_eq!(originals(&mut dovecot.person(USER), &folders), waiting);

    give_up(&service).await;
    lapse(&fresh, &mut service).await;
    for job in &jobs {
        desk::run_job(&service, job, std::time::Duration::from_secs(60)).await;
    }
    let mut then = expected(&all);
    then.extend(all.iter().map(|one| here(one, "processed")));
    folders.extend([TARGET.to_owned(), "Trash".to_owned()]);
    assert_eq!(originals(&mut dovecot.person(USER), &folders), then);
}
