//! Sends a message into a sandbox that runs elsewhere, over its control endpoint.

/// Why it did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers there.
    #[error("no sandbox answers at {0}")]
    Unreachable(String, #[source] reqwest::Error),
    /// It said no; with its sentence.
    #[error("the sandbox refused the message: {0}")]
    Refused(String),
}

/// Delivers a raw message to an address; its id.
pub async fn deliver(url: &str, to: &str, folder: &str, raw: Vec<u8>) -> Result<String, Error> {
    let unreachable = |error| Error::Unreachable(url.to_owned(), error);
    let request = reqwest::Client::new().post(format!("{}/sandbox/deliver", url.trim_end_matches('/')));
    let answer =
        request.query(&[("to", to), ("folder", folder)]).body(raw).send().await.map_err(unreachable)?;
    let is_fine = answer.status().is_success();
    let status = answer.status();
    let said: serde_json::Value = answer.json().await.unwrap_or_default();
    if is_fine {
        return Ok(said.pointer("/0/id").and_then(|id| id.as_str()).unwrap_or_default().to_owned());
    }
    let message = said.pointer("/error/message").and_then(|message| message.as_str());
    Err(Error::Refused(message.map_or_else(|| status.to_string(), str::to_owned)))
}
