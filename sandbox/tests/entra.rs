//! Entra's token endpoint and Graph's frame, over http and https.

use std::time::Instant;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertificateParams, KeyPair, PublicKeyData, RsaKeySize};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode};
use sandbox::sample;
use sandbox::server::{Options, Running};
use sandbox::world::{App, AppCertificate, AppSecret, Federated};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::contract::Held;
use crate::judges;

const GRAPH: &str = "https://graph.microsoft.com/.default";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn started() -> Held {
    Held::start(Options::default(), sample::state()).await
}

fn change_app(sandbox: &Running, change: impl FnOnce(&mut App)) {
    let mut world = sandbox.state.world_mut();
    change(world.tenant_mut(sample::TENANT).unwrap().apps.get_mut(&sample::CLIENT_ID).unwrap());
}

/// A token request, to be changed field by field.
#[derive(Clone)]
struct Ask(Vec<(String, String)>);

impl Ask {
    fn bare() -> Self {
        let ask = Self(vec![]).with("grant_type", "client_credentials").with("scope", GRAPH);
        ask.with("client_id", &sample::CLIENT_ID.to_string())
    }

    fn secret() -> Self {
        Self::bare().with("client_secret", sample::SECRET)
    }

    fn assertion(assertion: &str) -> Self {
        Self::bare().with("client_assertion_type", ASSERTION).with("client_assertion", assertion)
    }

    fn with(self, name: &str, value: &str) -> Self {
        let mut ask = self.without(name);
        ask.0.push((name.to_owned(), value.to_owned()));
        ask
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    async fn at(&self, client: &Client, base: &str, tenant: &str) -> Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        let request = client.post(format!("{base}/{tenant}/oauth2/v2.0/token")).body(body);
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    }

    /// The token.
    async fn granted(&self, sandbox: &Running) -> String {
        let response = self.at(&Client::new(), &sandbox.http_url, sample::DOMAIN).await;
        let (status, body) = (response.status(), response.json::<Value>().await.unwrap());
        assert_eq!(status, StatusCode::OK, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// The status, the OAuth error and the AADSTS number.
    async fn refused(&self, sandbox: &Running, tenant: &str) -> (u16, String, u64) {
        let response = self.at(&Client::new(), &sandbox.http_url, tenant).await;
        let (status, body) = (response.status().as_u16(), response.json::<Value>().await.unwrap());
        let number = body["error_codes"][0].as_u64().unwrap_or_else(|| panic!("not refused: {body}"));
        let text = body["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
        for id in ["trace_id", "correlation_id"] {
            assert!(text.contains(body[id].as_str().unwrap()), "{body}");
        }
        assert!(text.contains(body["timestamp"].as_str().unwrap()), "{body}");
        assert_eq!(body["error_uri"], format!("{}/error?code={number}", sandbox.http_url));
        (status, body["error"].as_str().unwrap().to_owned(), number)
    }
}

fn graph(sandbox: &Running, path: &str) -> RequestBuilder {
    Client::new().get(format!("{}/v1.0{path}", sandbox.http_url))
}

async fn error_of(request: RequestBuilder) -> (u16, String, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (status, text("code"), text("message"))
}

/// A key with its certificate.
struct Pair {
    key: KeyPair,
    der: Vec<u8>,
}

impl Pair {
    fn rsa() -> Self {
        let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let der = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
        Self { key, der }
    }

    /// Key and certificate in one file, as azure-identity reads them.
    fn file(&self) -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.key.serialize_pem() + &pem("CERTIFICATE", &self.der)).unwrap();
        file
    }

    fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.key.subject_public_key_info())
    }

    fn register(&self, sandbox: &Running) {
        let expires = sandbox.state.clock.now() + TimeDelta::days(1);
        let certificate =
            AppCertificate { der: self.der.clone(), public_key_pem: self.public_pem(), expires };
        change_app(sandbox, |app| app.certificates.push(certificate));
    }

    /// Makes it the key of an issuer that the app trusts.
    fn trust(&self, sandbox: &Running) {
        let record = Federated {
            issuer: "https://issuer.example".to_owned(),
            subject: "system:mail".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            public_key_pem: self.public_pem(),
        };
        change_app(sandbox, |app| app.federated.push(record));
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.key.serialize_pem().as_bytes()).unwrap();
        jsonwebtoken::encode(header, claims, &key).unwrap()
    }

    /// As the documents want it.
    fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(unpadded(&Sha256::digest(&self.der)));
        header
    }

    /// As older clients do.
    fn old_header(&self) -> Header {
        let mut header = Header::new(Algorithm::RS256);
        let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der);
        header.x5t = Some(unpadded(sha1.as_ref()));
        header
    }
}

