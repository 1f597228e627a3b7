//! An IMAP server of one folder in which nothing ever happens, in a process of its own.

use std::io::Write as _;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// What makes this program the server.
pub const WORD: &str = "serve-stub";

/// Says its port, and serves until it is killed; over TLS with a certificate and its key.
pub async fn serve(certificate: Option<(&String, &String)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    let tls = certificate.map(|(certificate, key)| {
        let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let config =
            rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    });
    while let Ok((stream, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => converse(stream).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        converse(stream).await;
                    }
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut stream = BufReader::with_capacity(512, stream);
    let mut answer = "* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n".to_owned();
    let mut idling = String::new();
    loop {
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err()
            || stream.get_mut().flush().await.is_err()
        {
            return;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((&idling, "DONE"));
        answer = match command.split(' ').next().unwrap_or_default() {
            "LOGIN" => format!("{tag} OK [CAPABILITY IMAP4rev1 IDLE] in\r\n"),
            "LIST" => format!("* LIST (\\Noselect) \"/\" \"\"\r\n{tag} OK\r\n"),
            "EXAMINE" => {
                format!(
                    "* 0 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 1] ok\r\n{tag} OK [READ-ONLY] done\r\n"
                )
            }
            "IDLE" => {
                idling = tag.to_owned();
                "+ idling\r\n".to_owned()
            }
            _ => format!("{tag} OK\r\n"),
        };
    }
}
