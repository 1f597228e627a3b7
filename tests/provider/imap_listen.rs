//! IMAP servers that are listened to: with IDLE, without, and such as err.

use std::time::Duration;

use mailroom::domain::fault::FaultCode;
use mailroom::domain::job::Selection;
use mailroom::domain::mailbox::{ImapSettings, Security};
use mailroom::domain::watch::Ear;
use mailroom::provider::imap::{Imap, Timeouts};
use mailroom::provider::{Error, Listener, Position, Provider as _};

use super::imap::{login, net};
use crate::harness::dovecot::{self, PASSWORD};
use crate::harness::script::{CLOSE, Script};

const GREETING: &str = "* OK [CAPABILITY IMAP4rev1 IDLE] ready\n";
const LOGIN: (&str, &str) = ("LOGIN", "* CAPABILITY IMAP4rev1 IDLE\n{tag} OK logged in\n");
const DEAF: (&str, &str) = ("LOGIN", "* CAPABILITY IMAP4rev1\n{tag} OK logged in\n");
const DELIMITER: (&str, &str) = ("LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\n{tag} OK\n");
const EXAMINE: (&str, &str) = (
    "EXAMINE \"INBOX\"",
    "* 3 EXISTS\n* OK [UIDVALIDITY 7] ok\n* OK [UIDNEXT 4] ok\n{tag} OK [READ-ONLY] done\n",
);
const IDLE: (&str, &str) = ("IDLE", "+ idling\n");
const DONE: (&str, &str) = ("DONE", "{tag} OK idled\n");
const NOOP: (&str, &str) = ("NOOP", "{tag} OK\n");
/// Longer than what these servers do at once, shorter than a test may take.
const MOMENT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);

fn times() -> Timeouts {
    Timeouts {
        renew: Duration::from_secs(600),
        noop: Duration::from_millis(50),
        ..Timeouts::of(&net(dovecot::shared()))
    }
}

fn imap(port: u16, user: &str, password: &str, times: Timeouts) -> Imap {
    let settings = ImapSettings { host: "127.0.0.1".to_owned(), port, security: Security::None, login: None };
    Imap::new(settings, login(user, password), Vec::new(), net(dovecot::shared()), times)
}

fn listed_to(next: &str) -> Position {
    Position { generation: "7".to_owned(), token: next.to_owned() }
}

async fn listen_as(
    script: &Script,
    times: Timeouts,
    selection: Selection,
) -> Result<Box<dyn Listener>, Error> {
    let imap = imap(script.port, "u", "p", times);
    imap.ear().unwrap().listen("INBOX", Some(&listed_to("4")), selection).await
}

async fn listen(script: &Script) -> Box<dyn Listener> {
    listen_as(script, times(), Selection::New).await.unwrap()
}

/// Whether something is heard at once.
async fn hears(listener: &mut dyn Listener) -> bool {
    match tokio::time::timeout(MOMENT, listener.heard()).await {
        Ok(heard) => heard.map(|()| true).unwrap(),
        Err(_elapsed) => false,
    }
}

async fn failure(listener: &mut dyn Listener) -> Error {
    tokio::time::timeout(LONG, listener.heard()).await.expect("it ends").expect_err("it fails")
}

#[tokio::test]
async fn what_arrives_while_the_server_idles_is_heard_and_nothing_is_changed() {
    let idle = ("IDLE", "+ idling\n* 4 EXISTS\n* 1 RECENT\n");
    let script = Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, idle, DONE]).await;
    let mut listener = listen(&script).await;
    assert_eq!(listener.ear(), Ear::Idle);
    assert!(hears(&mut *listener).await, "the mail");
    assert!(!hears(&mut *listener).await, "and only once");
    listener.close().await;
    let heard = script.heard();
    assert_eq!(
        heard[1..],
        ["LIST \"\" \"\"", "EXAMINE \"INBOX\"", "IDLE", "DONE", "LOGOUT"],
        "it only looks"
    );
}

