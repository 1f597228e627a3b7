//! CREDENTIAL_EXPIRING: each threshold is told once, whichever replica comes first.

use chrono::{DateTime, TimeDelta, Utc};
use mailroom::db;
use mailroom::domain::access::{Caller, Scope};
use mailroom::domain::clock::Clock as _;
use mailroom::domain::credential::Credential;
use mailroom::domain::entra::{EntraApp, EntraCloud};
use mailroom::service::credential::{CreateCredential, CredentialConfig, UpdateCredential, create, update};
use mailroom::service::permit::ConfigWrite;
use mailroom::service::{Context, Patch, Permit};
use mailroom::worker::tell_of_expiring;
use sea_orm::{ConnectionTrait, Statement};

use crate::harness::database::{Fresh, on_both};
use crate::pipeline::room::Room;

on_both!(
    each_threshold_is_told_once,
    of_workers_that_look_at_once_one_tells,
    after_an_absence_only_the_nearest_threshold_is_told,
    a_new_secret_or_another_end_starts_anew,
    what_has_lapsed_is_told_once,
    what_has_no_end_is_not_told_of,
    two_workers_that_start_at_once_tell_it_once,
);

struct Desk {
    room: Room,
    cx: Context,
    permit: Permit<ConfigWrite>,
}

impl Desk {
    async fn open(fresh: Fresh) -> Self {
        let room = Room::make(fresh).await;
        let caller = Caller { subject: "admin".to_owned(), name: None, scopes: vec![Scope::ConfigWrite] };
        let cx = room.services();
        Self { room, cx, permit: Permit::of(&caller).unwrap() }
    }

    fn now(&self) -> DateTime<Utc> {
        self.room.clock.now()
    }

    async fn credential(&self, name: &str, expires_at: Option<DateTime<Utc>>) -> Credential {
        let config = secret(Some("s3cret"), expires_at);
        create(&self.cx, &self.permit, CreateCredential { name: name.to_owned(), config }).await.unwrap()
    }

    async fn change(&self, credential: &Credential, name: Patch<String>, config: Patch<CredentialConfig>) {
        let change = UpdateCredential { id: credential.id, name, config, expected_version: None };
        update(&self.cx, &self.permit, change).await.unwrap();
    }

    /// Looks once; how many it told.
    async fn look(&self) -> usize {
        tell_of_expiring(&self.room.tools).await.unwrap()
    }

    /// The credential and the end of each event, in the order of the log.
    async fn events(&self) -> Vec<(String, DateTime<Utc>)> {
        let db = self.room.db.read();
        let sql = "SELECT data, mailbox_id FROM event WHERE type = 'CREDENTIAL_EXPIRING' ORDER BY log_offset";
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        let of = |row: &sea_orm::QueryResult| {
            let data: serde_json::Value = row.try_get("", "data").unwrap();
            assert_eq!(row.try_get::<Option<uuid::Uuid>>("", "mailbox_id").unwrap(), None);
            let end = data["expires_at"].as_str().unwrap().parse().unwrap();
            (data["credential_id"].as_str().unwrap().to_owned(), end)
        };
        rows.iter().map(of).collect()
    }
}

fn secret(value: Option<&str>, expires_at: Option<DateTime<Utc>>) -> CredentialConfig {
    CredentialConfig::EntraClientSecret {
        app: EntraApp {
            tenant_id: "contoso.example".to_owned(),
            client_id: "c".to_owned(),
            cloud: EntraCloud::Global,
        },
        secret: value.map(|value| value.to_owned().into()),
        expires_at,
    }
}

async fn each_threshold_is_told_once(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let end = desk.now() + TimeDelta::days(31);
    let credential = desk.credential("app", Some(end)).await;
    let mut told = Vec::new();
    for day in 0..35 {
        for _ in 0..3 {
            if desk.look().await > 0 {
                told.push(31 - day);
            }
        }
        desk.room.clock.advance(TimeDelta::days(1));
    }
    assert_eq!(told, [30, 14, 7, 1]);
    let event = (credential.id.0.to_string(), end);
    assert_eq!(desk.events().await, vec![event; 4]);
    let after = db::credential::get(desk.room.db.read(), credential.id).await.unwrap().unwrap();
    assert_eq!(after, credential, "telling changes nothing that a person sees");
}

async fn of_workers_that_look_at_once_one_tells(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    for name in ["one", "two", "three"] {
        desk.credential(name, Some(desk.now() + TimeDelta::days(20))).await;
    }
    let tools = [(); 6].map(|()| desk.room.tools.clone());
    let looks = tools.iter().map(tell_of_expiring);
    let told = futures::future::join_all(looks).await.into_iter().map(Result::unwrap);
    assert_eq!(told.sum::<usize>(), 3);
    assert_eq!(desk.events().await.len(), 3);
}

async fn after_an_absence_only_the_nearest_threshold_is_told(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.credential("app", Some(desk.now() + TimeDelta::days(40))).await;
    assert_eq!(desk.look().await, 0);
    desk.room.clock.advance(TimeDelta::days(35));
    assert_eq!(desk.look().await, 1, "30, 14 and 7 went by: it says 7");
    assert_eq!(desk.look().await, 0);
    desk.room.clock.advance(TimeDelta::days(4));
    assert_eq!(desk.look().await, 1, "the last day");
    assert_eq!(desk.events().await.len(), 2);
}

