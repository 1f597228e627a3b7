//! A mailbox's worth of realistic mail, the same on every machine: for benchmarks, the crash test and others.
//!
//! Sizes are log-normal (median 12 KB, mean 47 KB, the biggest 5 MB), in twelve languages and sixteen charsets;
//! requests, answers (some before what they answer), automatic replies, bounces, newsletters, forwards with the
//! original attached. Each message is made by itself from the seed and its number: none is kept.

mod body;
pub mod chance;
pub mod envelope;
pub mod language;
mod mime;

use chance::Chance;
use language::Language;

/// What kind of mail a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person asks for something: the start of a thread.
    Request,
    /// A person answers, In-Reply-To and References pointing to a request of this corpus.
    Reply,
    /// An out-of-office notice (RFC 3834).
    AutoReply,
    /// A delivery status notification (RFC 3464).
    Bounce,
    /// A mailing list's or a vendor's, mostly HTML.
    Newsletter,
    /// A request that came with the original as message/rfc822.
    Forward,
}

/// How much mail, and which.
#[derive(Clone, Copy, Debug)]
pub struct Corpus {
    /// Other seeds give other mail.
    pub seed: u64,
    /// How many messages.
    pub messages: usize,
    /// The size of one big message among them, in bytes.
    pub huge: Option<usize>,
}

/// A message.
pub struct Mail {
    /// Raw bytes, lines ended by CRLF.
    pub raw: Vec<u8>,
    /// When it arrived, in seconds since 1970.
    pub arrived: i64,
    /// Its Message-ID, with brackets.
    pub message_id: String,
    /// What it is.
    pub kind: Kind,
}

impl Corpus {
    /// So many messages of the seed that the benchmarks use.
    pub fn of(messages: usize) -> Self {
        Self { seed: 1, messages, huge: None }
    }

    /// All its messages, made one by one.
    pub fn iter(&self) -> impl Iterator<Item = Mail> + '_ {
        (0..self.messages).map(|number| self.mail(number))
    }

    /// One message.
    pub fn mail(&self, number: usize) -> Mail {
        let kind = self.kind(number);
        let mut chance = self.chance("mail", number);
        let about = self.about(number);
        let size = self.size(number, &mut chance);
        let raw = envelope::write(self, &about, &mut chance, size);
        Mail { raw, arrived: arrived(number), message_id: self.message_id(number), kind }
    }

    fn about(&self, number: usize) -> About {
        let kind = self.kind(number);
        let parent = match kind {
            Kind::Reply | Kind::AutoReply | Kind::Bounce => self.parent(number),
            _ => None,
        };
        let thread = parent.unwrap_or(number);
        let mut chance = self.chance("thread", thread);
        let language = language::of(&mut chance);
        let charset = language.charset(&mut chance);
        let words = 3 + chance.below(6);
        let subject = language.title(&mut chance, words);
        About { number, kind, parent, language, charset, subject }
    }

    fn kind(&self, number: usize) -> Kind {
        match self.chance("kind", number).below(100) {
            0..45 => Kind::Request,
            45..73 => Kind::Reply,
            73..78 => Kind::AutoReply,
            78..82 => Kind::Bounce,
            82..95 => Kind::Newsletter,
            _ => Kind::Forward,
        }
    }

    /// The request that a message answers: most of the time an earlier one, sometimes one that arrives later.
    fn parent(&self, number: usize) -> Option<usize> {
        let mut chance = self.chance("parent", number);
        let later = chance.percent(8);
        (0..40).find_map(|_| {
            let distance = 1 + chance.below(60);
            let at = if later { number + distance } else { number.checked_sub(distance)? };
            (at < self.messages && self.kind(at) == Kind::Request).then_some(at)
        })
    }

    fn size(&self, number: usize, chance: &mut Chance) -> usize {
        const MEDIAN: f64 = 14.4 * 1024.0;
        const SPREAD: f64 = 1.6;
        if let Some(huge) = self.huge.filter(|_| number == self.messages / 2) {
            return huge;
        }
        let size = (MEDIAN.ln() + SPREAD * chance.normal()).exp();
        size.clamp(800.0, 5.0 * 1024.0 * 1024.0) as usize
    }

    fn message_id(&self, number: usize) -> String {
        let mut chance = self.chance("id", number);
        format!("<{:016x}.{number}@{}>", chance.next(), envelope::domain(&mut chance))
    }

    fn chance(&self, purpose: &str, number: usize) -> Chance {
        Chance::new(self.seed, purpose, number)
    }
}

/// What is settled of a message before it is written.
struct About {
    number: usize,
    kind: Kind,
    parent: Option<usize>,
    language: &'static Language,
    charset: &'static str,
    subject: String,
}

/// One every 37 seconds, from 5 January 2026 on.
fn arrived(number: usize) -> i64 {
    1_767_600_000 + 37 * number as i64
}