#[tokio::test]
async fn what_came_between_the_last_run_and_the_idle_is_heard_and_nothing_else() {
    let script = Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, IDLE]).await;
    let imap = imap(script.port, "u", "p", times());
    for (position, is_news) in [
        (Some(listed_to("4")), false),
        (Some(listed_to("3")), true),
        (Some(Position { generation: "6".to_owned(), token: "4".to_owned() }), true),
        (None, false),
    ] {
        let mut listener =
            imap.ear().unwrap().listen("INBOX", position.as_ref(), Selection::New).await.unwrap();
        assert_eq!(hears(&mut *listener).await, is_news, "{position:?}");
    }
}

#[tokio::test]
async fn an_idle_is_renewed_and_what_is_told_meanwhile_is_heard() {
    let ended = ("DONE", "{tag} OK idled\n");
    let ended_with_news = ("DONE", "* 4 EXISTS\n{tag} OK idled\n");
    let script =
        Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, IDLE, ended, ended, ended_with_news, DONE])
            .await;
    let short = Timeouts { renew: Duration::from_millis(30), ..times() };
    let mut listener = listen_as(&script, short, Selection::New).await.unwrap();
    tokio::time::timeout(LONG, listener.heard()).await.unwrap().unwrap();
    assert_eq!(script.count("DONE"), 3, "{:?}", script.heard());
    assert_eq!(listener.ear(), Ear::Idle);
}

#[tokio::test]
async fn a_server_without_idle_is_asked_over_and_over() {
    let news = ("NOOP", "* 4 EXISTS\n{tag} OK\n");
    let script = Script::start(GREETING, &[DEAF, DELIMITER, EXAMINE, NOOP, NOOP, news, NOOP]).await;
    let mut listener = listen(&script).await;
    assert_eq!(listener.ear(), Ear::Noop);
    tokio::time::timeout(LONG, listener.heard()).await.unwrap().unwrap();
    assert_eq!((script.count("NOOP"), script.count("IDLE")), (3, 0));
}

#[tokio::test]
async fn an_idle_that_is_refused_or_ended_by_the_server_is_not_asked_for_again() {
    for answer in ["{tag} BAD what?\n", "{tag} NO not now\n", "+ idling\n{tag} OK enough\n"] {
        let script = Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, ("IDLE", answer), NOOP]).await;
        let mut listener = listen(&script).await;
        assert!(!hears(&mut *listener).await, "{answer}");
        assert_eq!((script.count("IDLE"), listener.ear()), (1, Ear::Noop), "{answer}");
        assert!(script.count("NOOP") > 1, "{answer}: {:?}", script.heard());
    }
}

#[tokio::test]
async fn a_goodbye_a_cut_and_a_refused_noop_end_it() {
    for answer in ["+ idling\n* BYE going down\n", &format!("+ idling\n* BYE going down\n{CLOSE}")] {
        let script = Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, ("IDLE", answer)]).await;
        let error = failure(&mut *listen(&script).await).await;
        assert!(matches!(error, Error::Goodbye), "{error:?}");
        assert_eq!(error.to_string(), "the server ended the connection");
    }
    let cut = format!("+ idling\n{CLOSE}");
    let script = Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, ("IDLE", &cut)]).await;
    let error = failure(&mut *listen(&script).await).await;
    assert_eq!(error.to_string(), "the connection was cut");
    let script = Script::start(GREETING, &[DEAF, DELIMITER, EXAMINE, ("NOOP", "{tag} BAD no\n")]).await;
    let error = failure(&mut *listen(&script).await).await;
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_only_seems_to_be_there_is_found_out_by_the_renewal() {
    let script = Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, IDLE, ("DONE", "")]).await;
    let short = Timeouts { renew: Duration::from_millis(30), ..times() };
    let mut listener = listen_as(&script, short, Selection::New).await.unwrap();
    let error = failure(&mut *listener).await;
    assert_eq!(error.to_string(), "the server was silent for 1 s in the middle of an answer");
}

