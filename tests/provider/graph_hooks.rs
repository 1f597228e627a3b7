//! Change notifications of Graph as the provider asks for them, against our sandbox tenant.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::fault::{FaultCode, Verdict};
use mailroom::provider::{Error, Receiver};
use sandbox::faults::Rule;
use sandbox::world::{Change, IdKind, Subscription};

use super::graph::office;
use crate::harness::description::faults;
use crate::harness::office::{Office, Tenant};

/// Who is called, and where.
struct Ear {
    port: u16,
    called: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ear {
    /// Answers the handshake as it should be answered, or not at all.
    async fn start(is_right: bool) -> Self {
        let called = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&called);
        let app = Router::new().fallback(
            async move |State(called): State<Arc<Mutex<Vec<String>>>>,
                        OriginalUri(uri): OriginalUri|
                        -> Response {
                called.lock().unwrap().push(uri.path().to_owned());
                let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
                let token = query.into_iter().find(|(name, _)| name == "validationToken");
                match token.filter(|_| is_right) {
                    Some((_, token)) => token.into_owned().into_response(),
                    None => StatusCode::FORBIDDEN.into_response(),
                }
            },
        );
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move { axum::serve(listener, app.with_state(told)).await.unwrap() });
        Self { port, called, task }
    }

    fn receiver(&self, client_state: &str) -> Receiver {
        Receiver {
            url: format!("http://127.0.0.1:{}/told", self.port),
            lifecycle_url: format!("http://127.0.0.1:{}/life", self.port),
            client_state: client_state.to_owned().into(),
        }
    }
}

/// What the tenant knows of who is told of this mailbox.
fn subscriptions(office: &Office<'_>) -> Vec<Subscription> {
    let id = office.world(|mailbox| mailbox.id);
    let world = office.tenant.state.world();
    world.subscriptions.values().filter(|one| one.mailbox == id).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_made_after_two_handshakes_and_tells_what_is_created_by_immutable_ids() {
    let (office, ear) = (office("told"), Ear::start(true).await);
    let provider = office.provider();
    let made = provider.hooks().unwrap().subscribe("inbox", &ear.receiver("secret")).await.unwrap();
    let mut called = ear.called.lock().unwrap().clone();
    called.sort();
    assert_eq!(called, ["/life", "/told"]);
    let kept = subscriptions(&office).remove(0);
    assert_eq!(made.id, kept.id.to_string());
    assert_eq!((kept.changes.as_slice(), kept.ids), (&[Change::Created][..], IdKind::Immutable));
    assert_eq!(kept.folder, Some(office.folder("INBOX")));
    assert_eq!(kept.client_state.as_deref(), Some("secret"));
    let life = made.expires_at - SystemClock.now();
    assert!(life > TimeDelta::hours(69) && life <= TimeDelta::hours(70), "{life}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_ours_that_is_in_the_way_is_ended_and_made_anew() {
    let (office, ear) = (office("in-the-way"), Ear::start(true).await);
    let provider = office.provider();
    let hooks = provider.hooks().unwrap();
    let first = hooks.subscribe("INBOX", &ear.receiver("one")).await.unwrap();
    let other = hooks.subscribe("drafts", &ear.receiver("other folder")).await.unwrap();
    let second = hooks.subscribe("INBOX", &ear.receiver("two")).await.unwrap();
    assert_ne!(first.id, second.id);
    let mut kept: Vec<String> = subscriptions(&office).iter().map(|one| one.id.to_string()).collect();
    let mut expected = vec![other.id, second.id];
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected, "that of another folder is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_is_not_renewed_and_is_ended_already() {
    let (office, ear) = (office("gone"), Ear::start(true).await);
    let provider = office.provider();
    let hooks = provider.hooks().unwrap();
    let made = hooks.subscribe("INBOX", &ear.receiver("one")).await.unwrap();
    let soon = SystemClock.now() + TimeDelta::hours(1);
    let id = subscriptions(&office)[0].id;
    office.tenant.state.world_mut().subscriptions.get_mut(&id).unwrap().expires = soon;
    let renewed = hooks.renew(&made.id).await.unwrap().unwrap();
    assert!(
        renewed.id == made.id && renewed.expires_at > SystemClock.now() + TimeDelta::hours(69),
        "{renewed:?}"
    );

    for _ in 0..2 {
        hooks.unsubscribe(&made.id).await.unwrap();
    }
    assert!(subscriptions(&office).is_empty());
    assert_eq!(hooks.renew(&made.id).await.unwrap(), None);
    // What no subscription ever was.
    assert_eq!(hooks.renew("00000000-0000-0000-0000-000000000000").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_nothing_was_subscribed_to_is_told() {
    let (office, deaf) = (office("deaf"), Ear::start(false).await);
    let provider = office.provider();
    let hooks = provider.hooks().unwrap();
    let error = hooks.subscribe("INBOX", &deaf.receiver("x")).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Retry { after: None, throttled: false });
    let fault = error.fault(chrono::DateTime::UNIX_EPOCH);
    assert_eq!(fault.code, FaultCode::Unreachable, "{fault:?}");
    assert_eq!(fault.message, "Graph could not reach the address that it is to tell of new mail.");
    assert!(fault.hint.unwrap().contains("/hooks/graph"));
    assert!(!deaf.called.lock().unwrap().is_empty());

    let error = hooks.subscribe("Nowhere", &deaf.receiver("x")).await.unwrap_err();
    assert!(matches!(&error, Error::FolderNotFound { folder } if folder == "Nowhere"), "{error:?}");
    assert!(subscriptions(&office).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_subscription_is_told_when_to_come_again() {
    let tenant = Tenant::start(faults).await;
    let (office, ear) = (Office::new(&tenant, "slow-down"), Ear::start(true).await);
    let rule = Rule {
        path: Some("/subscriptions".to_owned()),
        status: Some(429),
        retry_after: Some(600),
        ..Rule::default()
    };
    tenant.state.faults.add(rule).unwrap();
    let provider = office.provider();
    let error = provider.hooks().unwrap().subscribe("INBOX", &ear.receiver("x")).await.unwrap_err();
    let Verdict::Retry { after: Some(after), throttled: true } = error.verdict() else { panic!("{error:?}") };
    assert!(after >= std::time::Duration::from_secs(590), "{after:?}");
}
