//! HTTP requests to what tenants name: one client for all, which obeys the network policy and trusts what [`Net`] trusts.
//!
//! It follows no redirects, takes gzip, uses the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`), and says which
//! step failed.

use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, Method, Request, RequestBuilder, Response, Url, redirect};
use url::Host;

use super::resolve::Resolver;
use super::{Error, SetupError, tls};

/// Who we say that we are.
const USER_AGENT: &str = concat!("mailroom/", env!("CARGO_PKG_VERSION"));
/// Idle connections are kept so long; servers usually let go of them after a minute or two.
const IDLE: Duration = Duration::from_secs(50);

/// Sends HTTP requests. Clones share connections.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    resolver: Resolver,
    read_timeout: Duration,
}

impl Http {
    pub(super) fn new(
        resolver: Resolver,
        trust: &tls::Trust,
        read_timeout: Duration,
    ) -> Result<Self, SetupError> {
        let client = Client::builder()
            .tls_backend_preconfigured(trust.for_http()?)
            .dns_resolver(resolver.clone())
            .redirect(redirect::Policy::none())
            .connect_timeout(resolver.timeout)
            .read_timeout(read_timeout)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .gzip(true)
            .user_agent(USER_AGENT)
            .build()?;
        Ok(Self { client, resolver, read_timeout })
    }

    /// A request, to be completed and given to [`Self::execute`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends it; answers when the head of the response is there, whatever its status.
    pub async fn execute(&self, request: Request) -> Result<Response, Error> {
        let url = request.url().clone();
        self.admit(&url)?;
        self.client.execute(request).await.map_err(|error| self.explain(&url, &error))
    }

    /// The error that one of sending, or of reading the body, stands for.
    pub fn explain(&self, url: &Url, error: &reqwest::Error) -> Error {
        let (host, port) = (host(url), url.port_or_known_default().unwrap_or_default());
        if error.is_builder() || error.is_request() && url.host().is_none() {
            return Error::NotAHost { host };
        }
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(ours) = inner.downcast_ref::<Error>() {
                return again(ours);
            }
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                match io.get_ref() {
                    Some(wrapped) if wrapped.is::<rustls::Error>() => return tls::explain(&host, port, io),
                    // Its `source` would be that of what it wraps.
                    Some(wrapped) => {
                        cause = Some(wrapped);
                        continue;
                    }
                    None if error.is_connect() && !error.is_timeout() => {
                        return Error::Connect { host, port, source: io.kind().into() };
                    }
                    None => {}
                }
            }
            cause = inner.source();
        }
        match (error.is_timeout(), error.is_connect()) {
            (true, true) => Error::ConnectTimeout { host, port, after: self.resolver.timeout },
            (true, false) => Error::Silent { host, after: self.read_timeout },
            (false, true) => Error::Connect { host, port, source: io::ErrorKind::Other.into() },
            (false, false) => Error::Cut { host },
        }
    }

    /// A name is looked at when it is resolved; an address would be connected to at once.
    fn admit(&self, url: &Url) -> Result<(), Error> {
        let address: IpAddr = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(Error::NotAHost { host: url.scheme().to_owned() }),
        };
        if self.resolver.policy.allows(address) {
            return Ok(());
        }
        Err(Error::Refused { host: host(url), address })
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// What the resolver said, once more: it is inside of an error that can't be taken apart.
fn again(error: &Error) -> Error {
    match error {
        Error::Refused { host, address } => Error::Refused { host: host.clone(), address: *address },
        Error::ResolveTimeout { host, after } => Error::ResolveTimeout { host: host.clone(), after: *after },
        Error::Resolve { host, source } => {
            Error::Resolve { host: host.clone(), source: io::Error::new(source.kind(), source.to_string()) }
        }
        other => Error::NoAddress { host: other.host().to_owned() },
    }
}
