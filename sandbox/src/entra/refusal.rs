//! How Entra refuses: an OAuth error with an AADSTS number (learn.microsoft.com/entra/identity-platform/reference-error-codes).

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::random;

/// A refusal without the ids of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Such as 7000215.
    pub number: u32,
    /// The OAuth error, RFC 6749 section 5.2.
    pub error: &'static str,
    /// For people, without number and ids.
    pub text: String,
}

impl Refusal {
    fn client(number: u32, text: impl Into<String>) -> Self {
        Self { number, error: "invalid_client", text: text.into() }
    }

    fn request(number: u32, text: impl Into<String>) -> Self {
        Self { number, error: "invalid_request", text: text.into() }
    }

    /// A field of the form is not there.
    pub fn missing(field: &str) -> Self {
        Self::request(900_144, format!("The request body must contain the following parameter: '{field}'."))
    }

    /// Another grant than client credentials.
    pub fn grant_type(asked: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{asked}'.");
        Self { number: 70_003, error: "unsupported_grant_type", text }
    }

    /// Not a POST.
    pub fn method(asked: &str) -> Self {
        let text = format!("The endpoint only accepts POST requests. Received a {asked} request.");
        Self::request(900_561, text)
    }

    /// Neither GUID nor domain.
    pub fn tenant_form(name: &str) -> Self {
        let text = format!(
            "Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
        );
        Self::request(900_023, text)
    }

    /// No such tenant.
    pub fn tenant(name: &str) -> Self {
        let text = format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        );
        Self::request(90_002, text)
    }

    /// `common` and its like have no apps of their own.
    pub fn shared_tenant() -> Self {
        Self::request(
            9_001_023,
            "The grant type is not supported over the /common or /consumers endpoints. Please use the \
             /organizations or tenant-specific endpoint.",
        )
    }

    /// No such app.
    pub fn app(client_id: &str, tenant: &str) -> Self {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if \
             the application has not been installed by the administrator of the tenant or consented to by any user in \
             the tenant. You may have sent your authentication request to the wrong tenant."
        );
        Self { number: 700_016, error: "unauthorized_client", text }
    }

    /// An administrator switched it off.
    pub fn disabled(client_id: Uuid, name: &str) -> Self {
        let text = format!("Application '{client_id}'({name}) is disabled.");
        Self { number: 7_000_112, error: "unauthorized_client", text }
    }

    /// No credential.
    pub fn no_credential() -> Self {
        let text =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Self::client(7_000_218, text)
    }

    /// Another secret.
    pub fn secret(client_id: Uuid) -> Self {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{client_id}'."
        );
        Self::client(7_000_215, text)
    }

    /// The secret is too old.
    pub fn secret_expired(client_id: Uuid) -> Self {
        let text = format!(
            "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new \
             keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added \
             security: https://aka.ms/certCreds."
        );
        Self::client(7_000_222, text)
    }

    /// The assertion is no JWT.
    pub fn malformed() -> Self {
        Self::request(50_027, "JWT token is invalid or malformed.")
    }

    /// The certificate of the assertion, or its signature.
    pub fn certificate(reason: &str, thumbprint: &str) -> Self {
        let text = format!(
            "Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key used by client: \
             '{thumbprint}']"
        );
        Self::client(700_027, text)
    }

    /// The assertion names another app than the request.
    pub fn other_app() -> Self {
        Self::client(
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at \
             https://docs.microsoft.com/en-us/azure/active-directory/develop/active-directory-certificate-credentials .",
        )
    }

    /// The assertion is for someone else.
    pub fn audience() -> Self {
        Self::client(
            700_023,
            "Client assertion audience claim does not match Realm issuer. Review the documentation at \
             https://docs.microsoft.com/en-us/azure/active-directory/develop/active-directory-certificate-credentials .",
        )
    }

    /// The assertion is too old, or too young.
    pub fn time(now: DateTime<Utc>, from: Option<i64>, until: Option<i64>) -> Self {
        let shown = |at: Option<i64>| {
            let at = at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            at.map_or_else(|| "unknown".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%S.0000000Z").to_string())
        };
        let text = format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry \
             time of assertion {}.",
            shown(Some(now.timestamp())),
            shown(from),
            shown(until)
        );
        Self::client(700_024, text)
    }

    /// No federated credential of the app has that issuer, subject or audience.
    pub fn federated(number: u32, what: &str, presented: &str) -> Self {
        let text = format!(
            "No matching federated identity record found for presented assertion {what} '{presented}'. Please check \
             your federated identity credential Subject, Audience and Issuer against the presented assertion. \
             https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        );
        Self::client(number, text)
    }

    /// The issuer of a federated token did not sign it.
    pub fn federated_signature() -> Self {
        Self::client(50_013, "Assertion failed signature validation. [Reason - The key was not found.]")
    }

    /// Not one resource and `/.default`.
    pub fn scope(asked: &str) -> Self {
        let text = format!(
            "The provided value for scope {asked} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        Self { number: 1_002_012, error: "invalid_scope", text }
    }

    /// A scope without a resource.
    pub fn scope_form(asked: &str) -> Self {
        let text = format!(
            "The provided request must include a 'scope' input parameter. The provided value for the input parameter \
             'scope' is not valid. The scope '{asked}' does not exist."
        );
        Self { number: 70_011, error: "invalid_scope", text }
    }

    /// Several resources.
    pub fn scopes(asked: &str) -> Self {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid because it contains more than one \
             resource. Scope '{asked}'."
        );
        Self { number: 700_022, error: "invalid_scope", text }
    }

    /// A resource that the tenant doesn't have.
    pub fn resource(asked: &str, tenant: &str) -> Self {
        let text = format!(
            "The resource principal named {asked} was not found in the tenant named {tenant}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You might have sent your authentication request to the wrong tenant."
        );
        Self { number: 500_011, error: "invalid_resource", text }
    }

    /// The service itself; passes.
    pub fn unavailable() -> Self {
        let text = "A transient error has occurred. Please try again.";
        Self { number: 90_033, error: "temporarily_unavailable", text: text.to_owned() }
    }

    /// 401 for a client that isn't who it says, 503 for what passes, else 400.
    pub fn status(&self) -> StatusCode {
        match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer to a request with those fields, at `login` such as `https://localhost:8443`.
    pub fn answer(&self, request: &HeaderMap, login: &str, now: DateTime<Utc>) -> Response {
        let trace = random::uuid();
        let given = request.get("client-request-id").and_then(|id| id.to_str().ok()?.parse().ok());
        let correlation: Uuid = given.unwrap_or_else(random::uuid);
        let timestamp = now.format("%Y-%m-%d %H:%M:%SZ").to_string();
        let body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
                self.number, self.text
            ),
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("{login}/error?code={}", self.number),
        });
        let fields = [
            (header::CACHE_CONTROL, "no-store, no-cache".to_owned()),
            (header::PRAGMA, "no-cache".to_owned()),
            (header::HeaderName::from_static("x-ms-request-id"), trace.to_string()),
        ];
        (self.status(), fields, Json(body)).into_response()
    }
}
