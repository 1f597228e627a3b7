//! Messages whose content is not, or not only, text that people read.

use super::notes::Notes;
use super::parts::{Node, Parts};
use super::pkcs7::{self, Content};
use super::signs::begins;
use crate::domain::parsed::{Oddity, ParsedMessage};

/// Parts that are looked at; what makes a message odd stands at its beginning or is all of it.
const MAX_PARTS: u32 = 50;

/// What is odd about a message that has everything but this; the first that applies, in the order of `Oddity`.
pub(super) fn of(message: &ParsedMessage, raw: &[u8], parts: &Parts, notes: &mut Notes) -> Option<Oddity> {
    let found = if is_stub(message) {
        Some(Oddity::RetrievalStub)
    } else {
        let of_parts =
            (0..MAX_PARTS).map_while(|number| parts.get(number)).filter_map(|node| of_part(node, raw)).min();
        of_parts.or_else(|| armoured(&message.text)).or_else(|| is_empty(message).then_some(Oddity::Empty))
    };
    match found {
        Some(Oddity::SmimeEncrypted) => notes
            .add("The message is encrypted with S/MIME; it is kept as it is and its text can't be shown."),
        Some(Oddity::PgpEncrypted) => notes
            .add("The message is encrypted with OpenPGP; it is kept as it is and its text can't be shown."),
        Some(Oddity::SmimeSigned | Oddity::PgpSigned) => {
            notes.add("The message is signed; the signature is not checked.")
        }
        Some(Oddity::Winmail) => {
            notes.add("The message has a winmail.dat (TNEF); what is in that is not shown.")
        }
        _ => {}
    }
    found
}

/// Exchange gives it where it can't convert a message, or while the message is being scanned.
fn is_stub(message: &ParsedMessage) -> bool {
    ["retrieval using the imap4 protocol failed", "retrieval using the pop3 protocol failed"]
        .iter()
        .any(|known| begins(&message.subject, known) && message.text.len() < 10_000)
}

fn of_part(node: &Node, raw: &[u8]) -> Option<Oddity> {
    let protocol = || node.content_type.get("protocol").unwrap_or_default().to_ascii_lowercase();
    match node.kind() {
        "application/ms-tnef" | "application/vnd.ms-tnef" => Some(Oddity::Winmail),
        "application/octet-stream"
            if node.filename().is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat")) =>
        {
            Some(Oddity::Winmail)
        }
        // A calendar that is part of the message acts on one; a file that is attached does not.
        "text/calendar" => {
            let acts =
                node.content_type.get("method").is_some_and(|method| !method.eq_ignore_ascii_case("publish"));
            (acts || node.disposition.value != "attachment" && node.filename().is_none())
                .then_some(Oddity::Calendar)
        }
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(smime(node, raw)),
        "application/octet-stream" if is_smime_file(node) => Some(smime(node, raw)),
        "application/pgp-encrypted" => Some(Oddity::PgpEncrypted),
        "multipart/encrypted" if protocol().contains("pgp") => Some(Oddity::PgpEncrypted),
        "multipart/signed" if protocol().contains("pkcs7") => Some(Oddity::SmimeSigned),
        "multipart/signed" if protocol().contains("pgp") => Some(Oddity::PgpSigned),
        _ => None,
    }
}

/// Gateways lose the type of S/MIME and leave its name (RFC 8551 section 3.2.1). Others sign documents and name those
/// `contract.pdf.p7m`: attached, that makes no signed message.
fn is_smime_file(node: &Node) -> bool {
    let name = node.filename().unwrap_or_default().to_ascii_lowercase();
    ["smime.p7m", "smime.p7s", "smime.p7c"].contains(&name.as_str())
}

/// By what the type says, else by the first bytes, else by the name: of those only `.p7m` may be encrypted.
fn smime(node: &Node, raw: &[u8]) -> Oddity {
    let kind = node.content_type.get("smime-type").unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "signed-data" | "certs-only" => return Oddity::SmimeSigned,
        "" => {}
        _ => return Oddity::SmimeEncrypted,
    }
    match pkcs7::content(node.encoding, raw.get(node.body.clone()).unwrap_or_default()) {
        Some(Content::Signed) => return Oddity::SmimeSigned,
        Some(Content::Encrypted) => return Oddity::SmimeEncrypted,
        None => {}
    }
    let name = node.filename().unwrap_or_default().to_ascii_lowercase();
    match name.ends_with(".p7s") || name.ends_with(".p7c") {
        true => Oddity::SmimeSigned,
        false => Oddity::SmimeEncrypted,
    }
}

/// OpenPGP within the text (RFC 9580 section 6.2): before everything else, or after a few lines.
fn armoured(text: &str) -> Option<Oddity> {
    text.lines().take(20).find_map(|line| match line.trim() {
        "-----BEGIN PGP MESSAGE-----" => Some(Oddity::PgpEncrypted),
        "-----BEGIN PGP SIGNED MESSAGE-----" => Some(Oddity::PgpSigned),
        _ => None,
    })
}

fn is_empty(message: &ParsedMessage) -> bool {
    message.attachments.is_empty()
        && message.text.trim().is_empty()
        && message.html.as_deref().is_none_or(|html| !html.contains("<img") && !html.contains("<IMG"))
}

#[cfg(test)]
mod tests {
    use crate::domain::parsed::Oddity;
    use crate::mail::{Limits, parse};

    fn oddity(raw: &str) -> (Option<Oddity>, Vec<String>) {
        let message = parse(raw.as_bytes(), &Limits::default()).unwrap();
        (message.oddity, message.notes)
    }

