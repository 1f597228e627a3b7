//! Judged on the sandbox, by what lies in it; what is purged lies in the Recoverable Items, where no user comes.

use std::collections::BTreeMap;

use serde_json::json;

use super::combination::{
    CATEGORY, Combination, End, OUTCOMES, TARGET, all, fails, give_up, graceful, ignore, lapse, marked,
    order, settled,
};
use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::office365::Office365;

on_both!(
    every_combination_leaves_the_original_where_and_as_it_says,
    marks_are_made_at_once_and_the_rest_waits_unless_it_is_given_up,
);

const ADDRESS: &str = "handling@contoso.example";

/// Folder, mark and category of each message, by its Message-ID. One that is there twice fails.
fn originals(office: &Office365) -> BTreeMap<String, (String, bool, bool)> {
    let world = office.state().world();
    let mailbox = world.tenants.iter().find_map(|tenant| tenant.mailbox(ADDRESS)).unwrap();
    let mut found = BTreeMap::new();
    for message in mailbox.messages() {
        let id = message.envelope.internet_message_id.clone().unwrap();
        let folder = mailbox.folder(message.folder).unwrap().name.clone();
        let place = (folder, message.is_read, message.categories.iter().any(|name| name == CATEGORY));
        let twice = found.insert(id.trim_matches(['<', '>']).to_owned(), place);
        assert_eq!(twice, None, "{id} is there twice");
    }
    found
}

fn expected(all: &[Combination]) -> BTreeMap<String, (String, bool, bool)> {
    let mut expected = BTreeMap::new();
    for one in all {
        let folder = match one.end {
            End::Keep => one.folder.as_str(),
            End::Move => TARGET,
            End::Delete => "Deleted Items",
            End::Purge => "Purges",
        };
        let place = (folder.to_owned(), one.mark_read, one.category && !one.is_endless());
        expected.extend(OUTCOMES.map(|outcome| (one.message_id(outcome), place.clone())));
    }
    expected
}

async fn every_combination_leaves_the_original_where_and_as_it_says(fresh: Fresh) {
    let office = Office365::judged(&[ADDRESS]).await;
    let all = all();
    for one in &all {
        office.make_folder(ADDRESS, &one.folder);
        for outcome in OUTCOMES {
            office.deliver(ADDRESS, &one.folder, one.mail(outcome).as_bytes(), None);
        }
    }
    let service = office.service(&fresh.url, &[]).await;
    let credential = office.credential(&service).await;
    let desk = office.desk(&service, &credential, ADDRESS, json!({ "schedule": null }), &[fails()]).await;
    ignore(&service, &desk).await;
    order(&service, &desk, &all).await;
    settled(&fresh, &service, &all).await;
    assert_eq!(originals(&office), expected(&all));
}

async fn marks_are_made_at_once_and_the_rest_waits_unless_it_is_given_up(fresh: Fresh) {
    let office = Office365::judged(&[ADDRESS]).await;
    let all = graceful();
    for one in &all {
        office.make_folder(ADDRESS, &one.folder);
        for outcome in OUTCOMES {
            office.deliver(ADDRESS, &one.folder, one.mail(outcome).as_bytes(), None);
        }
    }
    let mut service = office.service(&fresh.url, &[]).await;
    let credential = office.credential(&service).await;
    let desk = office.desk(&service, &credential, ADDRESS, json!({ "schedule": null }), &[fails()]).await;
    ignore(&service, &desk).await;
    let mut jobs = Vec::new();
    for one in &all {
        jobs.push(desk::create_job(&service, &desk, &one.folder, one.graceful_job()).await);
    }
    marked(&fresh, &service, &all).await;
    let here = |one: &Combination, outcome| (one.message_id(outcome), (one.folder.clone(), true, true));
    let waiting: BTreeMap<_, _> =
        all.iter().flat_map(|one| OUTCOMES.map(|outcome| here(one, outcome))).collect();
    assert_eq!(originals(&office), waiting);

    give_up(&service).await;
    lapse(&fresh, &mut service).await;
    for job in &jobs {
        desk::run_job(&service, job, std::time::Duration::from_secs(60)).await;
    }
    let mut then = expected(&all);
    then.extend(all.iter().map(|one| here(one, "processed")));
    assert_eq!(originals(&office), then);
}
