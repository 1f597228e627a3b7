//! What a provider tells of a subscription makes a job due, if it proves itself, and nothing more.

use mailroom::db::subscription::{self, Made};
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::job::Job;
use mailroom::domain::mailbox::{GraphSettings, Mailbox, ProviderKind, ProviderSettings};
use mailroom::domain::watch::{Means, Notification, Told, UNTOLD};
use mailroom::service::Permit;
use mailroom::service::permit::RunRead;
use mailroom::service::watch::{Noted, note, receiver, state_hash, statuses};
use mailroom::{db, service};

use super::Office;
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_notification_that_proves_itself_makes_the_job_due,
    what_is_told_while_a_job_looks_lets_it_look_again,
    a_subscription_is_due_until_it_is_made_and_when_the_configuration_changes,
    what_is_told_while_it_is_renewed_is_not_forgotten,
    one_process_takes_a_job_up,
    a_receiver_is_an_https_address_unless_graph_is_on_this_machine,
    without_an_https_address_a_job_says_that_it_polls_and_what_would_be_right,
);

/// A job that watches a mailbox of Exchange Online.
async fn watching(office: &Office) -> Job {
    let made = office.mailbox("graph").await;
    let job = office.job(&made, "INBOX").await;
    let user = "adele@contoso.example".to_owned();
    let settings = ProviderSettings::Graph(GraphSettings { user, endpoint: None });
    let mailbox = Mailbox { settings, version: made.version + 1, ..made.clone() };
    db::mailbox::update(office.cx.db.write(), &mailbox, "graph", made.version).await.unwrap();
    let watching = Job { watch: true, version: job.version + 1, next_run_at: None, ..job.clone() };
    db::job::update(office.cx.db.write(), &watching, job.version).await.unwrap();
    watching
}

async fn saved(office: &Office, job: &Job) -> Job {
    db::job::get(office.cx.db.read(), job.id).await.unwrap().unwrap()
}

async fn due(office: &Office) -> Vec<subscription::Due> {
    subscription::due(office.cx.db.read(), ProviderKind::Graph, office.now(), 10).await.unwrap()
}

async fn subscribed(office: &Office, job: &Job) {
    let due = due(office).await.into_iter().find(|due| due.job_id == job.id).unwrap();
    let write = office.cx.db.write();
    assert!(subscription::claim(write, &due, office.now()).await.unwrap());
    let made = Made {
        provider_id: "sub-1".to_owned(),
        state_hash: Some(state_hash("proof")),
        expires_at: office.now() + chrono::TimeDelta::days(2),
        renew_at: office.now() + chrono::TimeDelta::days(1),
        now: office.now(),
    };
    subscription::made(write, &due, &made).await.unwrap();
}

fn item(id: &str, client_state: &str, told: Told) -> Notification {
    Notification { provider_id: id.to_owned(), client_state: client_state.to_owned(), told }
}

async fn a_notification_that_proves_itself_makes_the_job_due(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office).await;
    subscribed(&office, &job).await;
    let forged = [item("sub-2", "proof", Told::Changed), item("sub-1", "guess", Told::Changed)];
    assert_eq!(note(&office.cx, &forged).await.unwrap(), Noted { due: 0, dropped: 2 });
    assert_eq!(saved(&office, &job).await.noted_at, None);

    let doubled = [item("sub-1", "proof", Told::Changed), item("sub-1", "proof", Told::Missed)];
    assert_eq!(note(&office.cx, &doubled).await.unwrap(), Noted { due: 1, dropped: 0 });
    let noted = saved(&office, &job).await;
    assert_eq!((noted.next_run_at, noted.noted_at), (Some(office.now()), Some(office.now())));
    assert_eq!(due(&office).await, []);

    assert_eq!(note(&office.cx, &[item("sub-1", "proof", Told::Reauthorize)]).await.unwrap().due, 0);
    let renewed = due(&office).await;
    assert_eq!(renewed[0].provider_id.as_deref(), Some("sub-1"));
    assert!(!renewed[0].is_outdated && renewed[0].is_wanted);

    assert_eq!(note(&office.cx, &[item("sub-1", "proof", Told::Removed)]).await.unwrap().due, 1);
    assert_eq!(due(&office).await[0].provider_id, None);
    assert_eq!(note(&office.cx, &doubled).await.unwrap(), Noted { due: 0, dropped: 2 });
}

async fn what_is_told_while_a_job_looks_lets_it_look_again(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office).await;
    subscribed(&office, &job).await;
    let seen = saved(&office, &job).await;
    office.clock.advance(chrono::TimeDelta::seconds(1));
    note(&office.cx, &[item("sub-1", "proof", Told::Changed)]).await.unwrap();
    let later = office.now() + chrono::TimeDelta::minutes(5);
    db::job::set_checked(office.cx.db.write(), &seen, Some(office.now()), Some(later)).await.unwrap();
    assert_eq!(saved(&office, &job).await.next_run_at, Some(office.now()));

    let seen = saved(&office, &job).await;
    db::job::set_checked(office.cx.db.write(), &seen, None, Some(later)).await.unwrap();
    assert_eq!(saved(&office, &job).await.next_run_at, Some(later));
}