async fn a_new_secret_or_another_end_starts_anew(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    let near = desk.now() + TimeDelta::days(6);
    let credential = desk.credential("app", Some(near)).await;
    assert_eq!((desk.look().await, desk.look().await), (1, 0));
    desk.change(&credential, Patch::Set("other name".to_owned()), Patch::Keep).await;
    desk.change(&credential, Patch::Keep, Patch::Set(secret(None, Some(near)))).await;
    assert_eq!(desk.look().await, 0, "neither the secret nor its end changed");
    let far = desk.now() + TimeDelta::days(90);
    desk.change(&credential, Patch::Keep, Patch::Set(secret(None, Some(far)))).await;
    assert_eq!(desk.look().await, 0);
    desk.room.clock.advance(TimeDelta::days(84));
    assert_eq!((desk.look().await, desk.look().await), (1, 0), "another end");
    // Nobody answers at the authority, so the new secret is kept untried.
    desk.change(&credential, Patch::Keep, Patch::Set(secret(Some("n3w"), Some(far)))).await;
    assert_eq!((desk.look().await, desk.look().await), (1, 0), "another secret");
    assert_eq!(desk.events().await.len(), 3);
}

async fn what_has_lapsed_is_told_once(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.credential("long ago", Some(desk.now() - TimeDelta::days(400))).await;
    desk.credential("just now", Some(desk.now())).await;
    assert_eq!((desk.look().await, desk.look().await), (2, 0));
    desk.room.clock.advance(TimeDelta::days(5));
    assert_eq!(desk.look().await, 0);
}

async fn what_has_no_end_is_not_told_of(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.credential("unknown", None).await;
    let credential = desk.credential("to be another kind", Some(desk.now() + TimeDelta::days(3))).await;
    let identity = mailroom::domain::entra::EntraIdentity {
        tenant_id: None,
        client_id: None,
        cloud: EntraCloud::Global,
    };
    let config = CredentialConfig::EntraWorkloadIdentity(identity);
    desk.change(&credential, Patch::Keep, Patch::Set(config)).await;
    assert_eq!(desk.look().await, 0);
    let after = db::credential::get(desk.room.db.read(), credential.id).await.unwrap().unwrap();
    assert_eq!(after.expires_at, None, "what had an end is gone");
}

/// By the worker itself, as replicas do it.
async fn two_workers_that_start_at_once_tell_it_once(fresh: Fresh) {
    let desk = Desk::open(fresh).await;
    desk.credential("app", Some(desk.now() + TimeDelta::days(10))).await;
    let parts = || mailroom::worker::Parts {
        tools: desk.room.tools.clone(),
        reaches: std::sync::Arc::new(desk.cx.clone()),
        services: desk.cx.clone(),
        settings: mailroom::worker::Settings {
            concurrency: 1,
            lease: std::time::Duration::from_secs(30),
            poll: std::time::Duration::from_secs(3600),
            listeners: 0,
        },
    };
    let workers = [mailroom::worker::start(parts()), mailroom::worker::start(parts())];
    super::eventually(async || !desk.events().await.is_empty()).await;
    for worker in workers {
        assert!(worker.drain(std::time::Duration::from_secs(10)).await);
    }
    assert_eq!(desk.look().await, 0);
    assert_eq!(desk.events().await.len(), 1);
}

/// The real process, killed on both sides of the commit.
#[cfg(feature = "failpoints")]
mod killed {
    use std::time::{Duration, Instant};

    use mailroom::domain::clock::SystemClock;
    use serde_json::json;

    use super::*;
    use crate::harness::rows::count;
    use crate::harness::service::Service;

    on_both!(killed_before_or_after_the_commit_it_is_told_once);

    const EVENTS: &str = "SELECT count(*) FROM event WHERE type = 'CREDENTIAL_EXPIRING'";

    async fn killed_before_or_after_the_commit_it_is_told_once(fresh: Fresh) {
        let mut service = Service::start_with(&fresh.url, &[("MAILROOM_LOG__LEVEL", "warn")]).await;
        for (round, point) in ["credential.before_commit", "credential.told"].into_iter().enumerate() {
            let end = SystemClock.now() + TimeDelta::days(5);
            let app =
                json!({ "tenantId": "t.example", "clientId": "c", "clientSecret": "s", "expiresAt": end });
            let input = json!({ "name": point, "config": { "entraClientSecret": app } });
            let query = "mutation($input: CreateCredentialInput!) { createCredential(input: $input) {
                credential { id expiresAt } userErrors { code message path } } }";
            service.run(query, json!({ "input": input })).await;
            service.spawn(&[("FAILPOINTS", &format!("{point}=return"))]);
            let deadline = Instant::now() + Duration::from_secs(30);
            while service.ended().is_none() {
                assert!(Instant::now() < deadline, "{point} was not reached:\n{}", service.log());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(count(&fresh, EVENTS).await, if round == 0 { 0 } else { 2 }, "{point}");
            service.restart(&[]).await;
            let wanted = round as i64 + 1;
            super::super::eventually(async || count(&fresh, EVENTS).await == wanted).await;
        }
        // Nothing more is told at another start.
        service.restart(&[]).await;
        assert!(service.stop(), "{}", service.log());
        assert_eq!(count(&fresh, EVENTS).await, 2);
        let log = service.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains("lapses soon")).collect();
        assert!(lines.iter().all(|line| line.contains("WARN") && line.contains("days=5")), "{lines:?}");
        assert!(!lines.is_empty());
    }
}