#[tokio::test]
async fn a_server_that_takes_no_more_connections_is_told_from_one_that_refuses_the_login() {
    for answer in
        ["{tag} NO [LIMIT] Too many\n", "{tag} NO Maximum number of connections from user+IP exceeded\n"]
    {
        let script = Script::start(GREETING, &[("LOGIN", answer)]).await;
        let error = listen_as(&script, times(), Selection::New).await.err().unwrap();
        assert_eq!(error.code(), FaultCode::Throttled, "{error:?}");
    }
}

#[tokio::test]
async fn a_storm_is_one_piece_of_news() {
    let storm = format!("+ idling\n{}", "* 4 EXISTS\n".repeat(900));
    let script = Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, ("IDLE", &storm)]).await;
    let mut listener = listen(&script).await;
    let mut heard = 0;
    while hears(&mut *listener).await {
        heard += 1;
    }
    assert!((1..=10).contains(&heard), "{heard}");
}

#[tokio::test]
async fn flags_are_news_for_those_who_take_what_is_unread_and_only_such_as_are() {
    for (line, is_news) in [
        ("* 2 FETCH (FLAGS ())", true),
        ("* 2 FETCH (UID 2 FLAGS (\\Flagged))", true),
        ("* 2 FETCH (FLAGS (\\Answered \\Seen))", false),
        ("* 2 EXPUNGE", false),
        ("* OK still here", false),
    ] {
        for selection in [Selection::Unread, Selection::New] {
            // The second time: what was unread before is heard when it connects.
            let idle = format!("+ idling\n{line}\n");
            let idles = [("IDLE", "+ idling\n"), ("IDLE", idle.as_str())];
            let script =
                Script::start(GREETING, &[LOGIN, DELIMITER, EXAMINE, idles[0], idles[1], DONE]).await;
            let short = Timeouts { renew: Duration::from_millis(50), ..times() };
            let mut listener = listen_as(&script, short, selection).await.unwrap();
            let is_unread = selection == Selection::Unread;
            if is_unread {
                listener.heard().await.unwrap();
                assert_eq!(script.count("DONE"), 0, "at once");
            }
            let heard = hears(&mut *listener).await;
            assert_eq!(heard, is_news && is_unread, "{line} {selection}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_tells_of_mail_and_of_flags() {
    let server = dovecot::shared();
    let user = "listened-to";
    let mail = |id: &str| format!("Message-ID: <{id}@x>\r\nSubject: x\r\n\r\nx\r\n").into_bytes();
    server.deliver(user, "INBOX", &mail("first"));
    let short = Timeouts { renew: Duration::from_millis(100), ..times() };
    let imap = imap(server.port, user, PASSWORD, short);
    let ear = imap.ear().unwrap();
    let mut by_arrival = ear.listen("INBOX", None, Selection::New).await.unwrap();
    let mut by_flags = ear.listen("INBOX", None, Selection::Unread).await.unwrap();
    assert_eq!((by_arrival.ear(), by_flags.ear()), (Ear::Idle, Ear::Idle));
    assert!(!hears(&mut *by_arrival).await && !hears(&mut *by_flags).await, "over several renewals");

    server.deliver(user, "INBOX", &mail("second"));
    for listener in [&mut by_arrival, &mut by_flags] {
        tokio::time::timeout(LONG, listener.heard()).await.unwrap().unwrap();
    }
    let mut person = tokio::task::spawn_blocking(move || server.person(user)).await.unwrap();
    person.run("SELECT INBOX");
    person.run("STORE 1 +FLAGS (\\Flagged)");
    tokio::time::timeout(LONG, by_flags.heard()).await.unwrap().unwrap();
    assert!(!hears(&mut *by_arrival).await);
    by_arrival.close().await;
}
