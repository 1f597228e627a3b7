//! Proving who we are with a password: AUTHENTICATE PLAIN where it is offered, else LOGIN; any Unicode, any backslash.
//! With a token: `token`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::connect::{Greeted, ask_capabilities};
use super::names::quoted;
use super::reply::{Answer, Code, Kind, Reply};
use super::token;
use super::wire::{Tag, Wire};
use crate::provider::{Error, Login};

/// Logs in, and learns what the server can do from then on. It may tell so in four ways, or must be asked.
pub(super) async fn log_in(
    greeted: Greeted,
    login: &Login,
    host: &str,
) -> Result<(Wire, Vec<String>), Error> {
    let Greeted { mut wire, capabilities, logged_in } = greeted;
    if logged_in {
        return Ok((wire, capabilities));
    }
    let mut told = None;
    let answer = match login {
        Login::Password { username, password } => {
            by_password(&mut wire, &capabilities, (username, password), &mut told).await?
        }
        Login::Token { username, tokens, .. } => {
            token::log_in(&mut wire, &capabilities, host, (username, tokens), &mut told).await?
        }
    };
    if answer.kind != Kind::Ok {
        return Err(answer.login_error());
    }
    let mut capabilities = match (answer.code, told) {
        (Code::Capabilities(found), _) | (_, Some(found)) => found,
        _ => ask_capabilities(&mut wire).await?,
    };
    capabilities.sort_unstable();
    if capabilities.iter().any(|capability| capability == "ID") {
        // Some providers open no folder before they know the client (RFC 2971); the answer is of no interest.
        let id = concat!("ID (\"name\" \"mailroom\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")");
        wire.ask(id, |_| {}).await?;
    }
    Ok((wire, capabilities))
}

async fn by_password(
    wire: &mut Wire,
    capabilities: &[String],
    login: (&str, &SecretString),
    told: &mut Option<Vec<String>>,
) -> Result<Answer, Error> {
    let offers = |name: &str| capabilities.iter().any(|capability| capability == name);
    if offers("AUTH=PLAIN") {
        plain(wire, login, offers("SASL-IR"), told).await
    } else if !offers("LOGINDISABLED") {
        by_command(wire, login, told).await
    } else if wire.stream().is_tls() {
        Err(Error::NoPasswordLogin)
    } else {
        Err(Error::PasswordNeedsTls)
    }
}

/// RFC 4616, with the initial response of RFC 4959 where the server takes it.
async fn plain(
    wire: &mut Wire,
    (username, password): (&str, &SecretString),
    initial: bool,
    told: &mut Option<Vec<String>>,
) -> Result<Answer, Error> {
    let response = STANDARD.encode(format!("\0{username}\0{}", password.expose_secret()));
    if initial {
        let tag = wire.send(&format!("AUTHENTICATE PLAIN {response}")).await?;
        return conclude(wire, &tag, &[], told).await;
    }
    let tag = wire.send("AUTHENTICATE PLAIN").await?;
    conclude(wire, &tag, &[format!("{response}\r\n").into_bytes()], told).await
}

/// LOGIN, its arguments quoted or, where that can't be, as literals.
async fn by_command(
    wire: &mut Wire,
    (username, password): (&str, &SecretString),
    told: &mut Option<Vec<String>>,
) -> Result<Answer, Error> {
    let password = password.expose_secret();
    if let (Some(username), Some(password)) = (quoted(username), quoted(password)) {
        let tag = wire.send(&format!("LOGIN {username} {password}")).await?;
        return conclude(wire, &tag, &[], told).await;
    }
    let tag = wire.send(&format!("LOGIN {{{}}}", username.len())).await?;
    let parts = [
        format!("{username} {{{}}}\r\n", password.len()).into_bytes(),
        format!("{password}\r\n").into_bytes(),
    ];
    conclude(wire, &tag, &parts, told).await
}

/// Says one part for each `+` of the server's, and waits for the end. A `+` too many is answered by cancelling.
async fn conclude(
    wire: &mut Wire,
    tag: &Tag,
    parts: &[Vec<u8>],
    told: &mut Option<Vec<String>>,
) -> Result<Answer, Error> {
    let mut parts = parts.iter();
    loop {
        match wire.next().await? {
            Reply::Done { tag: of, answer } if tag.is(&of) => return Ok(answer),
            Reply::Continue { .. } => match parts.next() {
                Some(part) => wire.write(part).await?,
                None => wire.write(b"*\r\n").await?,
            },
            Reply::Capabilities(found) => *told = Some(found),
            _ => {}
        }
    }
}
