//! IMAP against servers that lack, or err: each says a scripted part.

use futures::StreamExt as _;
use mailroom::domain::clock::{Clock as _, SystemClock};
use mailroom::domain::fault::{FaultCode, Halted, Verdict};
use mailroom::domain::folder::{FolderAssignment, FolderRole, Place};
use mailroom::domain::handling::{Disposition, OriginalFate};
use mailroom::domain::mailbox::Security;
use mailroom::provider::{
    self, Access, DisposeOutcome, Error, Extent, FetchOutcome, Fetched, Order, Position, PurgeOrder, Reach,
    Session, Wanted,
};

use super::imap::{login, net, settings};
use crate::harness::dovecot;
use crate::harness::script::{CLOSE, Script};

const GREETING: &str = "* OK ready\n";
const LOGIN: (&str, &str) = ("LOGIN", "{tag} OK logged in\n");
const BARE: (&str, &str) = ("CAPABILITY", "* CAPABILITY IMAP4rev1\n{tag} OK\n");
const UIDPLUS: (&str, &str) = ("CAPABILITY", "* CAPABILITY IMAP4rev1 UIDPLUS\n{tag} OK\n");
const MOVE: (&str, &str) = ("CAPABILITY", "* CAPABILITY IMAP4rev1 UIDPLUS MOVE\n{tag} OK\n");
const DELIMITER: (&str, &str) = ("LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\n{tag} OK\n");
const SELECT: (&str, &str) = (
    "SELECT \"INBOX\"",
    "* 3 EXISTS\n* OK [UIDVALIDITY 7] ok\n* OK [UIDNEXT 4] ok\n{tag} OK [READ-WRITE] done\n",
);
const STORE: (&str, &str) = ("UID STORE 1 +FLAGS (\\Seen)", "* 1 FETCH (UID 1 FLAGS (\\Seen))\n{tag} OK\n");

async fn open_with(script: &Script, roles: &[FolderAssignment]) -> Result<Box<dyn Session>, Error> {
    let settings = settings(script.port, Security::None);
    let net = net(dovecot::shared());
    provider::connect(&settings, login("u", "secret-p"), roles.to_vec(), &Reach::new(net.clone()))?
        .open(Access::Handle)
        .await
}

async fn open(script: &Script) -> Box<dyn Session> {
    open_with(script, &[]).await.unwrap()
}

async fn refused(greeting: &str, answers: &[(&str, &str)]) -> Error {
    let script = Script::start(greeting, answers).await;
    open_with(&script, &[]).await.err().expect("the login must fail")
}

fn order(uid: u32, original: OriginalFate, folder: Option<&str>) -> Order {
    Order {
        generation: "7".to_owned(),
        source_id: uid.to_string(),
        internet_message_id: Some("1@x".to_owned()),
        size: 100,
        disposition: Disposition { original, folder: folder.map(str::to_owned), ..Disposition::READ },
        repeated: false,
    }
}

fn wanted(uid: u32) -> Wanted {
    Wanted { source_id: uid.to_string(), size: 5, extent: Extent::Whole }
}

async fn fetch(session: &mut dyn Session, uids: &[u32]) -> Vec<Result<Fetched, Error>> {
    let wanted: Vec<Wanted> = uids.iter().copied().map(wanted).collect();
    session.fetch("INBOX", &wanted).await.unwrap().collect().await
}

#[tokio::test]
async fn capabilities_are_asked_for_again_when_the_login_does_not_tell_them() {
    let script = Script::start(GREETING, &[BARE, UIDPLUS, LOGIN]).await;
    open(&script).await;
    assert_eq!(script.heard(), ["CAPABILITY", "LOGIN \"u\" \"secret-p\"", "CAPABILITY"]);
}

#[tokio::test]
async fn capabilities_told_in_passing_are_not_asked_for_and_id_is_sent() {
    let login = ("AUTHENTICATE PLAIN AHUAc2VjcmV0LXA=", "* CAPABILITY IMAP4rev1 ID\n{tag} OK in\n");
    let id = ("ID (", "* ID NIL\n{tag} OK\n");
    let greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello\n";
    let script = Script::start(greeting, &[login, id]).await;
    open(&script).await;
    assert_eq!(script.heard().len(), 2, "{:?}", script.heard());
}

