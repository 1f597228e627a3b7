//! Believable company mail: threads with replies, attachments, automatic replies, bounces, newsletters, in several
//! languages and charsets. The same seed gives the same mail.

use chrono::{DateTime, TimeDelta, Utc};

use super::Mail;
use super::compose::{File, Letter, head, multipart, written};
use super::phrases::{LANGUAGES, Language};
use crate::dice::Dice;

/// Someone with a mailbox: the name and the address.
pub type Reader = (String, String);

/// Mail without end.
#[derive(Debug, Clone)]
pub struct Generator {
    dice: Dice,
    seed: u64,
    number: u64,
    readers: Vec<Reader>,
    threads: Vec<Letter>,
}

/// Threads that may still be answered.
const OPEN: usize = 40;

impl Generator {
    /// Mail for those readers.
    pub fn new(seed: u64, readers: Vec<Reader>) -> Self {
        Self { dice: Dice::new(seed), seed, number: 0, readers, threads: Vec::new() }
    }

    /// Mail for others from now on.
    pub fn read_by(&mut self, readers: Vec<Reader>) {
        self.readers = readers;
    }

    /// So many messages over the days before `now`, oldest first: whom for, and what.
    pub fn history(&mut self, count: usize, now: DateTime<Utc>) -> Vec<(String, Mail)> {
        let span = TimeDelta::days(30).num_seconds() / i64::try_from(count.max(1)).unwrap_or(i64::MAX).max(1);
        let times = (0..count as i64).map(|at| now - TimeDelta::seconds((count as i64 - at) * span));
        times
            .filter_map(|at| {
                let (address, mail) = self.next(at)?;
                // What is older than three days was mostly read.
                let is_read = now - at > TimeDelta::days(3) && self.dice.chance(0.8);
                Some((address, Mail { is_read, ..mail }))
            })
            .collect()
    }

    /// The next message, arriving then: whom for, and what. None where nobody has a mailbox.
    pub fn next(&mut self, at: DateTime<Utc>) -> Option<(String, Mail)> {
        self.number += 1;
        let reader = self.dice.pick(&self.readers)?.clone();
        let language = self.dice.pick(&LANGUAGES)?;
        let (address, raw) = match self.dice.below(100) {
            0..38 => self.inquiry(language, reader, at),
            38..68 => self.reply(language, reader, at),
            68..76 => self.newsletter(language, reader, at),
            76..84 => self.absence(language, reader, at),
            84..90 => self.bounce(reader, at),
            _ => self.colleague(reader, at),
        };
        Some((address, Mail { raw: raw.into(), received: Some(at), is_read: false }))
    }

    fn inquiry(&mut self, language: &Language, reader: Reader, at: DateTime<Utc>) -> (String, Vec<u8>) {
        let mut letter = self.letter(language, reader, at);
        let how_many = [0, 0, 0, 1, 1, 2].get(self.dice.below(6) as usize).copied().unwrap_or_default();
        letter.files = (0..how_many).map(|_| self.file(language)).collect();
        if self.dice.chance(0.5) {
            letter.html = Some(html(&letter.text));
        }
        if self.dice.chance(0.1) {
            letter.fields.push(("X-Priority", "1".to_owned()));
            letter.fields.push(("Importance", "high".to_owned()));
        }
        self.open(letter)
    }

    /// Someone answers in a thread that is open; where none is, one begins.
    fn reply(&mut self, language: &Language, reader: Reader, at: DateTime<Utc>) -> (String, Vec<u8>) {
        let Some(before) = self.dice.pick(&self.threads).cloned() else {
            return self.inquiry(language, reader, at);
        };
        let language =
            LANGUAGES.iter().find(|language| before.id.contains(language.company)).unwrap_or(language);
        let quoted: String = before.text.lines().map(|line| format!("> {line}\n")).collect();
        let wrote = language.wrote.replace("{who}", &before.from.0);
        let sentence = self.sentence(language);
        let mut letter = Letter {
            date: at,
            id: self.id(language.company),
            references: before.references.iter().chain([&before.id]).cloned().collect(),
            fields: Vec::new(),
            text: format!(
                "{}\n\n{sentence}\n\n{}\n{}\n\n{wrote}\n{quoted}",
                language.greeting, language.closing, before.from.0
            ),
            html: None,
            files: Vec::new(),
            ..before
        };
        if !letter.subject.starts_with("Re: ") {
            letter.subject = format!("Re: {}", letter.subject);
        }
        self.open(letter)
    }