    fn of_type(content_type: &str, body: &str) -> Option<Oddity> {
        oddity(&format!("Subject: s\nContent-Type: {content_type}\n\n{body}\n")).0
    }

    #[test]
    fn ordinary_mail_is_not_odd() {
        for (kind, body) in [
            ("text/plain", "Hello"),
            ("text/html", "<img src=\"https://x.example/a.png\">"),
            (
                "multipart/mixed; boundary=b",
                "--b\n\nHello\n--b\nContent-Type: text/calendar; name=holidays.ics\nContent-Disposition: attachment\n\nBEGIN:VCALENDAR\n--b--",
            ),
            ("multipart/mixed; boundary=b", "--b\nContent-Type: application/pdf\n\nx\n--b--"),
        ] {
            assert_eq!(of_type(kind, body), None, "{kind} {body}");
        }
    }

    #[test]
    fn each_oddity_is_known_by_its_parts() {
        let part = |kind: &str| format!("--b\n\nHello\n--b\nContent-Type: {kind}\n\nx\n--b--");
        let mixed = "multipart/mixed; boundary=b";
        for (kind, body, expected) in [
            (mixed, part("application/ms-tnef; name=winmail.dat"), Oddity::Winmail),
            (mixed, part("application/octet-stream; name=WINMAIL.DAT"), Oddity::Winmail),
            ("multipart/alternative; boundary=b", part("text/calendar; method=REQUEST"), Oddity::Calendar),
            ("text/calendar; method=REPLY", "BEGIN:VCALENDAR".to_owned(), Oddity::Calendar),
            (mixed, part("text/calendar; method=CANCEL; name=invite.ics"), Oddity::Calendar),
            (
                "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b",
                part("application/pkcs7-signature"),
                Oddity::SmimeSigned,
            ),
            ("application/pkcs7-mime; smime-type=signed-data", "MIIB".to_owned(), Oddity::SmimeSigned),
            ("application/pkcs7-mime; smime-type=enveloped-data", "MIIB".to_owned(), Oddity::SmimeEncrypted),
            ("application/x-pkcs7-mime; name=smime.p7m", "MIIB".to_owned(), Oddity::SmimeEncrypted),
            (
                "multipart/signed; protocol=\"application/pgp-signature\"; boundary=b",
                part("application/pgp-signature"),
                Oddity::PgpSigned,
            ),
            (
                "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b",
                part("application/pgp-encrypted"),
                Oddity::PgpEncrypted,
            ),
            (mixed, part("application/pgp-encrypted"), Oddity::PgpEncrypted),
            ("text/plain", "\n-----BEGIN PGP MESSAGE-----\n\nhQ".to_owned(), Oddity::PgpEncrypted),
            (
                "text/plain",
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhi".to_owned(),
                Oddity::PgpSigned,
            ),
            ("text/plain", " \n".to_owned(), Oddity::Empty),
            ("text/html", "<html><body>&nbsp;</body></html>".to_owned(), Oddity::Empty),
        ] {
            assert_eq!(of_type(kind, &body), Some(expected), "{kind} {body}");
        }
        assert_eq!(oddity("").0, Some(Oddity::Empty));
    }

    #[test]
    fn smime_without_its_type_is_told_by_its_bytes_or_its_name() {
        let signed = "Content-Transfer-Encoding: base64\n\nMIIBAAYJKoZIhvcNAQcCoIAAAAAAAAA=";
        let sealed = signed.replace("cCoI", "cDoI");
        let of_file = |header: &str, body: &str| {
            oddity(&format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\nContent-Type: {header}\n{body}\n--b--"
            ))
            .0
        };
        for (header, body, is) in [
            ("application/octet-stream; name=smime.p7m", signed, Some(Oddity::SmimeSigned)),
            ("application/octet-stream; name=\"SMIME.P7M\"", &sealed, Some(Oddity::SmimeEncrypted)),
            ("application/octet-stream; name=smime.p7m", "\nunreadable", Some(Oddity::SmimeEncrypted)),
            ("application/octet-stream; name=smime.p7s", "\nunreadable", Some(Oddity::SmimeSigned)),
            ("application/octet-stream; name=smime.p7c", "\nunreadable", Some(Oddity::SmimeSigned)),
            ("application/octet-stream; name=smime.p7m.exe", signed, None),
            ("application/octet-stream; name=contract.pdf.p7m", signed, None),
            ("application/octet-stream", signed, None),
            ("application/pkcs7-mime; name=smime.p7m", signed, Some(Oddity::SmimeSigned)),
            ("application/x-pkcs7-mime", &sealed, Some(Oddity::SmimeEncrypted)),
            ("application/pkcs7-mime; smime-type=enveloped-data", signed, Some(Oddity::SmimeEncrypted)),
        ] {
            assert_eq!(of_file(header, body), is, "{header} {body}");
        }
    }

    #[test]
    fn the_stub_of_exchange_is_known_by_its_subject() {
        for protocol in ["IMAP4", "POP3"] {
            let raw = format!(
                "From: Microsoft Exchange Server\nSubject: Retrieval using the {protocol} protocol failed for the following \
                 message: 752\n\nThe server couldn't retrieve the following message:\n\nSubject: \"Printer\"\n"
            );
            assert_eq!(oddity(&raw).0, Some(Oddity::RetrievalStub));
        }
        assert_eq!(
            oddity("Subject: Re: Retrieval using the IMAP4 protocol failed for 7\n\nWhat is it?\n").0,
            None
        );
    }

    #[test]
    fn what_is_encrypted_says_so_in_a_note() {
        let (_, notes) = oddity("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB\n");
        assert!(notes.iter().any(|note| note.contains("encrypted with S/MIME")), "{notes:?}");
    }
}