#[tokio::test]
async fn a_login_that_needs_literals_gets_them() {
    let script = Script::start(GREETING, &[BARE, LOGIN]).await;
    let settings = settings(script.port, Security::None);
    let net = net(dovecot::shared());
    provider::connect(&settings, login("müller", "geheim"), Vec::new(), &Reach::new(net.clone()))
        .unwrap()
        .open(Access::Look)
        .await
        .unwrap();
    assert_eq!(script.heard()[1], "LOGIN müller geheim");
}

#[tokio::test]
async fn a_password_is_not_sent_where_the_server_forbids_it_in_clear() {
    let script = Script::start("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\n", &[]).await;
    let error = open_with(&script, &[]).await.err().unwrap();
    assert!(matches!(error, Error::PasswordNeedsTls));
    assert!(script.heard().is_empty());
}

#[tokio::test]
async fn starttls_that_is_demanded_and_not_offered_never_goes_on_in_clear() {
    for greeting in ["* OK [CAPABILITY IMAP4rev1] hi\n", "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\n"] {
        let script = Script::start(greeting, &[("", "{tag} OK\n")]).await;
        let settings = settings(script.port, Security::Starttls);
        let net = net(dovecot::shared());
        let provider =
            provider::connect(&settings, login("u", "p"), Vec::new(), &Reach::new(net.clone())).unwrap();
        let fault = provider.open(Access::Look).await.err().unwrap().fault(SystemClock.now());
        assert_eq!(fault.code, FaultCode::Tls);
        assert!(script.heard().is_empty(), "{:?}", script.heard());
    }
}

#[tokio::test]
async fn a_server_that_logs_us_in_by_itself_is_used_where_clear_is_allowed() {
    let script = Script::start("* PREAUTH [CAPABILITY IMAP4rev1] hi\n", &[DELIMITER, SELECT]).await;
    open(&script)
        .await
        .list("INBOX", Some(&Position { generation: "7".into(), token: "4".into() }))
        .await
        .unwrap();
    assert_eq!(script.count("LOGIN"), 0);
}

#[tokio::test]
async fn refusals_to_log_in_are_told_apart() {
    let login = |answer: &'static str| [BARE, ("LOGIN", answer)];
    let error = refused(GREETING, &login("{tag} NO [EXPIRED] change it, u@example.com\n")).await;
    let fault = error.fault(SystemClock.now());
    assert_eq!((fault.code, fault.provider_code.as_deref()), (FaultCode::Authentication, Some("[EXPIRED]")));
    assert!(fault.hint.as_deref().unwrap().contains("expired"));
    assert!(!format!("{error:?}{fault:?}").contains("example.com"), "the server's text is not ours to show");

    let error = refused(GREETING, &login("{tag} NO [UNAVAILABLE] later\n")).await;
    assert_eq!(error.verdict(), Verdict::Retry { after: None, throttled: false });

    let throttle = "{tag} BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds\n";
    let after = Some(std::time::Duration::from_millis(92_415));
    assert_eq!(
        refused(GREETING, &login(throttle)).await.verdict(),
        Verdict::Retry { after, throttled: true }
    );
}

#[tokio::test]
async fn a_good_login_without_a_mailbox_behind_it_halts_the_mailbox() {
    let not_connected = ("LIST", "{tag} BAD User is authenticated but not connected.\n");
    let select = ("SELECT", "{tag} BAD User is authenticated but not connected.\n");
    let script = Script::start(GREETING, &[BARE, LOGIN, not_connected, select]).await;
    let error = open(&script).await.list("INBOX", None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Halt(Halted::Mailbox));
}

#[tokio::test]
async fn a_goodbye_is_unreachable_whenever_it_comes() {
    let farewell = format!("* BYE shutting down\n{CLOSE}");
    let error = refused(&farewell, &[]).await;
    assert_eq!(error.fault(SystemClock.now()).code, FaultCode::Unreachable);

    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, ("SELECT", &farewell)]).await;
    let error = open(&script).await.list("INBOX", None).await.unwrap_err();
    assert!(matches!(error, Error::Goodbye), "{error:?}");
}

