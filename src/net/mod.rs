//! Outgoing connections to what tenants name: resolve, connect, TLS, each step with an error of its own, so that a
//! connection test can report them one by one.
//!
//! | file | holds |
//! |---|---|
//! | `policy` | which addresses are never connected to |
//! | `resolve` | from a host name to addresses that the policy allows |
//! | `tls` | whom we trust, and the handshake |
//! | `stream` | a connection, plain or TLS |
//! | `http` | HTTP requests, within all that |
//! | `error` | what went wrong at which step |

mod error;
mod http;
mod policy;
mod resolve;
mod stream;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

pub use error::{CertificateFault, Error, SetupError};
pub use http::Http;
pub use policy::Policy;
pub use stream::Stream;

use crate::config::NetConfig;
use resolve::Resolver;

/// Connects, within the network policy and the configured time limits.
#[derive(Debug, Clone)]
pub struct Net {
    resolver: Resolver,
    tls: tls::Trust,
    http: Http,
    read_timeout: Duration,
}

impl Net {
    /// Reads the certificates that are trusted, once.
    pub fn new(config: &NetConfig) -> Result<Self, SetupError> {
        let resolver = Resolver {
            policy: Policy::new(config.allow.clone()),
            timeout: Duration::from_secs(config.connect_timeout_seconds),
        };
        let tls = tls::Trust::load(&config.ca_file)?;
        let read_timeout = Duration::from_secs(config.read_timeout_seconds);
        let http = Http::new(resolver.clone(), &tls, read_timeout)?;
        Ok(Self { resolver, tls, http, read_timeout })
    }

    /// How long each of resolving, connecting and the TLS handshake may take.
    pub const fn connect_timeout(&self) -> Duration {
        self.resolver.timeout
    }

    /// How long a server may be silent in the middle of an answer.
    pub const fn read_timeout(&self) -> Duration {
        self.read_timeout
    }

    /// Sends HTTP requests.
    pub const fn http(&self) -> &Http {
        &self.http
    }

    /// The addresses of a host, as the machine's resolver tells them, without those that the policy refuses.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        self.resolver.addresses(host).await
    }

    /// Connects to the first of the addresses that accepts. They come from [`Self::resolve`].
    pub async fn connect(&self, host: &str, addresses: &[IpAddr], port: u16) -> Result<TcpStream, Error> {
        let mut last = Error::NoAddress { host: host.to_owned() };
        for &ip in addresses {
            if !self.resolver.policy.allows(ip) {
                last = Error::Refused { host: host.to_owned(), address: ip };
                continue;
            }
            last = match timeout(self.resolver.timeout, TcpStream::connect(SocketAddr::new(ip, port))).await {
                Ok(Ok(stream)) => {
                    // A command is one small packet: waiting to fill it would cost a round trip each.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(source)) => Error::Connect { host: host.to_owned(), port, source },
                Err(_) => Error::ConnectTimeout { host: host.to_owned(), port, after: self.resolver.timeout },
            };
        }
        Err(last)
    }

    /// The TLS handshake; the certificate must be for `host`, and from an authority that is trusted.
    pub async fn secure(&self, host: &str, port: u16, stream: TcpStream) -> Result<Stream, Error> {
        match timeout(self.resolver.timeout, self.tls.handshake(host, port, stream)).await {
            Ok(done) => done,
            Err(_) => Err(Error::TlsTimeout { host: host.to_owned(), port, after: self.resolver.timeout }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net() -> Net {
        Net::new(&NetConfig {
            ca_file: std::path::PathBuf::new(),
            connect_timeout_seconds: 5,
            read_timeout_seconds: 5,
            allow: Vec::new(),
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_metadata_address_is_refused_after_resolving() {
        assert!(matches!(net().resolve("169.254.169.254").await, Err(Error::Refused { .. })));
        assert!(matches!(net().resolve("::ffff:169.254.169.254").await, Err(Error::Refused { .. })));
    }

    #[tokio::test]
    async fn a_refused_address_is_not_connected_to_even_if_it_was_resolved_elsewhere() {
        let address: IpAddr = "169.254.169.254".parse().unwrap();
        assert!(matches!(net().connect("x", &[address], 80).await, Err(Error::Refused { .. })));
    }

    #[tokio::test]
    async fn a_closed_port_is_an_error_of_connecting() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let net = net();
        let addresses = net.resolve("127.0.0.1").await.unwrap();
        assert!(matches!(net.connect("127.0.0.1", &addresses, port).await, Err(Error::Connect { .. })));
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_an_error_of_resolving() {
        let error = net().resolve("no-such-host.invalid").await.unwrap_err();
        assert!(matches!(error, Error::Resolve { .. } | Error::ResolveTimeout { .. }), "{error}");
    }
}
