//! Certificates as people paste them, and client credentials with them.

use mailroom::domain::credential::CredentialSettings;
use mailroom::domain::fault::{Halted, Verdict};
use mailroom::identity::{Certificate, CertificateError as Wrong};
use sandbox::sample;
use sandbox::state::State;
use secrecy::{ExposeSecret as _, SecretString};

use super::{House, SCOPE, app, credential};

pub const CERTIFICATE: &str = include_str!("../fixtures/certificates/certificate.pem");
const AUTHORITY: &str = include_str!("../fixtures/certificates/authority.pem");
pub const KEY: &str = include_str!("../fixtures/certificates/key.pem");
const PKCS1: &str = include_str!("../fixtures/certificates/key-pkcs1.pem");
const LOCKED: &str = include_str!("../fixtures/certificates/key-locked.pem");
const EC: &str = include_str!("../fixtures/certificates/key-ec.pem");
const SHORT: &str = include_str!("../fixtures/certificates/key-short.pem");
const OTHER: &str = include_str!("../fixtures/certificates/key-other.pem");
pub const AES: &str = include_str!("../fixtures/certificates/aes.pfx.b64");
const LEGACY: &str = include_str!("../fixtures/certificates/legacy.pfx.b64");
const OPEN: &str = include_str!("../fixtures/certificates/open.pfx.b64");
/// As `openssl x509 -fingerprint -sha1` shows it.
const THUMBPRINT: &str = "C2557AAC004FCE68B2B4CB9CCFEB63AFF31A89C1";

fn read(text: &str, password: Option<&str>) -> Result<Certificate, Wrong> {
    Certificate::read(text, password.map(SecretString::from).as_ref())
}

fn is_it(given: &str, password: Option<&str>) {
    let certificate = read(given, password).unwrap();
    assert_eq!(certificate.thumbprint(), THUMBPRINT);
    assert_eq!(certificate.expires_at().format("%Y-%m-%d").to_string(), "2126-10-30");
    let again = read(certificate.pem().expose_secret(), None).unwrap();
    assert_eq!(again.thumbprint(), THUMBPRINT, "what is sealed can be read again");
}

#[test]
fn pem_is_read_in_any_order_with_a_chain_and_with_either_form_of_key() {
    is_it(&format!("{CERTIFICATE}{KEY}"), None);
    is_it(&format!("{KEY}\n\n{AUTHORITY}{CERTIFICATE}"), None);
    is_it(&format!("Bag Attributes\n  friendlyName: x\n{PKCS1}{CERTIFICATE}").replace('\n', "\r\n"), None);
}

#[test]
fn pkcs12_is_read_with_new_and_old_ciphers_and_without_a_password() {
    is_it(AES, Some("opensesame"));
    is_it(&AES.replace('\n', ""), Some("opensesame"));
    is_it(LEGACY, Some("opensesame"));
    is_it(OPEN, None);
    is_it(OPEN, Some(""));
}

#[test]
fn what_can_not_be_used_is_refused_with_the_reason() {
    let bundle = |key: &str| format!("{CERTIFICATE}{key}");
    let cases = [
        ("".to_owned(), None, Wrong::Unreadable),
        ("hello, world".to_owned(), None, Wrong::Unreadable),
        ("aGVsbG8gd29ybGQ=".to_owned(), None, Wrong::Unreadable),
        (CERTIFICATE.to_owned(), None, Wrong::NoKey),
        (KEY.to_owned(), None, Wrong::NoCertificate),
        (bundle(&format!("{KEY}{OTHER}")), None, Wrong::SeveralKeys),
        (bundle(OTHER), None, Wrong::NotAPair),
        (format!("{AUTHORITY}{KEY}"), None, Wrong::NotAPair),
        (bundle(LOCKED), None, Wrong::LockedPem),
        (bundle(EC), None, Wrong::NotRsa),
        (bundle(SHORT), None, Wrong::BadKey),
        (format!("{KEY}-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----"), None, Wrong::BrokenPem),
        (
            format!("{KEY}-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----"),
            None,
            Wrong::BadCertificate,
        ),
        (KEY.replace("-----END", "-----"), None, Wrong::BrokenPem),
        (AES.to_owned(), Some("wrong"), Wrong::Password),
        (LEGACY.to_owned(), Some("wrong"), Wrong::Password),
        (AES.to_owned(), None, Wrong::PasswordNeeded),
    ];
    for (text, password, wrong) in cases {
        let error = read(&text, password).err();
        assert_eq!(error, Some(wrong), "{}", text.get(..60).unwrap_or(&text));
        assert_eq!(wrong.is_password(), password.is_some() || text == AES, "{wrong}");
    }
}

/// Uploads the certificate's public part to the sample's app.
pub fn upload(state: &State) {
    let der = x509(CERTIFICATE);
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let spki = parsed.public_key().raw.to_vec();
    let public_key_pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64(&spki));
    let expires = chrono::DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0).unwrap();
    let mut world = state.world_mut();
    let app = world.tenants[0].apps.get_mut(&sample::CLIENT_ID).unwrap();
    app.certificates.push(sandbox::world::AppCertificate { der, public_key_pem, expires });
}

fn x509(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

#[tokio::test]
async fn a_certificate_gets_a_token_and_a_new_assertion_is_made_for_each() {
    let house = House::open().await;
    let settings =
        CredentialSettings::EntraClientCertificate { app: app(), thumbprint: THUMBPRINT.to_owned() };
    let tokens = house.tokens(&credential(settings.clone()), &format!("{CERTIFICATE}{KEY}"));
    let error = tokens.bearer(SCOPE).await.err().unwrap();
    assert_eq!(error.provider_code().as_deref(), Some("AADSTS700027"), "{error:?}");
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Credential));
    assert!(error.hint().starts_with("Upload the certificate"));
    upload(&house.tenant.state);
    let tokens = house.tokens(&credential(settings), &format!("{CERTIFICATE}{KEY}"));
    let first = tokens.bearer(SCOPE).await.unwrap();
    tokens.refused(&first);
    tokens.bearer(SCOPE).await.unwrap();
    assert_eq!(house.asked(), 3);
}

#[tokio::test]
async fn a_machine_whose_clock_is_wrong_is_told_so() {
    let house = House::open().await;
    upload(&house.tenant.state);
    house.clock.advance(chrono::TimeDelta::hours(1));
    let settings =
        CredentialSettings::EntraClientCertificate { app: app(), thumbprint: THUMBPRINT.to_owned() };
    let tokens = house.tokens(&credential(settings), &format!("{CERTIFICATE}{KEY}"));
    let error = tokens.bearer(SCOPE).await.err().unwrap();
    assert_eq!(error.provider_code().as_deref(), Some("AADSTS700024"), "{error:?}");
    assert!(error.hint().contains("clock"));
}
