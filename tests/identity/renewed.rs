//! A 401 of Graph makes exactly one new token be fetched, however many were refused.

use mailroom::domain::fault::FaultCode;
use mailroom::provider::{Access, Error, Provider};
use sandbox::faults::Rule;

use crate::harness::description::faults;
use crate::harness::office::{Office, Tenant};

/// How often a token was asked for.
fn asked(tenant: &Tenant) -> usize {
    let lines = tenant.state.log.last(100_000);
    lines.iter().filter(|line| line.path.ends_with("/oauth2/v2.0/token")).count()
}

/// Looks at the folders once.
async fn look(provider: &dyn Provider) -> Result<(), Error> {
    provider.open(Access::Look).await?.folders().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_once_is_renewed_once_and_the_work_goes_on() {
    let tenant = Tenant::start(faults).await;
    let office = Office::new(&tenant, "once");
    let provider = office.provider();
    look(&*provider).await.unwrap();
    assert_eq!(asked(&tenant), 1);
    let code = Some("InvalidAuthenticationToken".to_owned());
    office.fault(Rule { status: Some(401), code, count: Some(1), ..Rule::default() });
    look(&*provider).await.unwrap();
    assert_eq!(asked(&tenant), 2);
    look(&*provider).await.unwrap();
    assert_eq!(asked(&tenant), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_that_are_refused_at_once_share_one_renewal() {
    let tenant = Tenant::start(faults).await;
    tenant.state.switch(|switches| switches.throttle = false);
    let offices: Vec<Office<'_>> =
        (0..20).map(|number| Office::new(&tenant, &format!("many{number}"))).collect();
    // One credential: the login of the first.
    let login = || offices[0].login(sandbox::sample::CLIENT_ID, sandbox::sample::SECRET);
    let shared = login();
    let providers: Vec<_> =
        offices.iter().map(|office| office.connect(shared.clone(), tenant.port, &[])).collect();
    look(&*providers[0]).await.unwrap();
    assert_eq!(asked(&tenant), 1);
    // All tokens lapse at the tenant, and nobody here knows.
    tenant.state.clock.advance(chrono::TimeDelta::hours(2));
    let looks = providers.iter().map(|provider| look(&**provider));
    for looked in futures::future::join_all(looks).await {
        looked.unwrap();
    }
    assert_eq!(asked(&tenant), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_every_token_is_told_so_and_not_asked_in_a_loop() {
    let tenant = Tenant::start(faults).await;
    let office = Office::new(&tenant, "never");
    let code = Some("InvalidAuthenticationToken".to_owned());
    office.fault(Rule { status: Some(401), code, ..Rule::default() });
    let provider = office.provider();
    for _ in 0..5 {
        let error = look(&*provider).await.err().unwrap();
        assert_eq!(error.code(), FaultCode::Authentication, "{error}");
    }
    assert_eq!(asked(&tenant), 2, "the first, and one renewal in ten seconds");
}
