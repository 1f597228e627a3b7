//! How a credential proves who we are, checked: one function a kind.

use chrono::{DateTime, Utc};

use super::input::CredentialConfig;
use crate::domain::credential::{CredentialSettings, Oauth2Settings};
use crate::domain::entra::{EntraApp, EntraIdentity};
use crate::identity::Certificate;
use crate::secret::{ExposeSecret, SecretString};
use crate::service::error::Problems;
use crate::service::{Path, UserErrorCode, text, url};

/// Characters of a user name and bytes of a secret.
const MAX_SECRET: usize = 1_000;
/// Bytes of a certificate with its key.
const MAX_CERTIFICATE: usize = 64 * 1024;
/// Characters of an id, a domain or a scope.
const MAX_ID: usize = 300;
/// Scopes asked for.
const MAX_SCOPES: usize = 20;

/// What is given, checked. No `Debug`: it holds secrets.
pub(in crate::service) struct Checked {
    /// What is not secret.
    pub settings: CredentialSettings,
    /// The secret, if one was given.
    pub secret: Option<SecretString>,
    /// The refresh token, if one was given.
    pub refresh_token: Option<SecretString>,
    /// When the secret lapses, where known; belongs to `secret`.
    pub expires_at: Option<DateTime<Utc>>,
    /// Where the secret is expected.
    pub secret_path: Path,
}

/// Checks what is given at `path`.
pub(in crate::service) fn check(
    problems: &mut Problems,
    path: &Path,
    config: CredentialConfig,
) -> Option<Checked> {
    let path = path.field(config.member());
    let before = problems.len();
    let checked = match config {
        CredentialConfig::EntraClientSecret { app, secret, expires_at } => {
            let secret_path = path.field("clientSecret");
            let settings = CredentialSettings::EntraClientSecret(app_of(problems, &path, app));
            let secret = secret_of(problems, &secret_path, secret, "client secret");
            Checked { settings, secret, refresh_token: None, expires_at, secret_path }
        }
        CredentialConfig::EntraClientCertificate { app, certificate, password } => {
            certificate_of(problems, &path, app, certificate, password.as_ref())
        }
        CredentialConfig::EntraWorkloadIdentity(identity) => {
            let identity = identity_of(problems, &path, identity);
            without_secret(CredentialSettings::EntraWorkloadIdentity(identity), path.clone())
        }
        CredentialConfig::EntraManagedIdentity(identity) => {
            let identity = identity_of(problems, &path, identity);
            without_secret(CredentialSettings::EntraManagedIdentity(identity), path.clone())
        }
        CredentialConfig::EntraDelegated { app, secret } => {
            let secret_path = path.field("clientSecret");
            let app = app_of(problems, &path, app);
            let secret = secret_of(problems, &secret_path, secret, "client secret");
            let settings = CredentialSettings::EntraDelegated { app, signed_in_as: None };
            Checked { settings, secret, refresh_token: None, expires_at: None, secret_path }
        }
        CredentialConfig::Oauth2 { settings, secret, refresh_token } => {
            let secret_path = path.field("clientSecret");
            let settings = CredentialSettings::Oauth2(oauth2_of(problems, &path, settings));
            let secret = secret_of(problems, &secret_path, secret, "client secret");
            let refresh_token =
                secret_of(problems, &path.field("refreshToken"), refresh_token, "refresh token");
            Checked { settings, secret, refresh_token, expires_at: None, secret_path }
        }
        CredentialConfig::Basic { username, password } => {
            let secret_path = path.field("password");
            user_name(problems, &path.field("username"), &username);
            let secret = secret_of(problems, &secret_path, password, "password");
            let settings = CredentialSettings::Basic { username };
            Checked { settings, secret, refresh_token: None, expires_at: None, secret_path }
        }
    };
    (problems.len() == before).then_some(checked)
}

fn without_secret(settings: CredentialSettings, secret_path: Path) -> Checked {
    Checked { settings, secret: None, refresh_token: None, expires_at: None, secret_path }
}

/// Verbatim: blanks and backslashes may belong to it.
fn user_name(problems: &mut Problems, path: &Path, username: &str) {
    if username.is_empty() {
        problems.add(UserErrorCode::Required, path, "The user name is empty: give one.");
    } else if username.chars().any(char::is_control) || username.chars().count() > MAX_SECRET {
        let message = format!("A user name is one line of at most {MAX_SECRET} characters.");
        problems.add(UserErrorCode::Invalid, path, message);
    }
}

