//! Which addresses are never connected to, whatever a name resolves to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Network;

/// Cloud metadata services that are not link-local: AWS over IPv6, Alibaba, Azure's wire server, Oracle.
const METADATA: [IpAddr; 4] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// Refuses link-local, metadata, multicast and unspecified addresses; loopback and private ones are where many
/// mail servers are.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    allow: Vec<Network>,
}

impl Policy {
    /// A policy with exceptions.
    pub const fn new(allow: Vec<Network>) -> Self {
        Self { allow }
    }

    /// Whether the address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = embedded(address.to_canonical());
        self.allow.iter().any(|network| network.contains(address)) || !is_refused(address)
    }
}

/// The IPv4 address that a NAT64 (RFC 6052) or 6to4 (RFC 3056) address stands for.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

fn is_refused(address: IpAddr) -> bool {
    METADATA.contains(&address)
        || address.is_multicast()
        || match address {
            IpAddr::V4(v4) => v4.is_link_local() || v4.octets()[0] == 0 || v4.is_broadcast(),
            IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(address: &str) -> bool {
        Policy::default().allows(address.parse().unwrap())
    }

    #[test]
    fn link_local_and_metadata_addresses_are_refused_in_every_spelling() {
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
        ] {
            assert!(!allows(address), "{address}");
        }
    }

    #[test]
    fn loopback_private_and_public_addresses_are_allowed() {
        for address in
            ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd12::1", "203.0.113.9", "2001:db8::1"]
        {
            assert!(allows(address), "{address}");
        }
    }

    #[test]
    fn what_is_configured_is_allowed() {
        let policy = Policy::new(vec!["169.254.10.0/24".parse().unwrap()]);
        assert!(policy.allows("169.254.10.7".parse().unwrap()));
        assert!(!policy.allows("169.254.169.254".parse().unwrap()));
    }
}
