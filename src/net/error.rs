//! What went wrong at which step of connecting.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::fault::FaultCode;

/// What went wrong while connecting to a host that a tenant named.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name has no answer.
    #[error("the host name {host} can't be resolved")]
    Resolve {
        /// As configured.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The resolver did not answer in time.
    #[error("the host name {host} was not resolved within {} s", after.as_secs())]
    ResolveTimeout {
        /// As configured.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// The name has an answer, without addresses.
    #[error("the host name {host} has no address")]
    NoAddress {
        /// As configured.
        host: String,
    },
    /// The network policy does not let us go there.
    #[error("{host} is at {address}, an address that the network policy refuses")]
    Refused {
        /// As configured.
        host: String,
        /// What it resolved to.
        address: IpAddr,
    },
    /// Nobody accepts there.
    #[error("{host} does not accept connections on port {port}: {}", reason(source))]
    Connect {
        /// As configured.
        host: String,
        /// As configured.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody answers there.
    #[error("{host} did not answer on port {port} within {} s", after.as_secs())]
    ConnectTimeout {
        /// As configured.
        host: String,
        /// As configured.
        port: u16,
        /// The limit.
        after: Duration,
    },
    /// The server answers a TLS handshake with something else.
    #[error("the server does not speak TLS on port {port}")]
    NotTls {
        /// As configured.
        port: u16,
    },
    /// The server's certificate does not prove that it is who we wanted.
    #[error("the certificate of {host} {fault}")]
    Certificate {
        /// As configured.
        host: String,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// The handshake failed for another reason.
    #[error("the TLS handshake with {host} on port {port} failed: {detail}")]
    Handshake {
        /// As configured.
        host: String,
        /// As configured.
        port: u16,
        /// What the TLS library says.
        detail: String,
    },
    /// The handshake stood still.
    #[error("the TLS handshake with {host} on port {port} was not done within {} s", after.as_secs())]
    TlsTimeout {
        /// As configured.
        host: String,
        /// As configured.
        port: u16,
        /// The limit.
        after: Duration,
    },
    /// This machine trusts nobody.
    #[error("no certificate authority is known on this machine")]
    NoAuthorities,
    /// A certificate can't be made out to this.
    #[error("{host} is neither a host name nor an address")]
    NotAHost {
        /// As configured.
        host: String,
    },
    /// The server stands still.
    #[error("{host} was silent for {} s in the middle of an answer", after.as_secs())]
    Silent {
        /// As configured.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// The server ended the connection before its answer.
    #[error("the connection to {host} was cut before the answer was complete")]
    Cut {
        /// As configured.
        host: String,
    },
}

impl Error {
    /// The kind of refusal.
    pub const fn code(&self) -> FaultCode {
        match self {
            Self::Resolve { .. }
            | Self::NoAddress { .. }
            | Self::Connect { .. }
            | Self::NotAHost { .. }
            | Self::Cut { .. } => FaultCode::Unreachable,
            Self::ResolveTimeout { .. }
            | Self::ConnectTimeout { .. }
            | Self::TlsTimeout { .. }
            | Self::Silent { .. } => FaultCode::Timeout,
            Self::Refused { .. } => FaultCode::Forbidden,
            Self::NotTls { .. } | Self::Certificate { .. } | Self::Handshake { .. } | Self::NoAuthorities => {
                FaultCode::Tls
            }
        }
    }

    /// Whom we wanted to reach; empty where it is not known.
    pub fn host(&self) -> &str {
        match self {
            Self::Resolve { host, .. }
            | Self::ResolveTimeout { host, .. }
            | Self::NoAddress { host }
            | Self::Refused { host, .. }
            | Self::Connect { host, .. }
            | Self::ConnectTimeout { host, .. }
            | Self::Certificate { host, .. }
            | Self::Handshake { host, .. }
            | Self::TlsTimeout { host, .. }
            | Self::NotAHost { host }
            | Self::Silent { host, .. }
            | Self::Cut { host } => host,
            Self::NotTls { .. } | Self::NoAuthorities => "",
        }
    }
}

fn reason(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "connection reset",
        io::ErrorKind::HostUnreachable => "the host is unreachable",
        io::ErrorKind::NetworkUnreachable => "the network is unreachable",
        io::ErrorKind::PermissionDenied => "a firewall forbids it",
        _ => "the system refused",
    }
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Its time is over.
    #[error("has expired")]
    Expired,
    /// Its time has not begun.
    #[error("is not valid yet")]
    NotYetValid,
    /// It is for someone else.
    #[error("is for another host{}", list(names))]
    WrongHost {
        /// Whom it is for, as it says itself.
        names: Vec<String>,
    },
    /// Nobody we trust signed it.
    #[error("is from an authority that is not trusted")]
    UnknownAuthority,
    /// It was taken back.
    #[error("was revoked")]
    Revoked,
    /// Something else.
    #[error("is not acceptable ({0})")]
    Other(String),
}

fn list(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

/// Why outgoing connections can't be set up at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// `net.ca_file` can't be read.
    #[error("net.ca_file {} can't be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `net.ca_file` holds something else.
    #[error("net.ca_file {} holds no usable certificate in PEM form", path.display())]
    NotCertificates {
        /// The file.
        path: PathBuf,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refuses its own defaults.
    #[error("the HTTP client can't be set up")]
    Http(#[from] reqwest::Error),
}
