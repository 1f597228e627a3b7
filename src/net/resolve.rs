//! From a host name to addresses that the network policy lets us go to.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::timeout;

use super::{Error, Policy};

/// The machine's resolver, within the network policy.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    pub policy: Policy,
    pub timeout: Duration,
}

impl Resolver {
    /// The addresses of a host, without those that the policy refuses.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        let lookup = timeout(self.timeout, tokio::net::lookup_host((host, 0))).await;
        let found: Vec<IpAddr> = lookup
            .map_err(|_| Error::ResolveTimeout { host: host.to_owned(), after: self.timeout })?
            .map_err(|source| Error::Resolve { host: host.to_owned(), source })?
            .map(|address| address.ip())
            .collect();
        let allowed: Vec<IpAddr> = found.iter().copied().filter(|&ip| self.policy.allows(ip)).collect();
        match (found.first(), allowed.is_empty()) {
            (None, _) => Err(Error::NoAddress { host: host.to_owned() }),
            (Some(&address), true) => Err(Error::Refused { host: host.to_owned(), address }),
            _ => Ok(allowed),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            // Port 0: the one of the address asked for.
            let found = found.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}
