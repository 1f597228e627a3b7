//! Identities that the machine has: a federated token file, a metadata service.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use mailroom::config::Config;
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::credential::CredentialSettings;
use mailroom::domain::entra::{EntraCloud, EntraIdentity};
use mailroom::domain::fault::{FaultCode, Halted, Verdict};
use mailroom::identity::{Error, Identities, Secrets};
use mailroom::net::Net;
use sandbox::sample;
use sandbox::world::Federated;
use serde_json::{Value, json};

use super::{House, SCOPE, credential, text};

pub const ISSUER: &str = "https://oidc.example/cluster";
pub const SUBJECT: &str = "system:serviceaccount:mail:mailroom";
pub const AUDIENCE: &str = "api://AzureADTokenExchange";

fn identity(client_id: Option<&str>) -> EntraIdentity {
    EntraIdentity { tenant_id: None, client_id: client_id.map(str::to_owned), cloud: EntraCloud::Global }
}

/// A service account token as Kubernetes projects it.
pub fn projected(key: &rcgen::KeyPair, subject: &str) -> String {
    let now = SystemClock.now().timestamp();
    let claims = json!({"iss": ISSUER, "sub": subject, "aud": AUDIENCE, "nbf": now, "exp": now + 3600});
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(key.serialize_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256), &claims, &key).unwrap()
}

/// The sample's app takes the tokens of that cluster.
pub fn federate(state: &sandbox::state::State, key: &rcgen::KeyPair) {
    let federated = Federated {
        issuer: ISSUER.to_owned(),
        subject: SUBJECT.to_owned(),
        audience: AUDIENCE.to_owned(),
        public_key_pem: key.public_key_pem(),
    };
    state.world_mut().tenants[0].apps.get_mut(&sample::CLIENT_ID).unwrap().federated.push(federated);
}

/// The identities of a pod with that environment.
fn pod(house: &House, variables: &[(&str, &str)]) -> Identities {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let variables: HashMap<String, String> = variables.iter().map(owned).collect();
    let authority = house.tenant.https_url.clone().unwrap();
    let environment = Arc::new(move |name: &str| variables.get(name).cloned());
    Identities::within(&house.net, &authority, house.clock.clone(), environment)
}

#[tokio::test]
async fn a_workload_identity_reads_its_token_file_anew_each_time() {
    let house = House::open().await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    federate(&house.tenant.state, &key);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, projected(&key, "system:serviceaccount:mail:other")).unwrap();
    let client_id = sample::CLIENT_ID.to_string();
    let identities = pod(
        &house,
        &[
            ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
            ("AZURE_TENANT_ID", sample::DOMAIN),
            ("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000000"),
        ],
    );
    // What the credential says wins over the environment.
    let credential = credential(CredentialSettings::EntraWorkloadIdentity(identity(Some(&client_id))));
    let tokens = identities.tokens(&credential, Secrets::default()).unwrap();
    let error = tokens.bearer(SCOPE).await.err().unwrap();
    assert_eq!(error.provider_code().as_deref(), Some("AADSTS700213"), "{error:?}");
    std::fs::write(&file, projected(&key, SUBJECT)).unwrap();
    house.clock.advance(chrono::TimeDelta::seconds(6));
    let bearer = tokens.bearer(SCOPE).await.unwrap();
    assert!(!text(&bearer).is_empty());
}

#[tokio::test]
async fn a_pod_without_a_workload_identity_says_what_is_missing() {
    let house = House::open().await;
    let settings = || CredentialSettings::EntraWorkloadIdentity(identity(Some("x")));
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[], "AZURE_TENANT_ID is not set"),
        (&[("AZURE_TENANT_ID", "t")], "AZURE_FEDERATED_TOKEN_FILE is not set"),
        (&[("AZURE_TENANT_ID", "t"), ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere")], "can't be read"),
    ];
    for (variables, said) in cases {
        let tokens = pod(&house, variables).tokens(&credential(settings()), Secrets::default()).unwrap();
        let error = tokens.bearer(SCOPE).await.err().unwrap();
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential));
    }
    assert_eq!(house.asked(), 0);
}

type Seen = Arc<Mutex<Vec<(HashMap<String, String>, HeaderMap)>>>;

/// The metadata service of a platform, as IDENTITY_ENDPOINT names it.
async fn metadata(
    State(seen): State<Seen>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> (axum::http::StatusCode, Json<Value>) {
    let known = query.get("client_id").is_none_or(|id| id == "mine");
    seen.lock().unwrap().push((query.clone(), headers));
    if !known {
        let body = json!({"error": "invalid_request", "error_description": "Identity not found"});
        return (axum::http::StatusCode::BAD_REQUEST, Json(body));
    }
    let until = (SystemClock.now().timestamp() + 3600).to_string();
    let body = json!({"access_token": "from-the-machine", "expires_on": until, "token_type": "Bearer", "resource": query["resource"]});
    (axum::http::StatusCode::OK, Json(body))
}

/// The platform tells by the process's own environment, so the asking is done by this test in a process of its own.
#[tokio::test]
async fn a_managed_identity_is_asked_for_at_the_address_that_the_platform_names() {
    if std::env::var_os("IDENTITY_ENDPOINT").is_some() {
        return ask_the_platform().await;
    }
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let app = Router::new().route("/token", get(metadata)).with_state(seen.clone());
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let itself = "identity::machine::a_managed_identity_is_asked_for_at_the_address_that_the_platform_names";
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", itself])
        .env("IDENTITY_ENDPOINT", url)
        .env("IDENTITY_HEADER", "platform-secret")
        .output();
    let child = child.await.unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].0["resource"], "https://graph.microsoft.com");
    assert_eq!(seen[0].0["client_id"], "mine");
    assert_eq!(seen[0].1["x-identity-header"], "platform-secret");
    server.abort();
}

async fn ask_the_platform() {
    let net = Net::new(&Config::defaults().unwrap().net).unwrap();
    let identities = Identities::new(&net, "", Arc::new(SystemClock));
    let of = |client_id| {
        let settings = CredentialSettings::EntraManagedIdentity(identity(Some(client_id)));
        identities.tokens(&credential(settings), Secrets::default()).unwrap()
    };
    assert_eq!(text(&of("mine").bearer(SCOPE).await.unwrap()), "from-the-machine");
    let error = of("another").bearer(SCOPE).await.err().unwrap();
    assert!(error.to_string().contains("not the one whose client id"), "{error:?}");
}

#[tokio::test]
async fn the_metadata_address_is_refused_with_the_way_to_allow_it() {
    if std::env::var_os("IDENTITY_ENDPOINT").is_some() {
        return;
    }
    let net = Net::new(&Config::defaults().unwrap().net).unwrap();
    let identities = Identities::new(&net, "", Arc::new(SystemClock));
    let settings = CredentialSettings::EntraManagedIdentity(identity(None));
    let tokens = identities.tokens(&credential(settings), Secrets::default()).unwrap();
    let error = tokens.bearer(SCOPE).await.err().unwrap();
    assert!(matches!(error, Error::Net(_)), "{error:?}");
    assert_eq!(error.code(), FaultCode::Forbidden);
    assert!(error.hint().contains("net.allow"), "{}", error.hint());
}
