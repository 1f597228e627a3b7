//! Reaching a mailbox on a person's behalf: connection tests and folders, over a real server, reading only.

use std::time::Duration;

use mailroom::config::NetConfig;
use mailroom::domain::connection::{ConnectionStepKind as Step, ConnectionTest};
use mailroom::domain::fault::FaultCode;
use mailroom::domain::id::{CredentialId, MailboxId};
use mailroom::domain::mailbox::Security;
use mailroom::net::Net;
use mailroom::service::mailbox::{
    CreateMailbox, CredentialChoice, ImapInput, ProviderInput, TestMailbox, create, folders, test,
};

use super::{Office, basic, credential, mailbox, refusals};
use crate::harness::database::on_sqlite;
use crate::harness::dovecot::{Dovecot, PASSWORD, shared};
use crate::harness::free_port;

async fn office(server: &Dovecot) -> Office {
    let mut office = Office::open(on_sqlite().await);
    office.cx.reach.net = Net::new(&NetConfig {
        ca_file: server.certs.ca.clone(),
        connect_timeout_seconds: 10,
        read_timeout_seconds: 10,
        allow: Vec::new(),
    })
    .unwrap();
    office
}

fn at(port: u16, security: Security) -> ProviderInput {
    let host = "127.0.0.1".to_owned();
    ProviderInput::Imap(ImapInput { host, port: Some(i32::from(port)), security, login: None })
}

fn unsaved(provider: ProviderInput, user: &str, password: Option<&str>) -> TestMailbox {
    TestMailbox {
        id: None,
        address: Some(format!("{user}@example.com")),
        provider: Some(provider),
        credential: Some(CredentialChoice { id: None, config: Some(basic(user, password)) }),
        folder: None,
    }
}

fn steps(test: &ConnectionTest) -> Vec<Step> {
    test.steps.iter().map(|step| step.step).collect()
}

