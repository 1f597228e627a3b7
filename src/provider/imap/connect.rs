//! From a host name to a server that waits for a login: the steps, one function each, so that a connection test can
//! time them.

use std::net::IpAddr;
use std::time::Duration;

use super::guard::Limits;
use super::reply::{Code, Kind, Reply};
use super::wire::Wire;
use super::{Imap, MAX_LINE_BYTES, MAX_LITERAL_BYTES};
use crate::domain::mailbox::Security;
use crate::net::Stream;
use crate::provider::Error;

/// A server that was connected to, secured as configured, and has said what it can do.
pub(super) struct Greeted {
    pub wire: Wire,
    pub capabilities: Vec<String>,
    /// It logged us in by itself (PREAUTH).
    pub logged_in: bool,
}

/// A connection in clear, and what is known of it.
pub(super) enum Begun {
    /// TLS comes first.
    Bare(tokio::net::TcpStream),
    /// The server has greeted in clear; STARTTLS may follow.
    Greeted(Box<Greeted>),
}

impl Imap {
    pub(super) async fn resolve(&self) -> Result<Vec<IpAddr>, Error> {
        Ok(self.net.resolve(&self.settings.host).await?)
    }

    /// Connects; where TLS does not come first, hears the greeting too.
    pub(super) async fn begin(&self, addresses: &[IpAddr]) -> Result<Begun, Error> {
        let stream = self.net.connect(&self.settings.host, addresses, self.settings.port).await?;
        if self.settings.security == Security::Tls {
            return Ok(Begun::Bare(stream));
        }
        Ok(Begun::Greeted(Box::new(self.greet(Stream::Plain(stream)).await?)))
    }

    /// Secures the connection as configured.
    pub(super) async fn secure(&self, begun: Begun) -> Result<Greeted, Error> {
        let (host, port) = (&self.settings.host, self.settings.port);
        let greeted = match begun {
            Begun::Bare(stream) => {
                let stream = self.net.secure(host, port, stream).await?;
                return self.greet(stream).await;
            }
            Begun::Greeted(greeted) => *greeted,
        };
        let offered = greeted.capabilities.iter().any(|capability| capability == "STARTTLS");
        match self.settings.security {
            Security::Tls | Security::None => return Ok(greeted),
            Security::StarttlsIfOffered if !offered => return Ok(greeted),
            Security::Starttls if greeted.logged_in => return Err(Error::Preauthenticated),
            Security::Starttls if !offered => return Err(Error::NoStarttls { port }),
            Security::Starttls | Security::StarttlsIfOffered => {}
        }
        let mut wire = greeted.wire;
        let answer = wire.ask("STARTTLS", |_| {}).await?;
        if answer.kind != Kind::Ok {
            return Err(Error::NoStarttls { port });
        }
        // What was buffered in clear goes, and so does every capability learnt before (RFC 3501, 6.2.1).
        let Stream::Plain(bare) = wire.into_stream() else { return Err(Error::NoStarttls { port }) };
        let stream = self.net.secure(host, port, bare).await?;
        let mut wire = Wire::new(stream, self.limits(self.timeouts.silence));
        let capabilities = ask_capabilities(&mut wire).await?;
        Ok(Greeted { wire, capabilities, logged_in: false })
    }

    async fn greet(&self, stream: Stream) -> Result<Greeted, Error> {
        let (port, tls, after) = (self.settings.port, stream.is_tls(), self.timeouts.greeting);
        let mut wire = Wire::new(stream, self.limits(after));
        let greeting = match wire.next().await {
            Ok(Reply::Status(answer)) => answer,
            // `+OK`.
            Ok(Reply::Continue { .. }) => {
                return Err(Error::WrongProtocol { protocol: "IMAP", port, found: Some("POP3") });
            }
            Ok(_) => return Err(Error::WrongProtocol { protocol: "IMAP", port, found: None }),
            Err(Error::Silent { .. }) => return Err(Error::NoGreeting { port, tls, after }),
            Err(Error::Malformed { .. } | Error::TooLong { .. }) => {
                return Err(Error::WrongProtocol { protocol: "IMAP", port, found: None });
            }
            Err(error) => return Err(error),
        };
        wire.set_silence(self.timeouts.silence);
        if greeting.kind == Kind::Bye {
            return Err(if greeting.too_many { Error::Throttled { after: None } } else { Error::Goodbye });
        }
        let logged_in = greeting.kind == Kind::Preauth;
        let capabilities = match greeting.code {
            Code::Capabilities(found) => found,
            _ => ask_capabilities(&mut wire).await?,
        };
        Ok(Greeted { wire, capabilities, logged_in })
    }

    fn limits(&self, silence: Duration) -> Limits {
        Limits { line: MAX_LINE_BYTES, literal: MAX_LITERAL_BYTES, silence }
    }
}

/// Asks what the server can do.
pub(super) async fn ask_capabilities(wire: &mut Wire) -> Result<Vec<String>, Error> {
    let mut capabilities = Vec::new();
    let answer = wire
        .ask("CAPABILITY", |reply| {
            if let Reply::Capabilities(found) = reply {
                capabilities = found;
            }
        })
        .await?;
    answer.check("CAPABILITY")?;
    Ok(capabilities)
}
