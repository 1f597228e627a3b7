//! A certificate authority of one test's own, with a good, an expired and a strayed server certificate.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd};

/// Where the files are. Each server certificate is for one loopback address, so that one server can show them all.
#[derive(Debug, Clone)]
pub struct Certs {
    /// The authority's certificate; what a client has to trust.
    pub ca: PathBuf,
    /// For 127.0.0.1 and `localhost`: certificate and key.
    pub good: (PathBuf, PathBuf),
    /// For 127.0.0.2, lapsed in 2020.
    pub expired: (PathBuf, PathBuf),
    /// Shown on 127.0.0.3, but made out to `elsewhere.example`.
    pub wrong_host: (PathBuf, PathBuf),
}

impl Certs {
    /// Makes them, in `dir`.
    pub fn make(dir: &Path) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::<String>::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "mailroom test authority");
        let ca_path = dir.join("ca.pem");
        std::fs::write(&ca_path, ca.self_signed(&ca_key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(ca, ca_key);

        let leaf = |name: &str, hosts: &[&str], address: Option<Ipv4Addr>, expired: bool| {
            let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
            let mut params = CertificateParams::new(hosts).unwrap();
            if let Some(address) = address {
                params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(address)));
            }
            params.distinguished_name.push(DnType::CommonName, name);
            params.use_authority_key_identifier_extension = true;
            if expired {
                params.not_before = date_time_ymd(2019, 1, 1);
                params.not_after = date_time_ymd(2020, 1, 1);
            }
            let key = KeyPair::generate().unwrap();
            let (cert_path, key_path) = (dir.join(format!("{name}.pem")), dir.join(format!("{name}.key")));
            std::fs::write(&cert_path, params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
            std::fs::write(&key_path, key.serialize_pem()).unwrap();
            (cert_path, key_path)
        };
        Self {
            ca: ca_path,
            good: leaf("good", &["localhost"], Some(Ipv4Addr::LOCALHOST), false),
            expired: leaf("expired", &[], Some(Ipv4Addr::new(127, 0, 0, 2)), true),
            wrong_host: leaf("wrong-host", &["elsewhere.example"], None, false),
        }
    }
}
