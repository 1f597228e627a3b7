//! A schedule is tried before it is saved.

use serde_json::{Value, json};

use super::served::{code, serve};

const PREVIEW: &str = "query($schedule: ScheduleInput!, $count: Int! = 5) {
    previewSchedule(schedule: $schedule) {
        schedule {
            timeZone startsOn endsOn rrule summary next(count: $count)
            on { daily { every } weekly { every on } monthly { every day week weekday } yearly { every month day week weekday } }
            at { once every { every unit from until } }
        }
        userErrors { code message path }
    }
}";

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_told_in_words_as_a_rule_and_by_its_next_instants() {
    let served = serve().await;
    let schedule = json!({
        "timeZone": "Europe/Paris",
        "on": { "monthly": { "week": "SECOND", "weekday": "TUESDAY" } },
        "at": { "every": { "every": 6, "unit": "HOURS", "from": "08:00" } },
        "startsOn": "2126-01-01",
        "endsOn": "2126-02-28",
    });
    let answer = served.ask(PREVIEW, json!({ "schedule": schedule, "count": 100 })).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let expected = json!({
        "timeZone": "Europe/Paris",
        "startsOn": "2126-01-01",
        "endsOn": "2126-02-28",
        "rrule": "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2;UNTIL=21260228",
        "summary": "Every 6 hours between 08:00 and 23:59, on the second Tuesday of every month, from 2126-01-01, \
                    until 2126-02-28, Europe/Paris",
        "next": [
            "2126-01-08T07:00:00Z", "2126-01-08T13:00:00Z", "2126-01-08T19:00:00Z",
            "2126-02-12T07:00:00Z", "2126-02-12T13:00:00Z", "2126-02-12T19:00:00Z",
        ],
        "on": {
            "daily": null,
            "weekly": null,
            "monthly": { "every": 1, "day": null, "week": "SECOND", "weekday": "TUESDAY" },
            "yearly": null,
        },
        "at": { "once": null, "every": { "every": 6, "unit": "HOURS", "from": "08:00", "until": "23:59" } },
    });
    assert_eq!(answer["data"]["previewSchedule"]["schedule"], expected);
    assert_eq!(answer["data"]["previewSchedule"]["userErrors"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_from_a_day_counts_from_today() {
    let served = serve().await;
    let at = json!({ "once": "08:00" });
    for (every, starts) in [(1, false), (3, true)] {
        let schedule = json!({ "on": { "daily": { "every": every } }, "at": at });
        let answer = served.ask(PREVIEW, json!({ "schedule": schedule })).await;
        let told = &answer["data"]["previewSchedule"]["schedule"];
        assert_eq!(told["startsOn"].is_string(), starts, "{answer}");
        assert_eq!(told["next"].as_array().unwrap().len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_no_schedule_is_refused_with_its_path() {
    let served = serve().await;
    let once = json!({ "once": "08:00" });
    let of = |on: Value, at: &Value, zone: &str| json!({ "timeZone": zone, "on": on, "at": at });
    let steps = |every: i32| json!({ "every": { "every": every, "unit": "SECONDS" } });
    let daily = json!({ "daily": {} });
    for (schedule, path, message) in [
        (of(daily.clone(), &once, "Mars/Olympus"), "schedule.timeZone", "Europe/Paris"),
        (of(json!({ "daily": { "every": -1 } }), &once, "UTC"), "schedule.on.daily.every", "1 to 1000"),
        (of(json!({ "daily": { "every": 70_000 } }), &once, "UTC"), "schedule.on.daily.every", "1 to 1000"),
        (of(json!({ "weekly": { "on": [] } }), &once, "UTC"), "schedule.on.weekly.on", "at least one day"),
        (of(json!({ "monthly": {} }), &once, "UTC"), "schedule.on.monthly", "either `day`"),
        (
            of(json!({ "monthly": { "day": 1, "week": "FIRST", "weekday": "DAY" } }), &once, "UTC"),
            "schedule.on.monthly",
            "either `day`",
        ),
        (of(json!({ "monthly": { "day": 300 } }), &once, "UTC"), "schedule.on.monthly.day", "1 to 31"),
        (
            of(json!({ "yearly": { "month": 2, "day": 31 } }), &once, "UTC"),
            "schedule.on.yearly.day",
            "never run",
        ),
        (
            of(json!({ "yearly": { "month": 0, "day": 1 } }), &once, "UTC"),
            "schedule.on.yearly.month",
            "1 to 12",
        ),
        (of(daily.clone(), &steps(9), "UTC"), "schedule.at.every.every", "at least 10 seconds"),
        (of(daily, &steps(-60), "UTC"), "schedule.at.every.every", "at least 10 seconds"),
    ] {
        let answer = served.ask(PREVIEW, json!({ "schedule": schedule })).await;
        let preview = &answer["data"]["previewSchedule"];
        assert_eq!(preview["schedule"], Value::Null, "{answer}");
        let path: Vec<&str> = path.split('.').collect();
        assert_eq!(preview["userErrors"][0]["path"], json!(path), "{answer}");
        assert_eq!(preview["userErrors"].as_array().unwrap().len(), 1, "{answer}");
        let told = preview["userErrors"][0]["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_times_and_counts_that_are_none_are_refused() {
    let served = serve().await;
    let base = json!({ "on": { "daily": {} }, "at": { "once": "08:00" } });
    let with = |name: &str, value: Value| {
        let mut schedule = base.clone();
        schedule[name] = value;
        json!({ "schedule": schedule })
    };
    for variables in [
        with("startsOn", json!("2026-02-30")),
        with("startsOn", json!("22.11.2026")),
        with("at", json!({ "once": "24:00" })),
        with("at", json!({ "once": "8:00" })),
        with("at", json!({ "once": "08:00:30" })),
        with("at", json!({})),
        with("on", json!({ "daily": {}, "weekly": { "on": ["MONDAY"] } })),
        json!({ "schedule": base, "count": 0 }),
        json!({ "schedule": base, "count": 101 }),
    ] {
        let answer = served.ask(PREVIEW, variables.clone()).await;
        assert_eq!(code(&answer), "INVALID_ARGUMENT", "{variables}: {answer}");
    }
}