#[tokio::test]
async fn another_protocol_on_the_port_is_told() {
    for greeting in ["+OK POP3 ready\n", "220 mx.example.com ESMTP\n", "HTTP/1.1 400 Bad Request\n\n"] {
        let error = refused(greeting, &[]).await;
        assert!(matches!(error, Error::WrongProtocol { .. }), "{greeting}: {error:?}");
    }
}

#[tokio::test]
async fn unsolicited_responses_in_the_middle_of_a_listing_are_survived() {
    let fetch = (
        "UID FETCH 1:3",
        "* 1 FETCH (FLAGS (\\Seen))\n* 5 EXISTS\n* XNEWS <xfc> what is this\n\
         * 1 FETCH (UID 1 FLAGS () INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 5)\n\
         * 2 EXPUNGE\n* OK [ALERT]<xc3><xa9> quota\n* 2 FETCH (RFC822.SIZE 6 UID 3 INTERNALDATE \" 7-Jul-1996 02:44:25 -0700\" FLAGS (\\Seen od<xe4>d))\n\
         * 9 FETCH (UID 99 FLAGS ())\n{tag} OK\n",
    );
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, SELECT, fetch]).await;
    let page = open(&script).await.list("INBOX", None).await.unwrap();
    let listed: Vec<(&str, u64, Option<bool>)> =
        page.listed.iter().map(|one| (one.source_id.as_str(), one.size, one.is_read)).collect();
    assert_eq!(listed, [("1", 5, Some(false)), ("3", 6, Some(true))]);
    assert_eq!(page.listed[0].arrived_at.to_rfc3339(), "1996-07-17T09:44:25+00:00");
}

#[tokio::test]
async fn without_uidnext_the_end_is_asked_for_and_the_last_message_is_not_listed_twice() {
    let select = ("SELECT", "* 1 EXISTS\n* OK [UIDVALIDITY 7] ok\n{tag} OK\n");
    let last = ("UID FETCH * (UID)", "* 1 FETCH (UID 12)\n{tag} OK\n");
    let fetch = ("UID FETCH 1:12", "* 1 FETCH (UID 12 FLAGS () RFC822.SIZE 5)\n{tag} OK\n");
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, select, last, fetch]).await;
    let mut session = open(&script).await;
    let page = session.list("INBOX", None).await.unwrap();
    assert_eq!((page.listed.len(), page.position.token.as_str(), page.more), (1, "13", false));
    let page = session.list("INBOX", Some(&page.position)).await.unwrap();
    assert_eq!((page.listed.len(), page.position.token.as_str()), (0, "13"));
}

#[tokio::test]
async fn a_sparse_folder_is_listed_with_few_commands() {
    let select = ("SELECT", "* 1 EXISTS\n* OK [UIDVALIDITY 7] ok\n* OK [UIDNEXT 200001] ok\n{tag} OK\n");
    let script =
        Script::start(GREETING, &[BARE, LOGIN, DELIMITER, select, ("UID FETCH", "{tag} OK\n")]).await;
    let page = open(&script).await.list("INBOX", None).await.unwrap();
    assert_eq!((page.position.token.as_str(), page.more), ("200001", false));
    assert!(script.count("UID FETCH") < 20, "{}", script.count("UID FETCH"));
}

#[tokio::test]
async fn a_folder_without_lasting_ids_is_refused() {
    let select = ("SELECT", "* 1 EXISTS\n* OK [UIDVALIDITY 7] ok\n* NO [UIDNOTSTICKY] sorry\n{tag} OK\n");
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, select]).await;
    let error = open(&script).await.list("INBOX", None).await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
}