    fn newsletter(&mut self, language: &Language, reader: Reader, at: DateTime<Utc>) -> (String, Vec<u8>) {
        let mut letter = self.letter(language, reader, at);
        letter.from = (format!("{} News", language.company), format!("news@{}.example", language.company));
        letter.subject = format!("{} – {}", letter.subject, at.format("%d.%m."));
        letter.charset = "utf-8";
        letter.html = Some(format!(
            "<html><body><table><tr><td style=\"color:#336699\"><h1>News</h1>{}</td></tr></table></body></html>",
            html(&letter.text)
        ));
        letter.fields = vec![
            ("List-Id", format!("<news.{}.example>", language.company)),
            (
                "List-Unsubscribe",
                format!("<https://news.{}.example/bye?u={}>", language.company, self.number),
            ),
            ("Precedence", "bulk".to_owned()),
        ];
        (letter.to.1.clone(), written(&letter))
    }

    fn absence(&mut self, language: &Language, reader: Reader, at: DateTime<Utc>) -> (String, Vec<u8>) {
        let mut letter = self.letter(language, reader, at);
        let (before, text) = language.absent;
        letter.subject = format!("{before}{}", letter.subject);
        letter.text = format!("{text}\n\n{}\n", letter.from.0);
        letter.fields = vec![
            ("Auto-Submitted", "auto-replied".to_owned()),
            ("X-Auto-Response-Suppress", "All".to_owned()),
            ("Return-Path", "<>".to_owned()),
        ];
        (letter.to.1.clone(), written(&letter))
    }

    /// A message that could not be delivered (RFC 3464).
    fn bounce(&mut self, reader: Reader, at: DateTime<Utc>) -> (String, Vec<u8>) {
        let english = &LANGUAGES[0];
        let mut letter = self.letter(english, reader, at);
        let lost = format!("gone.{}@{}.example", self.number, english.company);
        letter.from =
            ("Mail Delivery System".to_owned(), format!("mailer-daemon@{}.example", english.company));
        letter.subject = format!("Undeliverable: {}", letter.subject);
        letter.fields = vec![("Auto-Submitted", "auto-replied".to_owned()), ("Return-Path", "<>".to_owned())];
        let parts = [
            format!(
                "Content-Type: text/plain; charset=us-ascii\r\n\r\nYour message to {lost} couldn't be delivered.\r\n"
            ),
            format!(
                "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.{}.example\r\n\r\n\
                 Final-Recipient: rfc822; {lost}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
                 Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
                english.company
            ),
            format!(
                "Content-Type: text/rfc822-headers\r\n\r\nFrom: {}\r\nTo: {lost}\r\nMessage-ID: {}\r\n",
                letter.to.1,
                self.id("contoso")
            ),
        ];
        let boundary = format!("=_report_{}", self.number);
        let body = multipart("report; report-type=delivery-status", &boundary, &parts);
        (letter.to.1.clone(), format!("{}{body}", head(&letter)).into_bytes())
    }

    fn colleague(&mut self, reader: Reader, at: DateTime<Utc>) -> (String, Vec<u8>) {
        let english = &LANGUAGES[0];
        let mut letter = self.letter(english, reader, at);
        if let Some(from) = self.dice.pick(&self.readers) {
            letter.from = from.clone();
        }
        letter.subject = format!("Minutes of meeting {}", self.number);
        self.open(letter)
    }

    fn open(&mut self, letter: Letter) -> (String, Vec<u8>) {
        let (address, raw) = (letter.to.1.clone(), written(&letter));
        if letter.references.len() < 8 {
            if self.threads.len() >= OPEN {
                self.threads.remove(0);
            }
            self.threads.push(letter);
        }
        (address, raw)
    }

    fn letter(&mut self, language: &Language, reader: Reader, at: DateTime<Utc>) -> Letter {
        let person = self.dice.pick(language.people).copied().unwrap_or_default();
        let number = 10_000 + self.dice.below(90_000);
        let subject = self.dice.pick(language.subjects).copied().unwrap_or_default();
        let sentences: Vec<String> = (0..2 + self.dice.below(3)).map(|_| self.sentence(language)).collect();
        Letter {
            from: (person.to_owned(), format!("{}@{}.example", mailbox_name(person), language.company)),
            to: reader,
            subject: subject.replace("{n}", &number.to_string()),
            date: at,
            id: self.id(language.company),
            references: Vec::new(),
            fields: vec![("Content-Language", language.code.to_owned())],
            charset: language.charset,
            text: format!(
                "{}\n\n{}\n\n{}\n{person}\n",
                language.greeting,
                sentences.join("\n"),
                language.closing
            ),
            html: None,
            files: Vec::new(),
        }
    }

