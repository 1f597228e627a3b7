//! `[net]`: outgoing connections to what tenants name.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use super::rule::Rule;

/// Outgoing connections to what tenants name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetConfig {
    /// PEM certificates trusted beside the system's; empty when it was not set.
    pub ca_file: PathBuf,
    /// How long a server may take to accept a connection.
    pub connect_timeout_seconds: u64,
    /// How long a server may be silent in the middle of an answer.
    pub read_timeout_seconds: u64,
    /// May be reached although the network policy refuses it.
    pub allow: Vec<Network>,
}

/// A network in CIDR notation (RFC 4632), or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address lies in the network. An IPv4-mapped IPv6 address is read as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (difference, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => (u128::from(net.to_bits() ^ ip.to_bits()), 32),
            (IpAddr::V6(net), IpAddr::V6(ip)) => (net.to_bits() ^ ip.to_bits(), 128),
            _ => return false,
        };
        difference.checked_shr(width - u32::from(self.prefix)).unwrap_or(0) == 0
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), |p| p.parse().map_err(|_| NotANetwork))?;
        if prefix > longest { Err(NotANetwork) } else { Ok(Self { address, prefix }) }
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;
    fn try_from(text: String) -> Result<Self, NotANetwork> {
        text.parse()
    }
}

/// The text names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a network such as 10.1.0.0/16")]
pub struct NotANetwork;

pub(super) const RULES: &[Rule] = &[
    Rule::Range("net.connect_timeout_seconds", 1, 600),
    Rule::Range("net.read_timeout_seconds", 1, 3600),
    Rule::Networks("net.allow"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_contains_the_addresses_that_share_its_prefix() {
        assert!(contains("169.254.10.0/24", "169.254.10.200"));
        assert!(!contains("169.254.10.0/24", "169.254.11.1"));
        assert!(contains("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(contains("0.0.0.0/0", "203.0.113.9"));
        assert!(contains("fd00:ec2::254", "fd00:ec2::254"));
        assert!(!contains("fd00:ec2::/127", "fd00:ec2::2"));
        assert!(contains("fe80::/10", "febf::1"));
        assert!(!contains("fe80::/10", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "example.com", "10.0.0.0/33", "10.0.0.0/x", "::/129"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
    }
}
