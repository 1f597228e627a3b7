//! Forwards as servers and the usual clients make them.

use proptest::prelude::*;

use crate::domain::parsed::{Address, Forwarding, ForwardingKind as K};
use crate::mail::{Limits, parse};

fn of(raw: &str) -> Forwarding {
    parse(raw.as_bytes(), &Limits::default()).unwrap().forwarding
}

fn shown(address: &Option<Address>) -> &str {
    address.as_ref().map_or("", |address| &address.address)
}

fn plain(headers: &str) -> Forwarding {
    of(&format!("From: Ann <ann@x.example>\nTo: sales@y.example\nSubject: Printer\n{headers}\n\nIt burns.\n"))
}

#[test]
fn servers_that_forward_say_so_in_headers() {
    for (headers, by, recipient, because) in [
        (
            "X-Forwarded-For: sales@y.example desk@z.example\nX-Forwarded-To: desk@z.example",
            "sales@y.example",
            "sales@y.example",
            "x-forwarded-for",
        ),
        (
            "X-Forwarded-To: desk@z.example\nDelivered-To: desk@z.example\nDelivered-To: old@y.example",
            "old@y.example",
            "old@y.example",
            "x-forwarded-to",
        ),
        ("X-Forwarded-To: desk@z.example", "sales@y.example", "sales@y.example", "x-forwarded-to"),
        ("X-Forwarded-From: sales@y.example", "sales@y.example", "sales@y.example", "x-forwarded-from"),
        (
            "Resent-From: Bob <bob@y.example>\nResent-To: desk@z.example",
            "bob@y.example",
            "sales@y.example",
            "resent-from",
        ),
        ("Resent-From: sales@y.example", "sales@y.example", "sales@y.example", "resent-from"),
        ("ResentFrom: bob@y.example", "bob@y.example", "sales@y.example", "resentfrom"),
        (
            "X-MS-Exchange-ForwardingLoop: sales@y.example;0b1c-22",
            "sales@y.example",
            "sales@y.example",
            "x-ms-exchange-forwardingloop",
        ),
        (
            "X-MS-Exchange-Inbox-Rules-Loop: bob@y.example",
            "bob@y.example",
            "bob@y.example",
            "x-ms-exchange-inbox-rules-loop",
        ),
        ("X-Zimbra-Forwarded: bob@y.example", "bob@y.example", "bob@y.example", "x-zimbra-forwarded"),
        (
            "X-Sieve-Redirected-From: bob@y.example",
            "bob@y.example",
            "bob@y.example",
            "x-sieve-redirected-from",
        ),
        ("X-Gm-Original-To: sales@y.example", "sales@y.example", "sales@y.example", "x-gm-original-to"),
        (
            "Return-Path: <sales+caf_=desk=z.example@y.example>",
            "sales@y.example",
            "sales@y.example",
            "return-path",
        ),
        (
            "Delivered-To: desk@z.example\nX-Original-To: sales@y.example",
            "sales@y.example",
            "sales@y.example",
            "another domain",
        ),
        (
            "Delivered-To: desk@z.example\nDelivered-To: sales@y.example",
            "sales@y.example",
            "sales@y.example",
            "another domain",
        ),
    ] {
        let found = plain(headers);
        assert_eq!(found.kind, K::Headers, "{headers}: {found:?}");
        assert_eq!((shown(&found.by), shown(&found.recipient)), (by, recipient), "{headers}");
        assert_eq!(shown(&found.sender), "ann@x.example", "{headers}");
        assert!(
            found.evidence.as_ref().is_some_and(|evidence| evidence.contains(because)),
            "{headers}: {found:?}"
        );
    }
}

