//! HTTP to the receiver of notifications.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;

/// Why a receiver's address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is no address.
    #[error("The notification URL is not an absolute http or https address.")]
    NoAddress,
    /// Nobody answered in time.
    #[error("Subscription validation request timed out.")]
    Late,
    /// Nobody is there.
    #[error("Subscription validation request failed. The notification endpoint can't be reached.")]
    Unreachable,
    /// Another status.
    #[error("Subscription validation request failed. Response must be 200 OK, but was {0}.")]
    Status(u16),
    /// Another body or another type.
    #[error(
        "Subscription validation request failed. Must respond with 200 OK and the validation token as text/plain."
    )]
    Body,
}

/// Brings notifications. Clones share it. Receivers on this machine have certificates that nobody knows: none is
/// checked.
#[derive(Debug, Clone, Default)]
pub struct Courier(Arc<OnceLock<Client>>);

impl Courier {
    fn client(&self) -> Client {
        let build = || {
            // Kept connections would outlive a receiver that a test stops.
            let builder = Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0);
            builder.danger_accept_invalid_certs(true).build().unwrap_or_default()
        };
        self.0.get_or_init(build).clone()
    }

    /// The handshake: the receiver answers with the token that it is given.
    pub async fn prove(&self, url: &str, seconds: u64) -> Result<(), Unproven> {
        let mut url = address(url).ok_or(Unproven::NoAddress)?;
        let token = format!(
            "Validation: Testing client application reachability for subscription Request-Id: {}",
            crate::random::uuid()
        );
        url.query_pairs_mut().append_pair("validationToken", &token);
        let request = self.client().post(url).timeout(Duration::from_secs(seconds));
        let request = request.header("content-type", "text/plain; charset=utf-8").body("");
        let failed =
            |error: reqwest::Error| if error.is_timeout() { Unproven::Late } else { Unproven::Unreachable };
        let response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(Unproven::Status(response.status().as_u16()));
        }
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let is_plain = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/plain"));
        let text = response.text().await.map_err(failed)?;
        if is_plain && text == token { Ok(()) } else { Err(Unproven::Body) }
    }

    /// Whether it was taken: in time, and with a status of success.
    pub async fn bring(&self, url: &str, body: &Value, seconds: u64) -> bool {
        let request = self.client().post(url).timeout(Duration::from_secs(seconds)).json(body);
        request.send().await.is_ok_and(|response| response.status().is_success())
    }
}

/// An absolute address. Graph itself takes https only; receivers in development have http.
fn address(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