async fn a_subscription_is_due_until_it_is_made_and_when_the_configuration_changes(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office).await;
    subscribed(&office, &job).await;
    assert_eq!(due(&office).await, []);
    let changed = Job { version: job.version + 1, ..job.clone() };
    db::job::update(office.cx.db.write(), &changed, job.version).await.unwrap();
    let again = due(&office).await;
    assert!(again[0].is_outdated && again[0].is_wanted);
    // Taken up, it waits: for the one who has it, and for the claim's end after that.
    assert!(subscription::claim(office.cx.db.write(), &again[0], office.now()).await.unwrap());
    assert_eq!(due(&office).await, []);
    office.clock.advance(chrono::TimeDelta::minutes(3));
    assert_eq!(due(&office).await.len(), 1);

    let quiet = Job { watch: false, version: changed.version + 1, ..changed.clone() };
    db::job::update(office.cx.db.write(), &quiet, changed.version).await.unwrap();
    let ended = due(&office).await;
    assert!(!ended[0].is_wanted && ended[0].provider_id.is_some());
    subscription::forget(office.cx.db.write(), job.id).await.unwrap();
    assert_eq!(due(&office).await, []);
}

async fn what_is_told_while_it_is_renewed_is_not_forgotten(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office).await;
    subscribed(&office, &job).await;
    office.clock.advance(chrono::TimeDelta::days(1));
    let renewing = due(&office).await.remove(0);
    assert!(subscription::claim(office.cx.db.write(), &renewing, office.now()).await.unwrap());
    office.clock.advance(chrono::TimeDelta::seconds(1));
    note(&office.cx, &[item("sub-1", "proof", Told::Removed)]).await.unwrap();
    let renewed = Made {
        provider_id: "sub-1".to_owned(),
        state_hash: None,
        expires_at: office.now() + chrono::TimeDelta::days(2),
        renew_at: office.now() + chrono::TimeDelta::days(1),
        now: office.now(),
    };
    subscription::made(office.cx.db.write(), &renewing, &renewed).await.unwrap();
    assert_eq!(due(&office).await.len(), 1, "it is looked at again, at once");
}

async fn one_process_takes_a_job_up(fresh: Fresh) {
    let office = Office::open(fresh);
    watching(&office).await;
    let due = due(&office).await;
    let write = office.cx.db.write();
    let (one, two) = tokio::join!(
        subscription::claim(write, &due[0], office.now()),
        subscription::claim(write, &due[0], office.now()),
    );
    assert_eq!(one.unwrap() as u8 + two.unwrap() as u8, 1);
}

async fn a_receiver_is_an_https_address_unless_graph_is_on_this_machine(fresh: Fresh) {
    let office = Office::open(fresh);
    let at = |endpoint: Option<&str>| {
        ProviderSettings::Graph(GraphSettings {
            user: "a@b.example".to_owned(),
            endpoint: endpoint.map(str::to_owned),
        })
    };
    let made = receiver(&office.cx, &at(None)).unwrap();
    assert_eq!(made.url, "https://mail.example/hooks/graph");
    let http = service::Context { public_url: "http://127.0.0.1:8080".into(), ..office.cx.clone() };
    assert!(receiver(&http, &at(None)).is_none());
    assert!(receiver(&http, &at(Some("http://127.0.0.1:8025"))).is_some());
}

async fn without_an_https_address_a_job_says_that_it_polls_and_what_would_be_right(fresh: Fresh) {
    let office = Office::open(fresh);
    let job = watching(&office).await;
    let caller = Caller { subject: "ada".to_owned(), name: None, scopes: vec![Scope::JobsRun] };
    let permit: Permit<RunRead> = Permit::of(&caller).unwrap();
    let http = service::Context { public_url: "http://mail.example".into(), ..office.cx.clone() };
    let jobs = [(job.id, job.mailbox_id)];
    let status = statuses(&http, &permit, &jobs).await.unwrap().remove(&job.id).unwrap();
    assert_eq!((status.means, status.poll), (Means::Polling, Some(UNTOLD)));
    assert_eq!(
        status.summary,
        "The folder is looked at every 15 seconds: Microsoft Graph calls https addresses only, and this installation has no \
         public one. Set public.url to one that leads here."
    );
    let https = statuses(&office.cx, &permit, &jobs).await.unwrap().remove(&job.id).unwrap();
    assert!(https.summary.contains("is being made"), "{}", https.summary);

    let mailbox = db::mailbox::get(office.cx.db.read(), job.mailbox_id).await.unwrap().unwrap();
    let paused = Mailbox { paused: true, version: mailbox.version + 1, ..mailbox.clone() };
    db::mailbox::update(office.cx.db.write(), &paused, "graph", mailbox.version).await.unwrap();
    assert!(statuses(&http, &permit, &jobs).await.unwrap().is_empty());
}
