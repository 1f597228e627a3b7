//! Whom we trust, and the handshake.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{CertificateFault, Error, SetupError, Stream};

/// The certificate authorities of the machine, and those that the operator added.
#[derive(Clone)]
pub(super) struct Trust {
    /// None on a machine without any authority: plain connections still work there.
    config: Option<Arc<ClientConfig>>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("usable", &self.config.is_some()).finish()
    }
}

impl Trust {
    /// Reads them. An empty path adds none.
    pub(super) fn load(ca_file: &Path) -> Result<Self, SetupError> {
        let extra = if ca_file.as_os_str().is_empty() { Vec::new() } else { certificates(ca_file)? };
        let added = !extra.is_empty();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = match Verifier::new_with_extra_roots(extra, provider.clone()) {
            Ok(verifier) => Arc::new(verifier) as Arc<dyn ServerCertVerifier>,
            Err(_) if added => return Err(SetupError::NotCertificates { path: ca_file.to_owned() }),
            Err(_) => return Ok(Self { config: None }),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self { config: Some(Arc::new(config)) })
    }

    /// The same trust for HTTP. On a machine without any authority nobody is trusted; plain HTTP still works.
    pub(super) fn for_http(&self) -> Result<ClientConfig, SetupError> {
        let mut config = match &self.config {
            Some(config) => ClientConfig::clone(config),
            None => {
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()?
                    .with_root_certificates(rustls::RootCertStore::empty())
                    .with_no_client_auth()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Secures a connection.
    pub(super) async fn handshake(&self, host: &str, port: u16, stream: TcpStream) -> Result<Stream, Error> {
        let config = self.config.clone().ok_or(Error::NoAuthorities)?;
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| Error::NotAHost { host: host.to_owned() })?;
        match TlsConnector::from(config).connect(name, stream).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
            Err(error) => Err(explain(host, port, &error)),
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let pem = std::fs::read(path).map_err(|source| SetupError::Read { path: path.to_owned(), source })?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| SetupError::NotCertificates { path: path.to_owned() })
}

pub(super) fn explain(host: &str, port: u16, error: &std::io::Error) -> Error {
    let host = host.to_owned();
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        let detail = match error.kind() {
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => {
                "the server closed the connection".to_owned()
            }
            kind => kind.to_string(),
        };
        return Error::Handshake { host, port, detail };
    };
    match cause {
        rustls::Error::InvalidMessage(_) => Error::NotTls { port },
        rustls::Error::InvalidCertificate(fault) => Error::Certificate { host, fault: certificate(fault) },
        other => Error::Handshake { host, port, detail: other.to_string() },
    }
}

fn certificate(fault: &rustls::CertificateError) -> CertificateFault {
    use rustls::CertificateError as E;
    match fault {
        E::Expired | E::ExpiredContext { .. } => CertificateFault::Expired,
        E::NotValidYet | E::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        E::NotValidForName => CertificateFault::WrongHost { names: Vec::new() },
        E::NotValidForNameContext { presented, .. } => {
            CertificateFault::WrongHost { names: presented.iter().take(5).cloned().collect() }
        }
        E::UnknownIssuer => CertificateFault::UnknownAuthority,
        E::Revoked => CertificateFault::Revoked,
        other => CertificateFault::Other(other.to_string()),
    }
}
