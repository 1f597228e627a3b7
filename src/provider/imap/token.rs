//! Proving who we are with a bearer token: XOAUTH2 (Google's, and all that Exchange Online has) or OAUTHBEARER (RFC 7628).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::reply::{Answer, Kind, Reply};
use super::wire::{Tag, Wire};
use crate::identity::Tokens;
use crate::provider::Error;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Xoauth2,
    OauthBearer,
}

impl Mechanism {
    /// The one that is offered; both work the same, and XOAUTH2 is the one that servers are most used to.
    fn offered(capabilities: &[String]) -> Option<Self> {
        let offers = |name: &str| capabilities.iter().any(|capability| capability == name);
        if offers("AUTH=XOAUTH2") {
            Some(Self::Xoauth2)
        } else {
            offers("AUTH=OAUTHBEARER").then_some(Self::OauthBearer)
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Xoauth2 => "XOAUTH2",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }

    fn response(self, username: &str, token: &SecretString) -> String {
        let token = token.expose_secret();
        STANDARD.encode(match self {
            Self::Xoauth2 => format!("user={username}\x01auth=Bearer {token}\x01\x01"),
            Self::OauthBearer => format!("n,a={},\x01auth=Bearer {token}\x01\x01", escaped(username)),
        })
    }

    /// What is said to the reason of a refusal, so that the server ends the exchange (RFC 7628, 3.2.3).
    const fn acknowledgement(self) -> &'static [u8] {
        match self {
            Self::Xoauth2 => b"\r\n",
            Self::OauthBearer => b"AQ==\r\n",
        }
    }
}

/// A `saslname` (RFC 5801, 4).
fn escaped(username: &str) -> String {
    username.replace('=', "=3D").replace(',', "=2C")
}

/// Logs in with a token for the host; one that is refused is renewed once.
pub(super) async fn log_in(
    wire: &mut Wire,
    capabilities: &[String],
    host: &str,
    (username, tokens): (&str, &Tokens),
    told: &mut Option<Vec<String>>,
) -> Result<Answer, Error> {
    let mechanism = Mechanism::offered(capabilities).ok_or(Error::NoTokenLogin)?;
    let initial = capabilities.iter().any(|capability| capability == "SASL-IR");
    // At Exchange Online, whatever the cloud, the resource is called as its IMAP host is.
    let scope = format!("https://{host}/.default");
    let bearer = tokens.bearer(&scope).await?;
    let response = mechanism.response(username, &bearer.token);
    let answer = exchange(wire, mechanism, response, initial, told).await?;
    if answer.0.kind != Kind::No {
        return Ok(answer.0);
    }
    tokens.refused(&bearer);
    let renewed = tokens.bearer(&scope).await?;
    if renewed.token.expose_secret() == bearer.token.expose_secret() {
        return conclude(answer);
    }
    let response = mechanism.response(username, &renewed.token);
    let answer = exchange(wire, mechanism, response, initial, told).await?;
    conclude(answer)
}

/// The refusal, with the status that came before it where there was one.
fn conclude((answer, status): (Answer, Option<String>)) -> Result<Answer, Error> {
    match (answer.kind, answer.login_error(), status) {
        (Kind::No, Error::Authentication { .. }, Some(status)) => {
            Err(Error::Authentication { provider_code: Some(status) })
        }
        _ => Ok(answer),
    }
}

async fn exchange(
    wire: &mut Wire,
    mechanism: Mechanism,
    response: String,
    initial: bool,
    told: &mut Option<Vec<String>>,
) -> Result<(Answer, Option<String>), Error> {
    let name = mechanism.name();
    let (tag, mut unsaid): (Tag, _) = if initial {
        (wire.send(&format!("AUTHENTICATE {name} {response}")).await?, None)
    } else {
        (wire.send(&format!("AUTHENTICATE {name}")).await?, Some(response))
    };
    let mut status = None;
    loop {
        match wire.next().await? {
            Reply::Done { tag: of, answer } if tag.is(&of) => return Ok((answer, status)),
            Reply::Continue { refused } => match unsaid.take() {
                Some(response) => wire.write(format!("{response}\r\n").as_bytes()).await?,
                None => {
                    status = refused.or(status);
                    wire.write(mechanism.acknowledgement()).await?;
                }
            },
            Reply::Capabilities(found) => *told = Some(found),
            _ => {}
        }
    }
}