    fn sentence(&mut self, language: &Language) -> String {
        let number = 10_000 + self.dice.below(90_000);
        let sentence = self.dice.pick(language.sentences).copied().unwrap_or_default();
        sentence.replace("{n}", &number.to_string())
    }

    fn file(&mut self, language: &Language) -> File {
        let number = self.dice.below(100_000);
        match self.dice.below(4) {
            0 => {
                let rows =
                    (0..20).map(|_| format!("{};{}\r\n", self.dice.below(999), self.dice.below(9_999)));
                (format!("positions-{number}.csv"), "text/csv", rows.collect::<String>().into_bytes())
            }
            1 => (format!("note-{number}.txt"), "text/plain", self.sentence(language).into_bytes()),
            2 => {
                let pixels = (0..4_000).map(|_| self.dice.below(256) as u8);
                (
                    format!("photo-{number}.jpg"),
                    "image/jpeg",
                    [0xff, 0xd8, 0xff, 0xe0].into_iter().chain(pixels).collect(),
                )
            }
            _ => (format!("document-{number}.pdf"), "application/pdf", pdf(number)),
        }
    }

    fn id(&mut self, company: &str) -> String {
        format!("<{:016x}.{}.{}@{company}.example>", self.dice.roll(), self.seed, self.number)
    }
}

/// The smallest document that viewers open.
fn pdf(number: u64) -> Vec<u8> {
    format!(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\n%{number}\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    .into_bytes()
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraphs =
        text.split("\n\n").map(|paragraph| format!("<p>{}</p>", paragraph.replace('\n', "<br>")));
    paragraphs.collect()
}

/// A mailbox for a name: its letters in ASCII, or a word where it has none.
fn mailbox_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('.'),
            'ö' | 'ó' => Some('o'),
            'ä' | 'ą' => Some('a'),
            'é' | 'è' | 'É' => Some('e'),
            'ü' => Some('u'),
            'ł' | 'Ł' => Some('l'),
            'ñ' => Some('n'),
            'í' | 'Í' => Some('i'),
            'ç' => Some('c'),
            'ż' | 'Ż' => Some('z'),
            'ß' => Some('s'),
            letter => letter.is_ascii_alphanumeric().then(|| letter.to_ascii_lowercase()),
        })
        .collect();
    let plain = plain.trim_matches('.');
    if plain.is_empty() { "office".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime;

    fn mails(seed: u64, count: usize) -> Vec<(String, Mail)> {
        let readers = vec![("Adele".to_owned(), "adele@contoso.example".to_owned())];
        Generator::new(seed, readers).history(count, DateTime::from_timestamp(1_800_000_000, 0).unwrap())
    }

    #[test]
    fn a_seed_gives_the_same_mail_and_another_seed_other_mail() {
        assert_eq!(mails(1, 30), mails(1, 30));
        assert_ne!(mails(1, 30), mails(2, 30));
        assert!(Generator::new(1, vec![]).next(DateTime::UNIX_EPOCH).is_none());
    }

    #[test]
    fn every_kind_of_mail_is_there_and_readable() {
        let mails = mails(7, 400);
        let envelopes: Vec<_> = mails.iter().map(|(_, mail)| mime::envelope(&mail.raw)).collect();
        let known: Vec<&str> =
            LANGUAGES.iter().flat_map(|language| language.people.iter().copied()).collect();
        for envelope in &envelopes {
            let from = envelope.from.as_ref().unwrap();
            assert!(envelope.subject.as_ref().is_some_and(|subject| !subject.contains('\u{fffd}')));
            let is_known = known.contains(&from.name.as_str())
                || from.name == "Adele"
                || from.name.ends_with("News")
                || from.name == "Mail Delivery System";
            assert!(is_known, "{from:?}");
        }
        let having = |what: &str| {
            mails.iter().filter(|(_, mail)| String::from_utf8_lossy(&mail.raw).contains(what)).count()
        };
        for what in [
            "In-Reply-To:",
            "Auto-Submitted: auto-replied",
            "multipart/report",
            "List-Unsubscribe:",
            "filename=",
            "iso-8859-2",
            "windows-1252",
            "quoted-printable",
            "=?utf-8?B?",
        ] {
            assert!(having(what) > 5, "{what}: {}", having(what));
        }
        assert!(envelopes.iter().filter(|envelope| envelope.has_attachments).count() > 50);
        let texts: Vec<_> = mails.iter().map(|(_, mail)| mime::body(&mail.raw).content).collect();
        for text in ["Grüßen", "poważaniem", "n’est", "よろしく", "¿Podría"] {
            assert!(texts.iter().any(|body| body.contains(text)), "{text}");
        }
    }
}