fn fault(test: &ConnectionTest) -> FaultCode {
    test.steps.last().unwrap().fault.as_ref().unwrap().code
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_a_draft_is_told_and_the_message_stays_unread() {
    let server = shared();
    server.deliver("reach-draft", "INBOX", b"Subject: one\r\n\r\nText\r\n");
    let office = office(server).await;
    let draft = unsaved(at(server.tls_port, Security::Tls), "reach-draft", Some(PASSWORD));
    let found = test(&office.cx, &office.permit, draft).await.unwrap();
    assert!(found.is_ok(), "{found:?}");
    let all = [Step::Resolve, Step::Connect, Step::Tls, Step::Authenticate, Step::OpenFolder, Step::Read];
    assert_eq!(steps(&found), all);
    assert!(found.steps.iter().all(|step| step.duration < Duration::from_secs(10)));
    assert!(found.folders.iter().any(|folder| folder.path == "INBOX"));
    let flags = tokio::task::spawn_blocking(|| shared().person("reach-draft").flags("INBOX")).await.unwrap();
    assert_eq!(flags.len(), 1);
    assert!(flags[0].1.iter().all(|flag| flag != "\\Seen"), "{flags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_clear_has_no_tls_step() {
    let server = shared();
    server.deliver("reach-clear", "INBOX", b"Subject: one\r\n\r\nText\r\n");
    let office = office(server).await;
    let draft = unsaved(at(server.port, Security::None), "reach-clear", Some(PASSWORD));
    let found = test(&office.cx, &office.permit, draft).await.unwrap();
    assert!(found.is_ok(), "{found:?}");
    assert!(!steps(&found).contains(&Step::Tls));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_that_fails_is_the_last_one_and_says_why() {
    let server = shared();
    server.deliver("reach-fail", "INBOX", b"Subject: one\r\n\r\nText\r\n");
    let office = office(server).await;
    let wrong_password = unsaved(at(server.tls_port, Security::Tls), "reach-fail", Some("wrong"));
    let found = test(&office.cx, &office.permit, wrong_password).await.unwrap();
    assert_eq!((steps(&found).last(), fault(&found)), (Some(&Step::Authenticate), FaultCode::Authentication));
    assert!(found.steps.last().unwrap().fault.as_ref().unwrap().hint.is_some());

    let nobody_there = unsaved(at(free_port(), Security::Tls), "reach-fail", Some(PASSWORD));
    let found = test(&office.cx, &office.permit, nobody_there).await.unwrap();
    assert_eq!((steps(&found).last(), fault(&found)), (Some(&Step::Connect), FaultCode::Unreachable));

    let tls_on_a_plain_port = unsaved(at(server.port, Security::Tls), "reach-fail", Some(PASSWORD));
    let found = test(&office.cx, &office.permit, tls_on_a_plain_port).await.unwrap();
    assert_eq!((steps(&found).last(), fault(&found)), (Some(&Step::Tls), FaultCode::Tls));

    let mut no_folder = unsaved(at(server.tls_port, Security::Tls), "reach-fail", Some(PASSWORD));
    no_folder.folder = Some("Nowhere".to_owned());
    let found = test(&office.cx, &office.permit, no_folder).await.unwrap();
    assert_eq!((steps(&found).last(), fault(&found)), (Some(&Step::OpenFolder), FaultCode::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_mailbox_is_tried_with_what_is_given_in_place_of_what_is_saved() {
    let server = shared();
    server.deliver("reach-saved", "INBOX", b"Subject: one\r\n\r\nText\r\n");
    let office = office(server).await;
    let mut login = credential("login");
    login.config = basic("reach-saved", Some("wrong"));
    let saved = CreateMailbox {
        new_credential: Some(login),
        provider: at(server.tls_port, Security::Tls),
        ..mailbox("desk")
    };
    let saved = create(&office.cx, &office.permit, saved).await.unwrap();
    let as_saved =
        || TestMailbox { id: Some(saved.id), address: None, provider: None, credential: None, folder: None };
    let found = test(&office.cx, &office.permit, as_saved()).await.unwrap();
    assert_eq!(fault(&found), FaultCode::Authentication);
    let refused = refusals(folders(&office.cx, &office.permit, saved.id).await);
    assert_eq!(refused, ["PROVIDER mailboxId"]);

    let changed = CredentialChoice { id: None, config: Some(basic("reach-saved", Some(PASSWORD))) };
    let right = TestMailbox { credential: Some(changed), ..as_saved() };
    assert!(test(&office.cx, &office.permit, right).await.unwrap().is_ok());
    // Nothing was saved by the test.
    let found = test(&office.cx, &office.permit, as_saved()).await.unwrap();
    assert_eq!(fault(&found), FaultCode::Authentication);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folders_of_a_saved_mailbox_come_with_their_roles() {
    let server = shared();
    server.deliver("reach-folders", "INBOX", b"Subject: one\r\n\r\nText\r\n");
    server.deliver("reach-folders", "Archive/2026", b"Subject: old\r\n\r\nText\r\n");
    let office = office(server).await;
    let mut login = credential("login");
    login.config = basic("reach-folders", Some(PASSWORD));
    let saved = CreateMailbox {
        new_credential: Some(login),
        provider: at(server.tls_port, Security::Tls),
        ..mailbox("desk")
    };
    let saved = create(&office.cx, &office.permit, saved).await.unwrap();
    let found = folders(&office.cx, &office.permit, saved.id).await.unwrap();
    assert!(found.iter().any(|folder| folder.path == "Archive/2026"), "{found:?}");
    let unknown = folders(&office.cx, &office.permit, MailboxId::new()).await;
    assert_eq!(refusals(unknown), ["NOT_FOUND mailboxId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_lacks_something_says_what() {
    let office = Office::open(on_sqlite().await);
    let nothing = TestMailbox { id: None, address: None, provider: None, credential: None, folder: None };
    let refused = refusals(test(&office.cx, &office.permit, nothing).await);
    assert_eq!(refused, ["REQUIRED address", "REQUIRED provider", "REQUIRED credential"]);
    let no_password = unsaved(at(1, Security::Tls), "someone", None);
    let refused = refusals(test(&office.cx, &office.permit, no_password).await);
    assert_eq!(refused, ["REQUIRED credential.config.basic.password"]);
    let unknown = TestMailbox {
        credential: Some(CredentialChoice { id: Some(CredentialId::new()), config: None }),
        ..unsaved(at(1, Security::Tls), "someone", None)
    };
    assert_eq!(refusals(test(&office.cx, &office.permit, unknown).await), ["NOT_FOUND credential.id"]);
    let unknown = TestMailbox { id: Some(MailboxId::new()), ..unsaved(at(1, Security::Tls), "x", None) };
    assert_eq!(refusals(test(&office.cx, &office.permit, unknown).await), ["NOT_FOUND id"]);
}