#[test]
fn an_envelope_alone_makes_no_forward_and_tells_whom_it_was_written_to() {
    for (headers, recipient) in [
        ("", ""),
        ("X-Forwarded-For: 192.0.2.1, 192.0.2.2", ""),
        ("Delivered-To: desk@y.example", "desk@y.example"),
        ("Delivered-To: desk@z.example", "desk@z.example"),
        ("Delivered-To: bob@y.example\nX-Original-To: info@y.example", "info@y.example"),
        ("Delivered-To: bob@mail.y.example\nX-Original-To: info@y.example", "info@y.example"),
        (
            "Delivered-To: bob@z.example\nDelivered-To: dev@lists.example\nList-Post: <mailto:dev@lists.example>",
            "dev@lists.example",
        ),
        ("Envelope-To: <bob@y.example>", "bob@y.example"),
        ("Delivered-To: Autoresponder", ""),
    ] {
        let found = plain(headers);
        assert_eq!((found.kind, shown(&found.recipient)), (K::None, recipient), "{headers}");
        assert_eq!((found.by, found.sender, found.evidence), (None, None, None), "{headers}");
    }
}

fn attached(subject: &str, own: &str, kind: &str) -> Forwarding {
    of(&format!(
        "From: Bob <bob@y.example>\nTo: desk@z.example\nSubject: {subject}\nContent-Type: {kind}; boundary=b\n\n\
         --b\n\n{own}\n--b\nContent-Type: message/rfc822\n\nFrom: Eve <eve@x.example>\nTo: sales@y.example\nSubject: Printer\n\nIt burns\n--b--\n"
    ))
}

#[test]
fn an_attached_original_is_a_forward_if_little_was_added() {
    let long = "words ".repeat(200);
    for (subject, own, is) in [
        ("Printer", "Please see to it.", K::Attached),
        ("Printer", "", K::Attached),
        ("Fwd: Printer", long.as_str(), K::Attached),
        ("Printer", long.as_str(), K::None),
        ("Re: Printer", "", K::None),
    ] {
        let found = attached(subject, own, "multipart/mixed");
        assert_eq!(found.kind, is, "{subject}: {found:?}");
        if is == K::Attached {
            assert_eq!((shown(&found.by), shown(&found.sender)), ("bob@y.example", "eve@x.example"));
            assert_eq!(shown(&found.recipient), "sales@y.example");
        }
    }
    assert_eq!(attached("Undeliverable", "", "multipart/report; report-type=delivery-status").kind, K::None);
}

#[test]
fn of_several_attached_messages_none_is_the_original() {
    let one = "--b\nContent-Type: message/rfc822\n\nFrom: eve@x.example\n\nx\n";
    let raw = format!(
        "From: bob@y.example\nSubject: Fwd: x\nContent-Type: multipart/mixed; boundary=b\n\n{one}{one}--b--\n"
    );
    let found = of(&raw);
    assert_eq!((found.kind, found.sender), (K::Attached, None));
}