#[tokio::test]
async fn one_message_that_the_server_can_not_read_does_not_hold_up_the_others() {
    let all = ("UID FETCH 1:3", "* 1 FETCH (UID 1 BODY[] {5}\nfirst)\n{tag} NO [SERVERBUG] sorry\n");
    let two = ("UID FETCH 2 ", "{tag} NO sorry\n");
    let three = ("UID FETCH 3 ", "* 3 FETCH (BODY[] \"third\" UID 3)\n{tag} OK\n");
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, SELECT, all, two, three]).await;
    let mut fetched: Vec<Fetched> =
        fetch(&mut *open(&script).await, &[1, 2, 3]).await.into_iter().map(Result::unwrap).collect();
    fetched.sort_by(|a, b| a.source_id.cmp(&b.source_id));
    assert!(matches!(&fetched[0].outcome, FetchOutcome::Raw(raw) if raw == "first"), "{fetched:?}");
    assert!(matches!(&fetched[1].outcome, FetchOutcome::Refused(_)), "{fetched:?}");
    assert!(matches!(&fetched[2].outcome, FetchOutcome::Raw(raw) if raw == "third"), "{fetched:?}");
}

#[tokio::test]
async fn a_literal_beyond_all_bounds_is_not_read() {
    let huge = ("UID FETCH 1 ", "* 1 FETCH (UID 1 BODY[] {4000000000}\n");
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, SELECT, huge]).await;
    let fetched = fetch(&mut *open(&script).await, &[1]).await;
    assert!(matches!(fetched[0], Err(Error::TooLong { .. })), "{fetched:?}");
}

#[tokio::test]
async fn without_move_a_message_is_copied_and_then_removed_by_name() {
    let copy = ("UID COPY 1 \"Done\"", "{tag} OK [COPYUID 9 1 41] copied\n");
    let strike = ("UID STORE 1 +FLAGS.SILENT (\\Deleted)", "{tag} OK\n");
    let expunge = ("UID EXPUNGE 1", "* 1 EXPUNGE\n{tag} OK\n");
    let gone = ("UID FETCH 1 (UID)", "{tag} OK\n");
    let answers = [UIDPLUS, LOGIN, DELIMITER, SELECT, STORE, copy, strike, expunge, gone];
    let script = Script::start(GREETING, &answers).await;
    let orders = [order(1, OriginalFate::Move, Some("Done"))];
    let disposed = open(&script).await.dispose("INBOX", &orders).await.unwrap();
    let DisposeOutcome::Done { moved_to: Some(place), .. } = &disposed[0].outcome else {
        panic!("{disposed:?}")
    };
    let expected =
        Place { folder: "Done".into(), generation: Some("9".into()), source_id: Some("41".into()) };
    assert_eq!(*place, expected);
}

#[tokio::test]
async fn a_copy_that_an_earlier_attempt_made_is_not_made_again() {
    let like = "INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 100 BODY[HEADER.FIELDS (MESSAGE-ID)] {21}\nMessage-ID: <1@x>\n\n)\n{tag} OK\n";
    let original = format!("* 1 FETCH (UID 1 {like}");
    let copy = format!("* 1 FETCH (UID 41 {like}");
    let done = ("SELECT \"Done\"", "* 1 EXISTS\n* OK [UIDVALIDITY 9] ok\n* OK [UIDNEXT 42] ok\n{tag} OK\n");
    let search = ("UID SEARCH HEADER Message-ID", "* SEARCH 41\n{tag} OK\n");
    let strike = ("UID STORE 1 +FLAGS.SILENT (\\Deleted)", "{tag} OK\n");
    let expunge = ("UID EXPUNGE 1", "* 1 EXPUNGE\n{tag} OK\n");
    let gone = ("UID FETCH 1 (UID)", "{tag} OK\n");
    let answers = [
        UIDPLUS,
        LOGIN,
        DELIMITER,
        SELECT,
        STORE,
        ("UID FETCH 1 (UID INTERNALDATE", &original),
        done,
        search,
        ("UID FETCH 41 (UID INTERNALDATE", &copy),
        strike,
        expunge,
        gone,
    ];
    let script = Script::start(GREETING, &answers).await;
    let orders = [Order { repeated: true, ..order(1, OriginalFate::Move, Some("Done")) }];
    let disposed = open(&script).await.dispose("INBOX", &orders).await.unwrap();
    let DisposeOutcome::Done { moved_to: Some(place), .. } = &disposed[0].outcome else {
        panic!("{disposed:?}")
    };
    assert_eq!(place.source_id.as_deref(), Some("41"));
    assert_eq!((script.count("UID COPY"), script.count("UID EXPUNGE")), (0, 1), "{:?}", script.heard());
}

