//! A job that watches: a real process is told of new mail by the tenant, and acts on what happens to its subscription.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sandbox::faults::{Fate, Rule};
use sandbox::notify::{Event, lifecycle};
use sandbox::world::{Change, Subscription};
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both};
use crate::harness::desk::Desk;
use crate::harness::office365::Office365;
use crate::harness::rows::count;
use crate::harness::service::Service;

on_both!(
    what_arrives_is_told_and_taken_in_at_once,
    what_happens_to_a_subscription_is_acted_on,
    a_subscription_is_renewed_when_it_is_due_and_ended_when_nobody_wants_it,
    a_lost_notification_only_delays_and_a_doubled_or_late_one_takes_nothing_in_twice,
    a_subscription_that_is_refused_is_told_and_the_folder_is_looked_at_instead,
);

const ADDRESS: &str = "support@contoso.example";
/// Nothing is found by the schedule within a test.
const DAY: (&str, &str) = ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "86400");

struct Room {
    fresh: Fresh,
    office: Office365,
    service: Service,
    desk: Desk,
}

impl Room {
    async fn open(fresh: Fresh, more: &[(&str, &str)], rules: Vec<Rule>) -> Self {
        let office = Office365::judged(&[ADDRESS]).await;
        for rule in rules {
            office.state().faults.add(rule).unwrap();
        }
        let service = office.service(&fresh.url, more).await;
        let credential = office.credential(&service).await;
        let job = json!({ "folder": "INBOX", "since": null, "watch": true });
        let desk = office.desk(&service, &credential, ADDRESS, job, &[]).await;
        Self { fresh, office, service, desk }
    }

    /// One that is told of new mail.
    async fn told(fresh: Fresh) -> Self {
        let room = Self::open(fresh, &[DAY], Vec::new()).await;
        room.until("it is told", async || room.status().await["means"] == "NOTIFICATIONS").await;
        // The run that follows a subscription has been.
        let checked = "SELECT count(*) FROM job WHERE last_checked_at >= noted_at";
        room.until("it looked", async || count(&room.fresh, checked).await == 1).await;
        room
    }