fn inline(subject: &str, text: &str) -> Forwarding {
    of(&format!(
        "From: Bob <bob@y.example>\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    ))
}

#[test]
fn clients_quote_the_original_in_their_own_ways() {
    for (client, subject, text) in [
        (
            "Gmail",
            "Fwd: x",
            "FYI\n\n---------- Forwarded message ---------\nFrom: Eve <eve@x.example>\nDate: Fri, Nov 20, 2026 at 10:00 AM\nSubject: Printer\nTo: <sales@y.example>\n\nIt burns",
        ),
        (
            "Gmail, subject rewritten",
            "Drucker",
            "---------- Forwarded message ---------\nVon: Eve <eve@x.example>\nDate: Fr., 20. Nov. 2026\nSubject: x\nTo: <sales@y.example>\n\nx",
        ),
        (
            "Gmail, French",
            "Fwd: x",
            "---------- Message transféré ---------\nDe : Eve <eve@x.example>\nDate: ven. 20 nov. 2026\nSubject: x\nTo: <sales@y.example>\n\nx",
        ),
        (
            "Thunderbird",
            "Fwd: x",
            "\n-------- Forwarded Message --------\nSubject: \tPrinter\nDate: \tFri, 20 Nov 2026\nFrom: \tEve <eve@x.example>\nTo: \tsales@y.example\n\nx",
        ),
        (
            "Thunderbird, French",
            "Fwd: x",
            "-------- Message transféré --------\nSujet : \tPrinter\nDate : \tFri\nDe : \tEve <eve@x.example>\nPour : \tsales@y.example\n\nx",
        ),
        (
            "Thunderbird, German",
            "Fwd: x",
            "-------- Weitergeleitete Nachricht --------\nBetreff: \tx\nDatum: \tFri\nVon: \tEve <eve@x.example>\nAn: \tsales@y.example\n\nx",
        ),
        ("Apple Mail", "Fwd: x", "> Begin forwarded message:".strip_prefix("> ").unwrap_or_default()),
        (
            "Apple Mail, French",
            "Fwd: x",
            "Début du message réexpédié :\n\n> De: Eve <eve@x.example>\n> Objet: Rép : x\n> Date: 20 novembre 2026\n> À: sales@y.example\n>\n> x",
        ),
        (
            "Apple Mail, German",
            "Fwd: x",
            "Anfang der weitergeleiteten Nachricht:\n\n> Von: Eve <eve@x.example>\n> Betreff: x\n> Datum: 20. November\n> An: sales@y.example\n\nx",
        ),
        (
            "Outlook",
            "FW: x",
            "Please handle.\n\nFrom: Eve <eve@x.example>\nSent: Friday, November 20, 2026 10:00 AM\nTo: sales@y.example\nSubject: Printer\n\nIt burns",
        ),
        (
            "Outlook, old",
            "FW: x",
            "________________________________\nFrom: Eve [mailto:eve@x.example]\nSent: Friday\nTo: 'sales@y.example'\nSubject: x\n\nx",
        ),
        (
            "Outlook, French",
            "TR: x",
            "De : Eve <eve@x.example>\nEnvoyé : vendredi 20 novembre 2026\nÀ : sales@y.example\nObjet : x\n\nx",
        ),
        (
            "Outlook, French, wide blanks",
            "TR : x",
            "De\u{a0}: Eve <eve@x.example>\nEnvoyé\u{a0}: vendredi\nÀ\u{a0}: sales@y.example\nObjet\u{a0}: x\n\nx",
        ),
        (
            "Outlook, German",
            "WG: x",
            "Von: Eve <eve@x.example>\nGesendet: Freitag, 20. November\nAn: sales@y.example\nBetreff: x\n\nx",
        ),
        (
            "Outlook mobile",
            "Fw: x",
            "Get Outlook for iOS\n________________________________\n*From:* Eve <eve@x.example>\n*Sent:* Friday\n*To:* sales@y.example <sales@y.example>\n*Subject:* x\n\nx",
        ),
        (
            "Outlook, English marks and Spanish words",
            "FW: x",
            "De: Eve <eve@x.example>\nEnviado: viernes\nPara: sales@y.example\nAsunto: x\n\nx",
        ),
        (
            "Notes",
            "Fw: x",
            "----- Forwarded by Bob/Y on 11/20/2026 10:00 AM -----\n\nFrom:\tEve <eve@x.example>\nTo:\tsales@y.example\nDate:\t11/20/2026\nSubject:\tx\n\nx",
        ),
        (
            "Notes, French",
            "Tr : x",
            "----- Transmis par Bob/Y le 20/11/2026 10:00 -----\n\nDe :\tEve <eve@x.example>\nPour :\tsales@y.example\nDate :\t20/11/2026\n\nx",
        ),
        (
            "Notes, German",
            "WG: x",
            "----- Weitergeleitet von Bob/Y am 20.11.2026 10:00 -----\n\nVon:\tEve <eve@x.example>\nAn:\tsales@y.example\nDatum:\t20.11.2026\n\nx",
        ),
        (
            "a label alone on its line",
            "FW: x",
            "From:\nEve <eve@x.example>\nSent:\nFriday\nTo:\nsales@y.example\nSubject:\nx\n\nx",
        ),
    ] {
        let text = match client {
            "Apple Mail" => format!(
                "{text}\n\n> From: Eve <eve@x.example>\n> Subject: x\n> Date: November 20, 2026\n> To: sales@y.example\n>\n> x"
            ),
            _ => text.to_owned(),
        };
        let found = inline(subject, &text);
        assert_eq!(found.kind, K::Inline, "{client}: {found:?}");
        let eve = Address { name: Some("Eve".to_owned()), address: "eve@x.example".to_owned() };
        assert_eq!(found.sender, Some(eve), "{client}");
        assert_eq!(
            (shown(&found.by), shown(&found.recipient)),
            ("bob@y.example", "sales@y.example"),
            "{client}"
        );
    }
}

#[test]
fn notes_of_old_names_the_author_on_a_line_of_its_own() {
    let found = inline(
        "Fw: x",
        "----- Forwarded by Bob/Y on 11/20/2026 -----\n\neve@x.example\n11/20/2026 09:58 AM\n\nTo\nBob/Y\n",
    );
    assert_eq!((found.kind, shown(&found.sender)), (K::Inline, "eve@x.example"));
}

#[test]
fn replies_and_plain_words_are_no_forwards() {
    let outlook = "Thanks.\n\nFrom: Eve <eve@x.example>\nSent: Friday\nTo: sales@y.example\nSubject: x\n\nx";
    let gmail = "---------- Forwarded message ---------\nFrom: Eve <eve@x.example>\n\nx";
    for (subject, text) in [
        ("RE: x", outlook),
        ("x", outlook),
        ("RE: FW: x", outlook),
        ("AW: WG: x", outlook),
        ("Re: Fwd: x", gmail),
        ("x", "> ---------- Forwarded message ---------\n> From: Eve <eve@x.example>\n\nSo what?"),
        ("x", "From: Monday we are closed."),
        ("Forwarding of mail", "How does it work?"),
        ("FW: x", "Yes, I agree.\n\nOn Friday Eve <eve@x.example> wrote:\n> What of it?"),
    ] {
        assert_eq!(inline(subject, text).kind, K::None, "{subject}: {text}");
    }
}

#[test]
fn a_forward_that_names_no_author_is_text_only() {
    for (subject, headers) in [
        ("FW: Alarm", ""),
        ("TR : Alarme", ""),
        ("WG: Alarm", ""),
        ("Alarm", "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent"),
        ("Alarm", "X-MS-Exchange-Inbox-Rules-Loop: bob@y.example"),
        ("Alarm", "X-Autogenerated: Forward"),
    ] {
        let found =
            of(&format!("From: bob@y.example\nSubject: {subject}\nX-A: b\n{headers}\n\nDisk is full\n"));
        assert_eq!(found.kind, K::TextOnly, "{subject} {headers}: {found:?}");
        assert_eq!((shown(&found.by), found.sender), ("bob@y.example", None));
    }
    let encrypted = "From: b@y.example\nSubject: FW: x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB\n";
    assert_eq!(of(encrypted).kind, K::None);
}

#[test]
fn answers_of_machines_are_no_forwards() {
    let found = of("From: bob@y.example\nSubject: FW: x\nAuto-Submitted: auto-replied\n\nI am away\n");
    assert_eq!(found, Forwarding::NONE);
}

#[test]
fn long_texts_take_no_time() {
    let started = std::time::Instant::now();
    for text in ["From: a@b\n".repeat(50_000), "-".repeat(500_000), ">".repeat(500_000), "a:".repeat(300_000)]
    {
        inline("FW: x", &text);
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn any_text_is_searched(subject in "(FW|TR|Re|x)?:? ?.{0,20}", text in "(From: |De : |To:|---- Forwarded message|@|\\n|.){0,60}", header in ".{0,60}") {
        of(&format!("Subject: {subject}\nX-Forwarded-For: {header}\nReturn-Path: {header}\nDelivered-To: {header}\nResent-From: {header}\n\n{text}"));
        inline(&subject, &text);
    }
}
