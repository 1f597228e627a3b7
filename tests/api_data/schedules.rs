//! Schedules of jobs over the API: what is given comes back, and what is refused names its field.

use chrono::Timelike as _;
use mailroom::db;
use mailroom::domain::clock::Clock as _;
use mailroom::domain::id::JobId;
use mailroom::domain::schedule::{Frequency, Schedule};
use serde_json::{Value, json};

use super::house::{House, raw, text};
use crate::harness::database::{Fresh, on_both};
use crate::schedule::random::Source;

on_both!(
    any_schedule_comes_back_as_it_was_given,
    a_job_says_when_it_runs,
    what_can_be_no_schedule_is_refused_with_the_path_from_the_mutations_input,
);

const JOB: &str = "{ id nextRunAt runsSummary schedule { timeZone startsOn endsOn
    on { daily { every } weekly { every on } monthly { every day week weekday } yearly { every month day week weekday } }
    at { once every { every unit from until } } } }";

/// Adds a mailbox with this first job; the whole answer.
async fn made(house: &House, name: &str, mut job: Value) -> Value {
    job["name"] = json!(name);
    let input = json!({
        "title": name, "address": format!("{name}@company.example"),
        "provider": { "graph": { "user": format!("{name}@company.example") } },
        "newCredential": { "name": name, "config": { "entraClientSecret": {
            "tenantId": "company.example", "clientId": "8a5c0000-1111-4222-8333-000000000002", "clientSecret": "x" } } },
        "job": job,
    });
    let query = format!(
        "mutation($input: CreateMailboxInput!) {{ createMailbox(input: $input) {{
            mailbox {{ jobs {JOB} }} userErrors {{ code message path }} }} }}"
    );
    house.data(&query, json!({ "input": input })).await["createMailbox"].clone()
}

async fn changed(house: &House, input: Value) -> Value {
    let query = format!(
        "mutation($input: UpdateJobInput!) {{ updateJob(input: $input) {{ job {JOB} userErrors {{ code message path }} }} }}"
    );
    house.data(&query, json!({ "input": input })).await["updateJob"].clone()
}

/// Without what is null, as an input has it.
fn given(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name.clone(), given(value))).collect())
        }
        other => other.clone(),
    }
}

/// Clocks of the API show no seconds.
fn is_of_whole_minutes(schedule: &Schedule) -> bool {
    match &schedule.at {
        Frequency::Once(time) => time.second() == 0,
        Frequency::Every(interval) => interval.from.second() == 0 && interval.until.second() == 0,
    }
}

async fn any_schedule_comes_back_as_it_was_given(fresh: Fresh) {
    let house = House::open(fresh);
    let made = made(&house, "desk", json!({ "schedule": null })).await;
    let id = text(&made["mailbox"]["jobs"][0]["id"]);
    let mut source = Source::new(0xca11);
    let mut tried = 0;
    while tried < 100 {
        let (schedule, _) = source.case();
        let now = house.clock.now();
        let Some(next) = schedule.next_after(now) else { continue };
        if !is_of_whole_minutes(&schedule) {
            continue;
        }
        tried += 1;
        let saved =
            || async { db::job::get(house.services.db.read(), raw::<JobId>(&id)).await.unwrap().unwrap() };
        let mut job = saved().await;
        let was = job.version;
        (job.schedule, job.version) = (Some(schedule.clone()), was + 1);
        db::job::update(house.services.db.write(), &job, was).await.unwrap();
        let query = format!("query($id: ID!) {{ job(id: $id) {JOB} }}");
        let told = house.data(&query, json!({ "id": id })).await["job"]["schedule"].clone();
        changed(&house, json!({ "id": id, "schedule": null })).await;
        let answer = changed(&house, json!({ "id": id, "schedule": given(&told) })).await;
        assert_eq!(answer["userErrors"], json!([]), "{told}");
        assert_eq!(answer["job"]["schedule"], told);
        let job = saved().await;
        assert_eq!((job.schedule, job.next_run_at), (Some(schedule), Some(next)));
    }
}

async fn a_job_says_when_it_runs(fresh: Fresh) {
    let house = House::open(fresh);
    let schedule = json!({ "timeZone": "Europe/Paris", "on": { "daily": {} }, "at": { "once": "08:00" } });
    let by_hand = "It has no schedule. It runs by hand only.";
    for (name, job, summary, is_due) in [
        ("absent", json!({}), "Every 5 minutes, every day, UTC.", true),
        ("none", json!({ "schedule": null }), by_hand, false),
        ("given", json!({ "schedule": schedule }), "At 08:00, every day, Europe/Paris.", true),
        (
            "watches",
            json!({ "schedule": null, "watch": true }),
            "It has no schedule. New mail starts it at once; should a notification be lost, it looks once an hour all the same.",
            true,
        ),
    ] {
        let made = made(&house, name, job).await;
        let job = &made["mailbox"]["jobs"][0];
        assert_eq!(job["runsSummary"], summary, "{made:#}");
        assert_eq!(job["nextRunAt"].is_string(), is_due, "{name}: {job}");
    }
    let made = made(&house, "updated", json!({})).await;
    let id = &made["mailbox"]["jobs"][0]["id"];
    let none = changed(&house, json!({ "id": id, "schedule": null })).await;
    assert_eq!((&none["job"]["runsSummary"], &none["job"]["nextRunAt"]), (&json!(by_hand), &Value::Null));
    let kept = changed(&house, json!({ "id": id, "name": "other" })).await;
    assert_eq!((&kept["job"]["schedule"], &kept["job"]["nextRunAt"]), (&Value::Null, &Value::Null));
}

async fn what_can_be_no_schedule_is_refused_with_the_path_from_the_mutations_input(fresh: Fresh) {
    let house = House::open(fresh);
    let daily = json!({ "daily": {} });
    let once = json!({ "once": "08:00" });
    let made_one = made(&house, "desk", json!({})).await;
    let id = &made_one["mailbox"]["jobs"][0]["id"];
    for (schedule, path) in [
        (json!({ "timeZone": "Mars/Olympus", "on": daily, "at": once }), "schedule.timeZone"),
        (json!({ "on": { "monthly": {} }, "at": once }), "schedule.on.monthly"),
        (
            json!({ "on": daily, "at": { "every": { "every": 9, "unit": "SECONDS" } } }),
            "schedule.at.every.every",
        ),
        (json!({ "on": { "yearly": { "month": 2, "day": 31 } }, "at": once }), "schedule.on.yearly.day"),
        (json!({ "on": daily, "at": once, "endsOn": "2020-01-01" }), "schedule.endsOn"),
    ] {
        let below = |first: &[&str]| json!(first.iter().copied().chain(path.split('.')).collect::<Vec<_>>());
        let refused = changed(&house, json!({ "id": id, "schedule": schedule })).await;
        assert_eq!(refused["userErrors"][0]["path"], below(&[]), "{refused:#}");
        assert_eq!((&refused["job"], &refused["userErrors"][0]["code"]), (&Value::Null, &json!("INVALID")));
        let refused = made(&house, "refused", json!({ "schedule": schedule })).await;
        assert_eq!(refused["userErrors"][0]["path"], below(&["job"]), "{refused:#}");
    }
}
