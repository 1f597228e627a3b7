//! The original within the text of a forward, as the usual clients quote it in English, French, German and others.

use super::signs::begins;
use crate::domain::parsed::Address;

/// How much of a text is searched: what a person adds to a forward is short.
const SEARCHED: usize = 64 * 1024;
/// Lines within which the fields of the original stand.
const BLOCK: usize = 16;

/// What the quoted header of the original says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Original {
    pub(super) from: Option<Address>,
    pub(super) to: Option<Address>,
    /// What was found, in words.
    pub(super) evidence: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    From,
    To,
    Other,
}

/// Lines that clients put before a forwarded message, and nowhere else; between hyphens.
const RULED: [&str; 13] = [
    "forwarded message",
    "forwarded by",
    "forwarded from",
    "message transféré",
    "message transmis",
    "transmis par",
    "réacheminé par",
    "transféré par",
    "weitergeleitete nachricht",
    "weitergeleitet von",
    "mensaje reenviado",
    "messaggio inoltrato",
    "doorgestuurd bericht",
];
/// The same, without hyphens.
const PLAIN: [&str; 9] = [
    "begin forwarded message",
    "début du message réexpédié",
    "début du message transféré",
    "début du message\u{a0}réexpédié",
    "anfang der weitergeleiteten nachricht",
    "anfang der weitergeleiteten e-mail",
    "inizio messaggio inoltrato",
    "inicio del mensaje reenviado",
    "forwarded message:",
];

/// Finds the original. Without a mark in the subject only a line that says so counts: replies quote headers too.
pub(super) fn find(text: &str, is_marked: bool) -> Option<Original> {
    let text = searched(text);
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if is_opening(line) {
            return Some(after_opening(after));
        }
        if is_marked && matches!(label(line), Some((Label::From, _))) {
            let (found, labels) = block(rest);
            if labels >= 3 {
                return Some(Original { evidence: "the original's header stands in the text", ..found });
            }
        }
        rest = after;
    }
    None
}

/// Whether a text quotes something, or names an author as a quoted header does.
pub(super) fn has_quotes(text: &str) -> bool {
    searched(text).lines().any(|line| line.starts_with('>') || matches!(label(line), Some((Label::From, _))))
}

fn searched(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SEARCHED)).unwrap_or(text)
}

fn is_opening(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '*', '\u{a0}']);
    match line.as_bytes().first() {
        Some(b'-') => {
            let said = line.trim_start_matches(['-', ' ', '\u{a0}']);
            line.starts_with("--") && !said.is_empty() && RULED.iter().any(|known| begins(said, known))
        }
        Some(b'b' | b'B' | b'd' | b'D' | b'a' | b'A' | b'i' | b'I' | b'f' | b'F') => {
            PLAIN.iter().any(|known| begins(line, known))
        }
        _ => false,
    }
}

fn after_opening(rest: &str) -> Original {
    let evidence = "a line in the text says that what follows was forwarded";
    let (found, labels) = block(rest);
    if labels > 0 && found.from.is_some() {
        return Original { evidence, ..found };
    }
    // Notes of old put the author alone on a line, its date below.
    let from = rest.lines().take(6).find_map(address);
    Original { from: from.or(found.from), to: found.to, evidence }
}

/// The fields at the beginning of `rest`, and how many there are. A value may stand on the line after its label.
fn block(rest: &str) -> (Original, usize) {
    let mut found = Original::default();
    let (mut labels, mut blanks) = (0, 0);
    let mut open: Option<Label> = None;
    for line in rest.lines().take(BLOCK) {
        let bare = bare(line);
        if bare.is_empty() {
            blanks += 1;
            if blanks > 2 {
                break;
            }
            continue;
        }
        let (kind, value) = match (label(line), open.take()) {
            (Some((kind, value)), _) => {
                labels += 1;
                open = value.is_empty().then_some(kind);
                (kind, value)
            }
            (None, Some(kind)) => (kind, bare),
            // A long list goes on; the text itself begins after a blank line.
            (None, None) if labels > 0 && blanks == 0 => continue,
            (None, None) if labels > 0 => break,
            (None, None) => continue,
        };
        blanks = 0;
        match kind {
            Label::From if found.from.is_none() => found.from = address(value),
            Label::To if found.to.is_none() => found.to = address(value),
            _ => {}
        }
    }
    (found, labels)
}

fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '*' | '|' | '_'))
}

/// A field of a quoted header: which, and its value.
fn label(line: &str) -> Option<(Label, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '*' | '|'));
    let head = line.get(..line.floor_char_boundary(24)).unwrap_or(line);
    let (name, _) = head.split_once(':')?;
    let value = bare(line.get(name.len() + 1..).unwrap_or_default());
    let name = name.trim_end_matches(|c: char| c.is_whitespace() || c == '*');
    // Uppercase letters begin labels; a sentence with a colon seldom is that short.
    if name.is_empty() || name.chars().count() > 14 {
        return None;
    }
    let kind = match name.to_lowercase().as_str() {
        "from" | "de" | "von" | "da" | "van" | "från" | "fra" | "expéditeur" | "absender" => Label::From,
        "to" | "à" | "a" | "pour" | "an" | "para" | "aan" | "till" | "til" | "destinataire" => Label::To,
        "sent" | "date" | "envoyé" | "envoyé le" | "gesendet" | "gesendet am" | "datum" | "enviado"
        | "enviado el" | "inviato" | "verzonden" | "data" | "fecha" | "skickat" | "sendt" | "subject"
        | "objet" | "sujet" | "betreff" | "asunto" | "oggetto" | "onderwerp" | "assunto" | "ämne"
        | "emne" | "cc" | "kopie" | "copie" | "copie à" | "reply-to" | "répondre à" | "antwort an" => {
            Label::Other
        }
        _ => return None,
    };
    Some((kind, value))
}

/// The first address in it, with the name before it: `Ann <a@x>`, `Ann [mailto:a@x]`, `"Ann" <a@x<mailto:a@x>>`, `a@x`.
fn address(value: &str) -> Option<Address> {
    let at = value.find('@')?;
    let belongs = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{}~-".contains(c);
    let (before, after) = (value.get(..at)?, value.get(at + 1..)?);
    let local = before.rsplit(|c| !belongs(c)).next().unwrap_or_default().trim_start_matches('\'');
    let domain =
        after.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'))).next().unwrap_or_default();
    let domain = domain.trim_end_matches('.');
    if local.is_empty() || domain.is_empty() || local.len() + domain.len() > 320 {
        return None;
    }
    let name = before.strip_suffix(local)?.trim_end_matches("mailto:");
    let name = name.trim_matches(|c: char| c.is_whitespace() || "<[(\"'*".contains(c));
    let name = (!name.is_empty() && name.len() <= 200).then(|| name.to_owned());
    Some(Address { name, address: format!("{local}@{domain}") })
}