fn secret_of(
    problems: &mut Problems,
    path: &Path,
    given: Option<SecretString>,
    what: &str,
) -> Option<SecretString> {
    // A refresh token is a long one.
    let most = if what == "refresh token" { MAX_CERTIFICATE } else { MAX_SECRET };
    let text = given.as_ref()?.expose_secret();
    if text.is_empty() {
        let message =
            format!("The {what} is empty: give one, or leave it out of an update to keep the saved one.");
        problems.add(UserErrorCode::Required, path, message);
    } else if text.contains(['\0', '\r', '\n']) || text.len() > most {
        problems.add(UserErrorCode::Invalid, path, format!("A {what} is one line of at most {most} bytes."));
    }
    given
}

fn certificate_of(
    problems: &mut Problems,
    path: &Path,
    app: EntraApp,
    given: Option<SecretString>,
    password: Option<&SecretString>,
) -> Checked {
    let secret_path = path.field("certificate");
    let app = app_of(problems, path, app);
    let mut checked = Checked {
        settings: CredentialSettings::EntraClientCertificate { app: app.clone(), thumbprint: String::new() },
        secret: None,
        refresh_token: None,
        expires_at: None,
        secret_path: secret_path.clone(),
    };
    let Some(given) = given else { return checked };
    if given.expose_secret().len() > MAX_CERTIFICATE {
        let message = format!("A certificate with its key takes at most {MAX_CERTIFICATE} bytes.");
        problems.add(UserErrorCode::Invalid, &secret_path, message);
        return checked;
    }
    match Certificate::read(given.expose_secret(), password) {
        Ok(certificate) => {
            checked.settings =
                CredentialSettings::EntraClientCertificate { app, thumbprint: certificate.thumbprint() };
            checked.expires_at = Some(certificate.expires_at());
            checked.secret = Some(certificate.pem());
        }
        Err(error) => {
            let path = if error.is_password() { path.field("password") } else { secret_path };
            problems.add(UserErrorCode::Invalid, &path, error.to_string());
        }
    }
    checked
}

fn app_of(problems: &mut Problems, path: &Path, app: EntraApp) -> EntraApp {
    EntraApp {
        tenant_id: tenant(problems, &path.field("tenantId"), &app.tenant_id),
        client_id: text::line(problems, &path.field("clientId"), &app.client_id, MAX_ID, "client id"),
        cloud: app.cloud,
    }
}

fn identity_of(problems: &mut Problems, path: &Path, identity: EntraIdentity) -> EntraIdentity {
    let given = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
    EntraIdentity {
        tenant_id: given(identity.tenant_id).map(|id| tenant(problems, &path.field("tenantId"), &id)),
        client_id: given(identity.client_id)
            .map(|id| text::line(problems, &path.field("clientId"), &id, MAX_ID, "client id")),
        cloud: identity.cloud,
    }
}

/// It becomes part of an address, so it is a GUID or a domain and nothing else.
fn tenant(problems: &mut Problems, path: &Path, given: &str) -> String {
    let tenant = text::line(problems, path, given, MAX_ID, "tenant");
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let several = ["common", "organizations", "consumers"];
    if several.contains(&tenant.to_lowercase().as_str()) {
        let message = format!(
            "'{tenant}' stands for many tenants: give the one's id or domain, such as contoso.onmicrosoft.com."
        );
        problems.add(UserErrorCode::Invalid, path, message);
    } else if !tenant.is_empty() && !tenant.chars().all(fits) {
        let message =
            "A tenant is the directory's id (a GUID) or one of its domains, such as contoso.onmicrosoft.com.";
        problems.add(UserErrorCode::Invalid, path, message);
    }
    tenant
}

fn oauth2_of(problems: &mut Problems, path: &Path, given: Oauth2Settings) -> Oauth2Settings {
    let scopes_path = path.field("scopes");
    if given.scopes.len() > MAX_SCOPES {
        let message = format!("These are too many: at most {MAX_SCOPES} scopes.");
        problems.add(UserErrorCode::Invalid, &scopes_path, message);
    }
    let scopes = given.scopes.iter().take(MAX_SCOPES).enumerate();
    let scopes = scopes
        .map(|(index, scope)| {
            let path = scopes_path.index(index);
            let scope = text::line(problems, &path, scope, MAX_ID, "scope");
            if scope.contains(char::is_whitespace) {
                let message = "A scope has no blanks: give several as several items of the list.";
                problems.add(UserErrorCode::Invalid, &path, message);
            }
            scope
        })
        .collect();
    Oauth2Settings {
        token_url: url::check(problems, &path.field("tokenUrl"), &given.token_url),
        authorize_url: given
            .authorize_url
            .filter(|url| !url.trim().is_empty())
            .map(|url| url::check(problems, &path.field("authorizeUrl"), &url)),
        client_id: text::line(problems, &path.field("clientId"), &given.client_id, MAX_ID, "client id"),
        scopes,
        signed_in_as: None,
    }
}
