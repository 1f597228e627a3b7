//! The harness does what the other tests rely on.

use std::time::{Duration, SystemTime};

use super::dovecot::Dovecot;

#[test]
fn delivered_mail_is_served_and_renumbered() {
    let mut server = Dovecot::start();
    let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let raws: Vec<Vec<u8>> = (1..=3)
        .map(|n| format!("Message-ID: <{n}@test>\r\nSubject: {n}\r\n\r\nHello\r\n").into_bytes())
        .collect();
    server.deliver_many("anna", "INBOX", raws.iter().map(|raw| (raw.as_slice(), arrived)));
    server.deliver("anna", "Archive/2026", &raws[0]);

    let mut person = server.person("anna");
    assert_eq!(person.message_ids("INBOX"), ["<1@test>", "<2@test>", "<3@test>"]);
    assert_eq!(person.count("Archive/2026"), 1);
    let answer = person.open("INBOX").run("UID FETCH 2 (INTERNALDATE RFC822.SIZE)");
    assert!(
        answer.contains("14-Nov-2023") && answer.contains(&format!("RFC822.SIZE {}", raws[1].len())),
        "{answer}"
    );

    person.run("UID STORE 1 +FLAGS (\\Deleted)");
    person.run("EXPUNGE");
    let before = person.run("STATUS INBOX (UIDVALIDITY)");
    drop(person);
    server.renumber("anna", "INBOX");
    let mut person = server.person("anna");
    assert_ne!(person.run("STATUS INBOX (UIDVALIDITY)"), before);
    assert_eq!(person.flags("INBOX").iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), [1, 2]);

    server.stop();
    server.restart();
    assert_eq!(server.person("anna").message_ids("INBOX"), ["<2@test>", "<3@test>"]);
}
