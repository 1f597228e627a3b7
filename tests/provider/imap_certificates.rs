//! IMAP: every way to be wrong about ports, certificates and logins ends in an error that says what to do.

use mailroom::config::NetConfig;
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::fault::{Fault, FaultCode};
use mailroom::domain::mailbox::{ImapSettings, ProviderSettings, Security};
use mailroom::net::Net;
use mailroom::provider::{self, Access, Error, Reach};

use super::imap::{login, net};
use crate::harness::dovecot::{self, Dovecot, PASSWORD};

async fn open(net: &Net, host: &str, port: u16, security: Security) -> Result<(), Error> {
    open_as(net, host, port, security, "tls-user", PASSWORD).await
}

async fn open_as(
    net: &Net,
    host: &str,
    port: u16,
    security: Security,
    user: &str,
    password: &str,
) -> Result<(), Error> {
    let settings =
        ProviderSettings::Imap(ImapSettings { host: host.to_owned(), port, security, login: None });
    let provider = provider::connect(&settings, login(user, password), Vec::new(), &Reach::new(net.clone()))?;
    let mut session = provider.open(Access::Look).await?;
    session.folders().await?;
    session.close().await;
    Ok(())
}

async fn fault(net: &Net, host: &str, port: u16, security: Security) -> Fault {
    let error = open(net, host, port, security).await.expect_err("it must fail");
    let fault = error.fault(SystemClock.now());
    assert!(fault.hint.is_some(), "no hint: {fault:?}");
    fault
}

#[tokio::test]
async fn every_kind_of_security_works_with_a_good_certificate() {
    let server = dovecot::shared();
    let net = net(server);
    for (port, security) in [
        (server.tls_port, Security::Tls),
        (server.port, Security::Starttls),
        (server.port, Security::StarttlsIfOffered),
        (server.port, Security::None),
    ] {
        open(&net, "127.0.0.1", port, security).await.unwrap();
    }
}

#[tokio::test]
async fn an_expired_certificate_is_named_as_such() {
    let server = dovecot::shared();
    let fault = fault(&net(server), "127.0.0.2", server.tls_port, Security::Tls).await;
    assert_eq!(fault.code, FaultCode::Tls);
    assert_eq!(fault.message, "The certificate of 127.0.0.2 has expired.");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_named_as_such() {
    let server = dovecot::shared();
    let fault = fault(&net(server), "127.0.0.3", server.tls_port, Security::Tls).await;
    assert_eq!(fault.code, FaultCode::Tls);
    assert!(
        fault.message.contains("another host") && fault.message.contains("elsewhere.example"),
        "{fault:?}"
    );
}

#[tokio::test]
async fn an_unknown_authority_is_named_as_such_with_starttls_too() {
    let server = dovecot::shared();
    let strangers = Net::new(&NetConfig {
        ca_file: server.certs.expired.0.clone(),
        connect_timeout_seconds: 3,
        read_timeout_seconds: 1,
        allow: Vec::new(),
    })
    .unwrap();
    for (port, security) in [(server.tls_port, Security::Tls), (server.port, Security::Starttls)] {
        let fault = fault(&strangers, "127.0.0.1", port, security).await;
        assert_eq!(fault.code, FaultCode::Tls);
        assert!(fault.message.contains("not trusted") && fault.hint.unwrap().contains("net.ca_file"));
    }
}

#[tokio::test]
async fn tls_on_a_plain_port_is_told_from_a_broken_certificate() {
    let server = dovecot::shared();
    let fault = fault(&net(server), "127.0.0.1", server.port, Security::Tls).await;
    assert_eq!(fault.code, FaultCode::Tls);
    assert_eq!(fault.message, format!("The server does not speak TLS on port {}.", server.port));
    assert!(fault.hint.unwrap().contains("STARTTLS"));
}

#[tokio::test]
async fn plain_on_a_tls_port_says_that_the_server_waits_for_tls() {
    let server = dovecot::shared();
    let fault = fault(&net(server), "127.0.0.1", server.tls_port, Security::None).await;
    assert_eq!(fault.code, FaultCode::Timeout);
    assert!(fault.hint.unwrap().contains("TLS from the start"));
}

#[tokio::test]
async fn logins_with_backslash_quotes_and_any_script_work() {
    let users = [
        (r"company\support", r#"back\slash "quoted" {7}"#),
        ("grüße@例え.jp", "pässwörd 密码 😀"),
        ("plain", "% * ( )"),
    ];
    let server = Dovecot::start_with(&users, "");
    let net = net(&server);
    for (user, password) in users {
        for (port, security) in [(server.tls_port, Security::Tls), (server.port, Security::Starttls)] {
            let opened = open_as(&net, "127.0.0.1", port, security, user, password).await;
            assert!(opened.is_ok(), "{user}: {opened:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_went_away_is_unreachable_and_comes_back() {
    let mut server = Dovecot::start();
    let net = net(&server);
    open(&net, "127.0.0.1", server.port, Security::Starttls).await.unwrap();
    server.stop();
    let fault = fault(&net, "127.0.0.1", server.port, Security::Starttls).await;
    assert!(fault.code == FaultCode::Unreachable && fault.retryable, "{fault:?}");
    server.restart();
    open(&net, "127.0.0.1", server.port, Security::Starttls).await.unwrap();
}