fn pem(kind: &str, der: &[u8]) -> String {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {kind}-----\n{encoded}\n-----END {kind}-----\n")
}

fn unpadded(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn claims(sandbox: &Running) -> Value {
    let now = sandbox.state.clock.now().timestamp();
    json!({
        "aud": format!("{}/{}/oauth2/v2.0/token", sandbox.http_url, sample::DOMAIN),
        "iss": sample::CLIENT_ID, "sub": sample::CLIENT_ID, "jti": "1", "nbf": now, "iat": now, "exp": now + 600,
    })
}

fn federated(sandbox: &Running) -> Value {
    let now = sandbox.state.clock.now().timestamp();
    json!({
        "iss": "https://issuer.example", "sub": "system:mail", "aud": ["api://AzureADTokenExchange"],
        "nbf": now, "exp": now + 600,
    })
}

#[tokio::test]
async fn a_secret_gives_a_token_that_graph_takes_over_http_and_https() {
    let begun = Instant::now();
    let sandbox = started().await;
    assert!(begun.elapsed().as_millis() < 200, "{:?}", begun.elapsed());
    let trusted = Certificate::from_pem(sandbox.ca_pem.as_ref().unwrap().as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([trusted]).build().unwrap();
    let https = sandbox.https_url.clone().unwrap();
    let localhost = https.replace("127.0.0.1", "localhost");
    for base in [&sandbox.http_url, &https, &localhost] {
        let response = Ask::secret().at(&client, base, sample::DOMAIN).await;
        assert_eq!(response.status(), StatusCode::OK);
        let answer: Value = response.json().await.unwrap();
        assert_eq!((&answer["token_type"], &answer["expires_in"]), (&"Bearer".into(), &3_599.into()));
        let token = answer["access_token"].as_str().unwrap();
        let asked = client.get(format!("{base}/v1.0/nothing")).bearer_auth(token);
        let refused =
            (400, "BadRequest".to_owned(), "Resource not found for the segment 'nothing'.".to_owned());
        assert_eq!(error_of(asked).await, refused);
    }
    sandbox.running.stop().await;
    assert!(client.get(&https).send().await.is_err(), "a stopped sandbox answers no more");
}

#[tokio::test]
async fn a_token_is_signed_by_the_published_key_and_says_what_the_app_may() {
    let sandbox = started().await;
    let token = Ask::secret().granted(&sandbox).await;
    let url = format!("{}/{}/v2.0/.well-known/openid-configuration", sandbox.http_url, sample::DOMAIN);
    let described: Value = Client::new().get(url).send().await.unwrap().json().await.unwrap();
    let endpoint = format!("{}/{}/oauth2/v2.0/token", sandbox.http_url, sample::DOMAIN);
    assert_eq!(described["token_endpoint"], endpoint);
    let keys = Client::new().get(described["jwks_uri"].as_str().unwrap()).send().await.unwrap();
    let keys: jsonwebtoken::jwk::JwkSet = keys.json().await.unwrap();
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(Algorithm::RS256);
    validation.set_audience(&["https://graph.microsoft.com"]);
    validation.set_issuer(&[format!("https://sts.windows.net/{}/", sample::TENANT)]);
    let read = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
    assert_eq!(read["roles"], json!(["Mail.ReadWrite", "Mail.Send", "User.Read.All"]));
    assert_eq!(read["appid"], sample::CLIENT_ID.to_string());
    assert_eq!(read["tid"], sample::TENANT.to_string());
    assert_eq!(read["idtyp"], "app");
    assert_eq!(read["exp"].as_i64().unwrap() - read["iat"].as_i64().unwrap(), 3_599);
}

#[tokio::test]
async fn a_secret_may_come_as_http_basic() {
    use base64::Engine;
    let sandbox = started().await;
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", sample::CLIENT_ID, encoded(sample::SECRET));
    let body = format!("grant_type=client_credentials&scope={}", encoded(GRAPH));
    let url = format!("{}/{}/oauth2/v2.0/token", sandbox.http_url, sample::TENANT);
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both));
    let request = Client::new().post(url).header("authorization", basic).body(body);
    let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_is_not_right_is_refused_with_its_number() {
    let sandbox = started().await;
    let ask = Ask::secret;
    let (client, request) = ("invalid_client", "invalid_request");
    let cases = [
        (ask().with("client_secret", "wrong"), (401, client, 7_000_215)),
        (Ask::bare(), (401, client, 7_000_218)),
        (
            ask().with("client_id", "00000000-0000-0000-0000-000000000009"),
            (400, "unauthorized_client", 700_016),
        ),
        (ask().without("client_id"), (400, request, 900_144)),
        (ask().without("grant_type"), (400, request, 900_144)),
        (ask().without("scope"), (400, request, 900_144)),
        (ask().with("grant_type", "password"), (400, "unsupported_grant_type", 70_003)),
        (ask().with("scope", "https://graph.microsoft.com/Mail.Read"), (400, "invalid_scope", 1_002_012)),
        (ask().with("scope", "/.default"), (400, "invalid_scope", 70_011)),
        (ask().with("scope", "https://other.example/.default"), (400, "invalid_resource", 500_011)),
        (Ask::assertion("no.jwt"), (400, request, 50_027)),
    ];
    for (ask, (status, error, number)) in cases {
        let refused = ask.refused(&sandbox, sample::DOMAIN).await;
        assert_eq!(refused, (status, error.to_owned(), number));
    }
    for (tenant, number) in [
        ("nothing.example", 90_002),
        ("00000000-0000-0000-0000-000000000009", 90_002),
        ("nothing", 900_023),
        ("common", 9_001_023),
    ] {
        assert_eq!(ask().refused(&sandbox, tenant).await, (400, request.to_owned(), number), "{tenant}");
    }
}

#[tokio::test]
async fn an_old_secret_and_a_disabled_app_are_refused() {
    let sandbox = started().await;
    sandbox.state.clock.advance(TimeDelta::days(731));
    let refused = Ask::secret().refused(&sandbox, sample::DOMAIN).await;
    assert_eq!(refused, (401, "invalid_client".to_owned(), 7_000_222));
    change_app(&sandbox, |app| app.disabled = true);
    let refused = Ask::secret().refused(&sandbox, sample::DOMAIN).await;
    assert_eq!(refused, (400, "unauthorized_client".to_owned(), 7_000_112));
}

#[tokio::test]
async fn a_certificate_proves_the_app_in_both_forms() {
    let sandbox = started().await;
    let pair = Pair::rsa();
    pair.register(&sandbox);
    let mut padded = pair.header();
    padded.x5t_s256 = padded.x5t_s256.map(|thumbprint| format!("{thumbprint}="));
    for header in [pair.header(), pair.old_header(), padded] {
        let token = Ask::assertion(&pair.sign(&header, &claims(&sandbox))).granted(&sandbox).await;
        assert_eq!(error_of(graph(&sandbox, "/nothing").bearer_auth(token)).await.0, 400);
    }
    // Moving the sandbox's clock does not date what a client made a moment ago.
    let fresh = pair.sign(&pair.header(), &claims(&sandbox));
    sandbox.state.clock.advance(TimeDelta::hours(2));
    Ask::assertion(&fresh).granted(&sandbox).await;
    sandbox.state.clock.advance(TimeDelta::days(1));
    let refused = Ask::assertion(&fresh).refused(&sandbox, sample::DOMAIN).await;
    assert_eq!(refused.2, 700_027, "the certificate has expired");
}

#[tokio::test]
async fn an_assertion_that_is_not_right_is_refused_with_its_number() {
    let sandbox = started().await;
    let (pair, other) = (Pair::rsa(), Pair::rsa());
    pair.register(&sandbox);
    let good = claims(&sandbox);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let mut in_hex = pair.header();
    in_hex.x5t_s256 = Some(Sha256::digest(&pair.der).iter().map(|byte| format!("{byte:02X}")).collect());
    let past = sandbox.state.clock.now().timestamp() - 3_600;
    let cases = [
        (other.sign(&other.header(), &good), 700_027),
        (other.sign(&pair.header(), &good), 700_027),
        (pair.sign(&in_hex, &good), 700_027),
        (pair.sign(&pair.header(), &with("exp", past.into())), 700_024),
        (pair.sign(&pair.header(), &with("nbf", (past + 7_200).into())), 700_024),
        (pair.sign(&pair.header(), &with("aud", "https://other.example/oauth2/v2.0/token".into())), 700_023),
        (pair.sign(&pair.header(), &with("sub", "someone".into())), 700_021),
        (pair.sign(&pair.header(), &with("iss", sample::TENANT.to_string().into())), 700_021),
    ];
    for (assertion, number) in cases {
        let refused = Ask::assertion(&assertion).refused(&sandbox, sample::DOMAIN).await;
        assert_eq!(refused, (401, "invalid_client".to_owned(), number));
    }
}

#[tokio::test]
async fn a_federated_token_is_taken_where_issuer_subject_and_audience_fit() {
    let sandbox = started().await;
    let (issuer, other) = (Pair::rsa(), Pair::rsa());
    issuer.trust(&sandbox);
    let header = Header::new(Algorithm::RS256);
    let good = federated(&sandbox);
    Ask::assertion(&issuer.sign(&header, &good)).granted(&sandbox).await;
    let with = |name: &str, value: &str| {
        let mut claims = good.clone();
        claims[name] = value.into();
        claims
    };
    let mut old = good.clone();
    old["exp"] = json!(sandbox.state.clock.now().timestamp() - 3_600);
    let cases = [
        (issuer.sign(&header, &with("iss", "https://issuer.example/")), 700_211),
        (issuer.sign(&header, &with("aud", "api://azureadtokenexchange")), 700_212),
        (issuer.sign(&header, &with("sub", "system:Mail")), 700_213),
        (issuer.sign(&header, &old), 700_024),
        (other.sign(&header, &good), 50_013),
    ];
    for (assertion, number) in cases {
        let refused = Ask::assertion(&assertion).refused(&sandbox, sample::DOMAIN).await;
        assert_eq!(refused, (401, "invalid_client".to_owned(), number));
    }
}

#[tokio::test]
async fn graph_wants_a_token_that_is_its_own_and_fresh() {
    let sandbox = started().await;
    let call = || graph(&sandbox, "/users/adele@contoso.example/messages");
    let token = Ask::secret().granted(&sandbox).await;
    let (head, _) = token.rsplit_once('.').unwrap();
    let none = call().send().await.unwrap();
    let challenge = none.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""), "{challenge}");
    sandbox.state.clock.advance(TimeDelta::seconds(3_600));
    let cases = [
        (call(), "Access token is empty."),
        (call().header("authorization", "Basic eDp5"), "Access token is empty."),
        (call().bearer_auth("x"), "IDX14100: JWT is not well formed, there are no dots (.)."),
        (call().bearer_auth(format!("{head}.AAAA")), "Access token validation failure. Invalid signature."),
        (call().bearer_auth(&token), "Lifetime validation failed, the token is expired."),
    ];
    for (request, message) in cases {
        let code = "InvalidAuthenticationToken".to_owned();
        assert_eq!(error_of(request).await, (401, code, message.to_owned()));
    }
    let outlook =
        Ask::secret().with("scope", "https://outlook.office365.com/.default").granted(&sandbox).await;
    let refused = error_of(call().bearer_auth(outlook)).await;
    assert_eq!(refused.2, "Access token validation failure. Invalid audience.");
    change_app(&sandbox, |app| app.roles.clear());
    let bare = Ask::secret().granted(&sandbox).await;
    let refused = error_of(call().bearer_auth(bare)).await;
    assert_eq!((refused.0, refused.1.as_str()), (401, "NoPermissionsInAccessToken"));
}