    async fn status(&self) -> Value {
        let query = "query($id: ID!) { job(id: $id) { watchStatus { means summary pollSeconds expiresAt
            lastNotifiedAt error { code message hint retryable } nextAttemptAt } nextRunAt lastCheckedAt } }";
        let data = self.service.run(query, json!({ "id": self.desk.job })).await;
        let mut status = data["job"]["watchStatus"].clone();
        status["job"] = data["job"].clone();
        status
    }

    async fn messages(&self) -> i64 {
        count(&self.fresh, "SELECT count(*) FROM message").await
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !holds().await {
            assert!(
                Instant::now() < deadline,
                "waited in vain: {what}\n{:#}\n{}",
                self.status().await,
                self.service.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn deliver(&self, number: usize) {
        let raw = format!(
            "Message-ID: <{number}@test.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {number}\r\n\r\nHello\r\n"
        );
        self.office.deliver(ADDRESS, "inbox", raw.as_bytes(), None);
    }

    /// What the tenant knows of who is told.
    fn subscriptions(&self) -> Vec<Subscription> {
        self.office.state().world().subscriptions.values().cloned().collect()
    }

    fn subscription(&self) -> Subscription {
        let mut all = self.subscriptions();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    /// It is about to lapse, at the tenant.
    fn grow_old(&self) {
        let soon = self.office.state().clock.now() + TimeDelta::minutes(50);
        let mut world = self.office.state().world_mut();
        world.subscriptions.values_mut().for_each(|one| one.expires = soon);
    }

    fn is_renewed(&self) -> bool {
        self.subscription().expires > self.office.state().clock.now() + TimeDelta::days(2)
    }

    async fn execute(&self, sql: &str) {
        use sea_orm::{ConnectionTrait as _, Statement};
        let db = self.fresh.database.write();
        db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    }
}

async fn what_arrives_is_told_and_taken_in_at_once(fresh: Fresh) {
    let room = Room::told(fresh).await;
    let subscription = room.subscription();
    assert_eq!(subscription.changes, [Change::Created], "what we change ourselves is not told");
    assert!(subscription.folder.is_some() && subscription.ids == sandbox::world::IdKind::Immutable);
    assert!(subscription.client_state.is_some_and(|state| state.len() >= 32));
    assert!(subscription.lifecycle_url.is_some_and(|url| url.ends_with("/hooks/graph/lifecycle")));
    let status = room.status().await;
    assert!(status["expiresAt"].is_string() && status["pollSeconds"].is_null() && status["error"].is_null());

    for number in 0..3 {
        room.deliver(number);
        room.until("it is in", async || room.messages().await == number as i64 + 1).await;
    }
    let query =
        "query($id: ID!) { job(id: $id) { lastRun { trigger state } watchStatus { lastNotifiedAt } } }";
    room.until("the run ended", async || {
        let data = room.service.run(query, json!({ "id": room.desk.job })).await;
        data["job"]["lastRun"] == json!({ "trigger": "WATCH", "state": "SUCCEEDED" })
    })
    .await;
    assert!(room.status().await["lastNotifiedAt"].as_str() > status["lastNotifiedAt"].as_str());
}

async fn what_happens_to_a_subscription_is_acted_on(fresh: Fresh) {
    let room = Room::told(fresh).await;
    let first = room.subscription().id;
    room.grow_old();
    assert!(lifecycle(room.office.state(), first, Event::ReauthorizationRequired).await);
    room.until("it is renewed", async || room.is_renewed()).await;
    assert_eq!(room.subscription().id, first);

    // The tenant tells nothing from now on, but that it did not.
    let lost = Rule { name: Some("lost".to_owned()), notification: Some(Fate::Drop), ..Rule::default() };
    room.office.state().faults.add(lost).unwrap();
    room.deliver(1);
    assert!(lifecycle(room.office.state(), first, Event::Missed).await);
    room.until("what was missed is in", async || room.messages().await == 1).await;
    room.office.state().faults.clear();

    lifecycle(room.office.state(), first, Event::SubscriptionRemoved).await;
    room.deliver(2);
    room.until("what came meanwhile is in", async || room.messages().await == 2).await;
    room.until("there is another", async || {
        room.subscriptions().iter().any(|one| one.id != first)
            && room.status().await["means"] == "NOTIFICATIONS"
    })
    .await;
    room.deliver(3);
    room.until("the other one tells", async || room.messages().await == 3).await;
}

async fn a_subscription_is_renewed_when_it_is_due_and_ended_when_nobody_wants_it(fresh: Fresh) {
    let room = Room::told(fresh).await;
    let first = room.subscription().id;
    room.grow_old();
    // Half its life is over.
    let due = "UPDATE subscription SET due_at = '2020-01-01T00:00:00.000+00:00'";
    room.execute(due).await;
    room.until("it is renewed", async || room.is_renewed()).await;
    assert_eq!(room.subscription().id, first);

    // One that is gone without a word is made anew.
    room.office.state().world_mut().subscriptions.clear();
    room.execute(due).await;
    room.until("it is made anew", async || !room.subscriptions().is_empty()).await;
    let second = room.subscription().id;
    assert_ne!(second, first);
    room.deliver(1);
    room.until("it tells", async || room.messages().await == 1).await;

    // One that the tenant has, and we know nothing of, is in the way of ours.
    room.execute("DELETE FROM subscription").await;
    room.until("it is made anew", async || {
        let all = room.subscriptions();
        all.len() == 1 && all.iter().all(|one| one.id != second)
    })
    .await;
    room.until("it is told again", async || room.status().await["means"] == "NOTIFICATIONS").await;

    let query =
        "mutation($input: UpdateJobInput!) { updateJob(input: $input) { userErrors { message path } } }";
    room.service.run(query, json!({ "input": { "id": room.desk.job, "watch": false } })).await;
    room.until("it is ended", async || room.subscriptions().is_empty()).await;
    room.until("and forgotten", async || count(&room.fresh, "SELECT count(*) FROM subscription").await == 0)
        .await;
}

async fn a_lost_notification_only_delays_and_a_doubled_or_late_one_takes_nothing_in_twice(fresh: Fresh) {
    let lost = Rule { notification: Some(Fate::Drop), count: Some(2), ..Rule::default() };
    let doubled = Rule { notification: Some(Fate::Double), every: Some(2), ..Rule::default() };
    let late = Rule { notification: Some(Fate::Delay), delay_ms: Some(1_500), ..Rule::default() };
    let often = [("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "3")];
    let room = Room::open(fresh, &often, vec![lost, doubled, late]).await;
    room.until("it is told", async || room.status().await["means"] == "NOTIFICATIONS").await;
    for number in 0..8 {
        room.deliver(number);
        room.until("it is in", async || room.messages().await > number as i64).await;
    }
    let faults = room.office.state().faults.list();
    assert!(faults.iter().take(2).all(|report| report.used > 0), "{faults:?}");
    room.until("the late ones came, and nothing is left to do", async || {
        let told: u64 = room.office.state().faults.list().iter().map(|report| report.used).sum();
        told >= 5 && count(&room.fresh, "SELECT count(*) FROM run WHERE finished_at IS NULL").await == 0
    })
    .await;
    assert_eq!(room.messages().await, 8);
    assert_eq!(count(&room.fresh, "SELECT count(*) FROM process_instance").await, 8);
}

async fn a_subscription_that_is_refused_is_told_and_the_folder_is_looked_at_instead(fresh: Fresh) {
    let refused = Rule {
        name: Some("refused".to_owned()),
        method: Some("POST".to_owned()),
        path: Some("/subscriptions".to_owned()),
        status: Some(400),
        code: Some("ValidationError".to_owned()),
        ..Rule::default()
    };
    let room = Room::open(fresh, &[DAY], vec![refused]).await;
    room.until("it says so", async || room.status().await["error"].is_object()).await;
    let status = room.status().await;
    assert_eq!((&status["means"], &status["pollSeconds"]), (&json!("POLLING"), &json!(15)));
    assert!(status["summary"].as_str().unwrap().contains("refused the last time"), "{status}");
    let error = &status["error"];
    assert_eq!((&error["code"], &error["retryable"]), (&json!("UNREACHABLE"), &json!(true)));
    assert_eq!(error["message"], "Graph could not reach the address that it is to tell of new mail.");
    assert!(error["hint"].as_str().unwrap().contains("/hooks/graph"), "{error}");
    assert!(status["nextAttemptAt"].is_string());
    room.until("it looks again soon", async || {
        let job = &room.status().await["job"];
        let time =
            |name: &str| job[name].as_str().map(|at| chrono::DateTime::parse_from_rfc3339(at).unwrap());
        let (Some(next), Some(checked)) = (time("nextRunAt"), time("lastCheckedAt")) else { return false };
        next - checked <= TimeDelta::seconds(15)
    })
    .await;

    assert!(room.office.state().faults.remove("refused"));
    room.execute("UPDATE subscription SET due_at = '2020-01-01T00:00:00.000+00:00'").await;
    room.until("it is told after all", async || {
        let status = room.status().await;
        status["means"] == "NOTIFICATIONS" && status["error"].is_null()
    })
    .await;
}
