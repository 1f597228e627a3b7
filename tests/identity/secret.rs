//! Client credentials with a client secret.

use std::time::Duration;

use chrono::TimeDelta;
use mailroom::domain::credential::CredentialSettings;
use mailroom::domain::entra::EntraApp;
use mailroom::domain::fault::{FaultCode, Halted, Verdict};
use mailroom::identity::Error;
use sandbox::faults::Rule;
use sandbox::sample;

use super::{House, SCOPE, app, credential, text, until};

fn refused(error: &Error, number: &str) {
    assert_eq!(error.provider_code().as_deref(), Some(number), "{error:?}");
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential), "{error}");
    assert!(error.request_id().unwrap().starts_with("trace "), "{error:?}");
}

#[tokio::test]
async fn the_right_secret_gets_a_token_that_opens_graph() {
    let house = House::open().await;
    let bearer = house.ask(app(), sample::SECRET).await.unwrap();
    let url = format!("{}/v1.0/users/{}/messages", house.tenant.http_url, sample::ADELE);
    let request = house.net.http().request(reqwest::Method::GET, url.parse().unwrap());
    let request = request.bearer_auth(text(&bearer)).build().unwrap();
    assert_eq!(house.net.http().execute(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_wrong_secret_is_told_with_microsofts_number_and_what_to_do() {
    let house = House::open().await;
    let error = house.ask(app(), "not-this-one").await.err().unwrap();
    refused(&error, "AADSTS7000215");
    assert_eq!(error.code(), FaultCode::Authentication);
    assert_eq!(error.to_string(), "the client secret is wrong");
    assert!(error.hint().contains("not its id"), "{}", error.hint());
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains("not-this-one") && !shown.contains(sample::SECRET), "{shown}");
    assert_eq!(house.asked(), 1, "what a person must mend is not asked again");
}

#[tokio::test]
async fn a_lapsed_secret_is_told_apart_from_a_wrong_one() {
    let house = House::open().await;
    house.tenant.state.clock.advance(TimeDelta::days(731));
    let error = house.ask(app(), sample::SECRET).await.err().unwrap();
    refused(&error, "AADSTS7000222");
    assert_eq!(error.to_string(), "the client secret has expired");
}

#[tokio::test]
async fn an_unknown_app_an_unknown_tenant_and_a_disabled_app_are_told_apart() {
    let house = House::open().await;
    let unknown = EntraApp { client_id: uuid::Uuid::from_u128(9).to_string(), ..app() };
    refused(&house.ask(unknown, sample::SECRET).await.err().unwrap(), "AADSTS700016");
    let elsewhere = EntraApp { tenant_id: "nobody.example".to_owned(), ..app() };
    refused(&house.ask(elsewhere, sample::SECRET).await.err().unwrap(), "AADSTS90002");
    let apps = |disabled| {
        let mut world = house.tenant.state.world_mut();
        world.tenants[0].apps.get_mut(&sample::CLIENT_ID).unwrap().disabled = disabled;
    };
    apps(true);
    refused(&house.ask(app(), sample::SECRET).await.err().unwrap(), "AADSTS7000112");
    apps(false);
    house.ask(app(), sample::SECRET).await.unwrap();
}

#[tokio::test]
async fn a_throttled_endpoint_is_given_the_time_that_it_asks_for() {
    let house = House::open().await;
    house.fault(Rule { status: Some(429), retry_after: Some(40), ..Rule::default() });
    let credential = credential(CredentialSettings::EntraClientSecret(app()));
    let tokens = house.tokens(&credential, sample::SECRET);
    let error = tokens.bearer(SCOPE).await.err().unwrap();
    let after = Some(Duration::from_secs(40));
    assert_eq!(error.verdict(), Verdict::Retry { after, throttled: true }, "{error:?}");
    house.tenant.state.faults.clear();
    house.clock.advance(TimeDelta::seconds(39));
    tokens.bearer(SCOPE).await.err().unwrap();
    assert_eq!(house.asked(), 1, "not before the time is over");
    house.clock.advance(TimeDelta::seconds(2));
    tokens.bearer(SCOPE).await.unwrap();
}

#[tokio::test]
async fn a_wait_that_no_date_takes_is_a_day_at_most() {
    let house = House::open().await;
    for endless in [9_000_000_000_000, u64::MAX / 1000, u64::MAX] {
        house.fault(Rule {
            status: Some(429),
            retry_after: Some(endless),
            count: Some(1),
            ..Rule::default()
        });
        let credential = credential(CredentialSettings::EntraClientSecret(app()));
        let tokens = house.tokens(&credential, sample::SECRET);
        let error = tokens.bearer(SCOPE).await.err().unwrap();
        let day = Some(Duration::from_secs(86_400));
        assert_eq!(error.verdict(), Verdict::Retry { after: day, throttled: true }, "{endless}: {error:?}");
        house.clock.advance(TimeDelta::days(1));
        tokens.bearer(SCOPE).await.unwrap();
        house.tenant.state.faults.clear();
    }
}

#[tokio::test]
async fn one_failure_that_passes_is_not_seen_and_many_are_told_as_such() {
    let house = House::open().await;
    house.fault(Rule { status: Some(503), count: Some(1), retry_after: Some(0), ..Rule::default() });
    house.ask(app(), sample::SECRET).await.unwrap();
    assert_eq!(house.asked(), 2);
    house.tenant.state.faults.clear();
    house.fault(Rule { status: Some(500), retry_after: Some(0), ..Rule::default() });
    let error = house.ask(app(), sample::SECRET).await.err().unwrap();
    assert_eq!(error.code(), FaultCode::Unreachable, "{error:?}");
    assert!(matches!(error.verdict(), Verdict::Retry { throttled: false, .. }));
    assert_eq!(house.asked(), 5);
}

#[tokio::test]
async fn an_endpoint_that_stands_still_is_given_up_in_time() {
    let house = House::with(|net| net.read_timeout_seconds = 1).await;
    house.fault(Rule { delay_ms: Some(20_000), ..Rule::default() });
    let error = house.ask(app(), sample::SECRET).await.err().unwrap();
    assert_eq!(error.code(), FaultCode::Timeout, "{error:?}");
    assert!(matches!(error.verdict(), Verdict::Retry { .. }));
}

#[tokio::test]
async fn a_cut_connection_is_tried_again() {
    let house = House::open().await;
    house.fault(Rule { cut: true, count: Some(1), ..Rule::default() });
    house.ask(app(), sample::SECRET).await.unwrap();
}

#[tokio::test]
async fn twenty_who_ask_at_once_make_one_request_and_share_a_failure_too() {
    let house = House::open().await;
    house.fault(Rule { delay_ms: Some(50), ..Rule::default() });
    let right = credential(CredentialSettings::EntraClientSecret(app()));
    let all = (0..20).map(|_| async { house.tokens(&right, sample::SECRET).bearer(SCOPE).await });
    let got: Vec<String> =
        futures::future::join_all(all).await.into_iter().map(|bearer| text(&bearer.unwrap())).collect();
    assert!(got.iter().all(|token| *token == got[0]));
    assert_eq!(house.asked(), 1);
    let wrong = credential(CredentialSettings::EntraClientSecret(app()));
    let all = (0..20).map(|_| async { house.tokens(&wrong, "wrong").bearer(SCOPE).await });
    let failed = futures::future::join_all(all).await;
    assert!(failed.iter().all(|result| result.is_err()));
    assert_eq!(house.asked(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_lapses_and_a_new_version_of_the_credential_has_its_own() {
    let house = House::open().await;
    let mut credential = credential(CredentialSettings::EntraClientSecret(app()));
    let tokens = house.tokens(&credential, sample::SECRET);
    let first = tokens.bearer(SCOPE).await.unwrap();
    house.clock.advance(TimeDelta::minutes(56));
    assert_eq!(text(&tokens.bearer(SCOPE).await.unwrap()), text(&first), "still good, so nobody waits");
    until(|| house.asked() == 2).await;
    credential.version = 2;
    house.tokens(&credential, sample::SECRET).bearer(SCOPE).await.unwrap();
    assert_eq!(house.asked(), 3);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let house = House::open().await;
    let tokens = house.tokens(&credential(CredentialSettings::EntraClientSecret(app())), sample::SECRET);
    let first = tokens.bearer(SCOPE).await.unwrap();
    tokens.refused(&first);
    let second = tokens.bearer(SCOPE).await.unwrap();
    assert_eq!(house.asked(), 2);
    tokens.refused(&second);
    assert_eq!(text(&tokens.bearer(SCOPE).await.unwrap()), text(&second));
    assert_eq!(house.asked(), 2, "a provider that refuses everything makes us ask no oftener");
}