#[tokio::test]
async fn every_answer_of_graph_has_its_ids() {
    let sandbox = started().await;
    let token = Ask::secret().granted(&sandbox).await;
    let request = graph(&sandbox, "/me/messages").bearer_auth(token).header("client-request-id", "mine");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let headers = response.headers().clone();
    let body: Value = response.json().await.unwrap();
    let inner = &body["error"]["innerError"];
    assert_eq!(headers["client-request-id"], "mine");
    assert_eq!(inner["client-request-id"], "mine");
    assert_eq!(inner["request-id"], headers["request-id"].to_str().unwrap());
    assert!(headers["x-ms-ags-diagnostic"].to_str().unwrap().contains("ServerInfo"));
    assert!(headers.contains_key("date"));
    let text = "/me request is only valid with delegated authentication flow.";
    assert_eq!(body["error"]["message"], text);
}

#[tokio::test]
async fn what_is_neither_entra_nor_graph_is_refused_as_graph_does() {
    let sandbox = started().await;
    let refused = error_of(Client::new().get(format!("{}/v9.9/users", sandbox.http_url))).await;
    assert_eq!(refused, (400, "BadRequest".to_owned(), "Invalid version: v9.9".to_owned()));
    let url = format!("{}/{}/oauth2/v2.0/token", sandbox.http_url, sample::DOMAIN);
    let response = Client::new().get(url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.json::<Value>().await.unwrap()["error_codes"], json!([900_561]));
}