#[tokio::test]
async fn without_move_and_uidplus_nothing_is_moved_and_nothing_purged() {
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, SELECT, STORE]).await;
    let mut session = open(&script).await;
    let orders = [order(1, OriginalFate::Move, Some("Done"))];
    let disposed = session.dispose("INBOX", &orders).await.unwrap();
    assert!(matches!(&disposed[0].outcome, DisposeOutcome::Refused(_)), "{disposed:?}");
    let place = Place { folder: "INBOX".into(), generation: Some("7".into()), source_id: Some("1".into()) };
    let order = PurgeOrder { key: "k".into(), place, internet_message_id: None };
    let purged = session.purge(&[order]).await.unwrap();
    assert!(
        matches!(&purged[0].outcome, DisposeOutcome::Refused(error) if matches!(**error, Error::Unsupported { .. }))
    );
    assert_eq!((script.count("UID COPY"), script.count("EXPUNGE"), script.count("UID EXPUNGE")), (0, 0, 0));
}

#[tokio::test]
async fn a_missing_target_is_made_once() {
    let first = ("UID MOVE", "{tag} NO [TRYCREATE] no such folder\n");
    let second = ("UID MOVE", "* OK [COPYUID 9 1 41] moved\n* 1 EXPUNGE\n{tag} OK\n");
    let create = ("CREATE \"Done\"", "{tag} OK\n");
    let script =
        Script::start(GREETING, &[MOVE, LOGIN, DELIMITER, SELECT, STORE, first, second, create]).await;
    let orders = [order(1, OriginalFate::Move, Some("Done"))];
    let disposed = open(&script).await.dispose("INBOX", &orders).await.unwrap();
    assert!(matches!(&disposed[0].outcome, DisposeOutcome::Done { .. }), "{disposed:?}");
    assert_eq!(script.count("CREATE"), 1);
}

#[tokio::test]
async fn a_target_that_can_not_be_made_is_refused_and_not_tried_for_ever() {
    let no = ("UID MOVE", "{tag} NO [TRYCREATE] no such folder\n");
    let create = ("CREATE", "{tag} NO [NOPERM] never\n");
    let script = Script::start(
        GREETING,
        &[
            MOVE,
            LOGIN,
            DELIMITER,
            SELECT,
            STORE,
            no,
            create,
            ("UID FETCH 1 (UID)", "* 1 FETCH (UID 1)\n{tag} OK\n"),
        ],
    )
    .await;
    let orders = [order(1, OriginalFate::Move, Some("Done"))];
    let disposed = open(&script).await.dispose("INBOX", &orders).await.unwrap();
    let DisposeOutcome::Refused(error) = &disposed[0].outcome else { panic!("{disposed:?}") };
    assert!(matches!(**error, Error::Forbidden { .. }), "{error:?}");
}

#[tokio::test]
async fn deleting_uses_the_assigned_trash_and_without_any_trash_strikes_the_message() {
    let list = ("LIST \"\" \"*\"", "* LIST () \".\" INBOX\n* LIST () \".\" \"INBOX.Papierkorb\"\n{tag} OK\n");
    let delimiter = ("LIST \"\" \"\"", "* LIST (\\Noselect) \".\" \"\"\n{tag} OK\n");
    let moved = ("UID MOVE 1 \"INBOX.Papierkorb\"", "* OK [COPYUID 9 1 41] moved\n{tag} OK\n");
    let struck =
        ("UID STORE 1 +FLAGS (\\Seen \\Deleted)", "* 1 FETCH (UID 1 FLAGS (\\Seen \\Deleted))\n{tag} OK\n");
    let script = Script::start(GREETING, &[MOVE, LOGIN, delimiter, SELECT, STORE, struck, list, moved]).await;
    let orders = [order(1, OriginalFate::Delete, None)];

    let trash = FolderAssignment { role: FolderRole::Trash, path: "INBOX/Papierkorb".to_owned() };
    let mut session = open_with(&script, &[trash]).await.unwrap();
    let disposed = session.dispose("INBOX", &orders).await.unwrap();
    assert!(
        matches!(&disposed[0].outcome, DisposeOutcome::Done { moved_to: Some(place), .. } if place.folder == "INBOX/Papierkorb")
    );

    let disposed = open(&script).await.dispose("INBOX", &orders).await.unwrap();
    let DisposeOutcome::Done { moved_to: Some(place), .. } = &disposed[0].outcome else {
        panic!("{disposed:?}")
    };
    assert_eq!((place.folder.as_str(), place.source_id.as_deref()), ("INBOX", Some("1")));
}

#[tokio::test]
async fn what_does_not_answer_a_store_is_looked_up() {
    let store = ("UID STORE 1:3", "* 2 FETCH (UID 2 FLAGS (\\Seen))\n{tag} OK\n");
    let look = ("UID FETCH 1,3 (UID FLAGS)", "* 1 FETCH (UID 1 FLAGS (\\Seen))\n{tag} OK\n");
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, SELECT, store, look]).await;
    let orders = [1, 2, 3].map(|uid| order(uid, OriginalFate::Keep, None));
    let disposed = open(&script).await.dispose("INBOX", &orders).await.unwrap();
    let outcomes: Vec<&DisposeOutcome> = disposed.iter().map(|one| &one.outcome).collect();
    assert!(
        matches!(
            outcomes[..],
            [DisposeOutcome::Done { .. }, DisposeOutcome::Done { .. }, DisposeOutcome::Elsewhere(_)]
        ),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn categories_become_keywords_where_the_folder_keeps_them() {
    let select = |flags: &str| {
        format!(
            "* 1 EXISTS\n* OK [PERMANENTFLAGS ({flags})] ok\n* OK [UIDVALIDITY 7] ok\n* OK [UIDNEXT 4] ok\n{{tag}} OK\n"
        )
    };
    let kept = ("UID STORE 1 +FLAGS (\\Seen To_do)", "* 1 FETCH (UID 1 FLAGS (\\Seen to_do))\n{tag} OK\n");
    for (flags, expected) in [("\\Seen \\*", 1), ("\\Seen", 0)] {
        let select = select(flags);
        let script =
            Script::start(GREETING, &[BARE, LOGIN, DELIMITER, ("SELECT", &select), kept, STORE]).await;
        let mut order = order(1, OriginalFate::Keep, None);
        order.disposition.categories = vec!["To do".to_owned()];
        let disposed = open(&script).await.dispose("INBOX", &[order]).await.unwrap();
        assert!(matches!(disposed[0].outcome, DisposeOutcome::Done { .. }), "{disposed:?}");
        assert_eq!(script.count("UID STORE 1 +FLAGS (\\Seen To_do)"), expected);
    }
}

#[tokio::test]
async fn a_read_only_folder_refuses_changes_without_a_command() {
    let select =
        ("SELECT", "* 1 EXISTS\n* OK [UIDVALIDITY 7] ok\n* OK [UIDNEXT 4] ok\n{tag} OK [READ-ONLY] done\n");
    let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, select]).await;
    let disposed = open(&script).await.dispose("INBOX", &[order(1, OriginalFate::Keep, None)]).await.unwrap();
    let DisposeOutcome::Refused(error) = &disposed[0].outcome else { panic!("{disposed:?}") };
    assert_eq!(error.fault(SystemClock.now()).code, FaultCode::Forbidden);
    assert_eq!(script.count("UID STORE"), 0);
}

#[tokio::test]
async fn a_folder_whose_name_is_not_properly_encoded_is_opened_as_the_server_calls_it() {
    let list = ("LIST \"\" \"*\"", "* LIST () \"/\" \"R&D\"\n* LIST () \"/\" \"&APY-&AN8-\"\n{tag} OK\n");
    for (path, name) in [("R&D", "SELECT \"R&D\""), ("öß", "SELECT \"&APY-&AN8-\"")] {
        let select = (name, "* 0 EXISTS\n* OK [UIDVALIDITY 7] ok\n* OK [UIDNEXT 1] ok\n{tag} OK\n");
        let script = Script::start(GREETING, &[BARE, LOGIN, DELIMITER, list, select]).await;
        let listed = open(&script).await.list(path, None).await;
        assert!(listed.is_ok(), "{listed:?}: {:?}", script.heard());
    }
}