#[tokio::test]
async fn microsofts_azure_identity_gets_its_tokens_and_understands_refusals() {
    let sandbox = started().await;
    let (pair, stranger, issuer) = (Pair::rsa(), Pair::rsa(), Pair::rsa());
    pair.register(&sandbox);
    issuer.trust(&sandbox);
    let (ca, token) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
    std::fs::write(ca.path(), sandbox.ca_pem.as_ref().unwrap()).unwrap();
    let assertion = issuer.sign(&Header::new(Algorithm::RS256), &federated(&sandbox));
    std::fs::write(token.path(), &assertion).unwrap();
    let (known, unknown) = (pair.file(), stranger.file());
    let lapsed = AppSecret {
        id: sample::TENANT,
        value: "of-last-year".to_owned(),
        expires: sandbox.state.clock.now() - TimeDelta::days(1),
    };
    change_app(&sandbox, |app| app.secrets.push(lapsed));
    let settings = json!({
        "base": sandbox.https_url.as_ref().unwrap().replace("127.0.0.1", "localhost"),
        "ca": ca.path(), "tenant": sample::DOMAIN, "tenant_id": sample::TENANT, "client_id": sample::CLIENT_ID,
        "secret": sample::SECRET, "certificate": known.path(), "stranger": unknown.path(),
        "lapsed": "of-last-year", "assertion": assertion, "assertion_file": token.path(),
    });
    let told = judges::python("entra_judge.py", &[&settings.to_string()]).await;
    assert!(told.ends_with("\n0 wrong\n") && told.matches("right ").count() == 14, "{told}");
}
