//! Subjects that programs alone write over an answer: known without any header, as Notes, old Exchange and webmail
//! send them.
//!
//! People write of absences too (`Out of office on Monday?`, `Abwesenheit nächste Woche`), so only the exact form
//! of a program counts, at the very beginning: what a person answers begins with `Re:`.

use super::subject::{Marked, marked, without_tags};
use crate::domain::parsed::Address;

/// What stands before the colon and the original's subject.
const PREFIXES: [&str; 34] = [
    "automatic reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "out of office autoreply",
    "out of office auto-reply",
    "out of office auto reply",
    "out of office reply",
    "out-of-office reply",
    "out of office automatic reply",
    "vacation reply",
    "vacation autoreply",
    "réponse automatique",
    "réponse automatique d'absence",
    "réponse automatique d’absence",
    "réponse automatique d'absence du bureau",
    "réponse automatique d’absence du bureau",
    "absence du bureau",
    "automatische antwort",
    "automatische rückantwort",
    "automatische abwesenheitsnotiz",
    "abwesenheitsnotiz",
    "respuesta automática",
    "risposta automatica",
    "resposta automática",
    "automatisch antwoord",
    "automatiskt svar",
    "automatisk svar",
    "odpowiedź automatyczna",
    "автоматический ответ",
];

/// The same where the subject that follows is an answer's: alone, people write them over their plans.
const BEFORE_ANSWERS: [&str; 16] = [
    "auto",
    "out of office",
    "out of the office",
    "ooo",
    "vacation",
    "on vacation",
    "away",
    "absence",
    "absent",
    "absent du bureau",
    "message d'absence",
    "message d’absence",
    "abwesenheit",
    "abwesend",
    "außer haus",
    "nicht im büro",
];

/// What Notes says of the person who is away, after the name.
const SENTENCES: [&str; 22] = [
    " is currently out of the office",
    " is out of the office",
    " is out of office",
    " is away from the office",
    " est absent(e) du bureau",
    " est absente du bureau",
    " est absent du bureau",
    " est absent(e)",
    " est absente",
    " est absent",
    " ist außer haus",
    " ist ausser haus",
    " ist nicht im büro",
    " ist nicht im hause",
    " ist nicht im haus",
    " ist abwesend",
    " is on vacation",
    " is on leave",
    " est en congés",
    " est en congé",
    " est en vacances",
    " ist im urlaub",
];

/// What begins a date of return in brackets.
const RETURNS: [&str; 9] =
    ["returning", "back on", "back", "return", "de retour", "retour", "rückkehr", "zurück", "wieder da"];

/// What begins a date of return without brackets.
const UNTIL: [&str; 3] = [" until ", " jusqu'au ", " bis "];

const LONGEST_SENTENCE: usize = 200;
const MOST_NAMES: usize = 6;

/// Whether a program wrote the subject over an answer; `from` is who the message is from.
pub(super) fn is_programs(subject: &str, from: Option<&Address>) -> bool {
    let subject = without_tags(subject);
    is_prefixed(subject) || is_sentence(subject, from)
}

fn is_prefixed(subject: &str) -> bool {
    let Some((prefix, original)) = subject.split_once(':') else { return false };
    if prefix.len() > LONGEST_SENTENCE {
        return false;
    }
    // French puts a blank before the colon.
    let prefix = prefix.trim_end().to_lowercase();
    PREFIXES.contains(&prefix.as_str())
        || BEFORE_ANSWERS.contains(&prefix.as_str()) && marked(original) == Marked::Reply
}

/// `Ann Sender is out of the office (returning 23/11/2026)`, `AUTO: …`, or without either if Ann wrote it.
fn is_sentence(subject: &str, from: Option<&Address>) -> bool {
    if subject.len() > LONGEST_SENTENCE {
        return false;
    }
    let marked = subject.strip_prefix("AUTO").and_then(|rest| rest.trim_start().strip_prefix(':'));
    let lower = marked.unwrap_or(subject).trim().to_lowercase();
    // Nearly every subject is done with here.
    if ![" is ", " est ", " ist "].iter().any(|verb| lower.contains(verb)) {
        return false;
    }
    let found = SENTENCES.iter().find_map(|sentence| {
        let (name, end) = lower.split_once(sentence)?;
        let says_when = end_of_sentence(end)?;
        Some((name, says_when || sentence.contains("(e)")))
    });
    let Some((name, is_certain)) = found.filter(|(name, _)| is_name(name)) else { return false };
    marked.is_some() || is_certain || from.is_some_and(|from| is_of(from, name))
}

/// Whether the sentence ends here; and if so, whether it says in brackets when the person returns.
fn end_of_sentence(end: &str) -> Option<bool> {
    let end = end.trim_end_matches(['.', ' ']);
    if end.is_empty() {
        return Some(false);
    }
    let has_date = |date: &str| date.len() <= 40 && date.contains(|c: char| c.is_ascii_digit());
    let bracket = end.trim_start_matches(['.', ' ']).strip_prefix('(').and_then(|end| end.strip_suffix(')'));
    if let Some(bracket) = bracket {
        let date = RETURNS.iter().find_map(|returns| bracket.trim_start().strip_prefix(returns));
        return date.is_some_and(has_date).then_some(true);
    }
    let date = UNTIL.iter().find_map(|until| end.strip_prefix(until));
    date.is_some_and(has_date).then_some(false)
}

fn is_name(name: &str) -> bool {
    let words = name.split_whitespace().count();
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '\'' | '’' | '/');
    (1..=MOST_NAMES).contains(&words) && name.chars().all(is_of_name)
}

/// Whether each word of a lower-case name stands in the sender's name or address: of colleagues, people write too.
fn is_of(from: &Address, name: &str) -> bool {
    let local = from.address.split('@').next().unwrap_or_default();
    let own = format!("{} {local}", from.name.as_deref().unwrap_or_default()).to_lowercase();
    let own: Vec<&str> = words(&own).collect();
    let mut names = words(name).peekable();
    names.peek().is_some() && names.all(|word| own.contains(&word))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_programs;
    use crate::domain::parsed::Address;

    fn ann() -> Address {
        Address { name: Some("Ann Sender".to_owned()), address: "asender@x.example".to_owned() }
    }

    #[test]
    fn what_programs_write_is_known() {
        for subject in [
            "Automatic reply: Your request",
            "AUTOMATIC REPLY: Your request",
            "Automatic reply:",
            "Automatic reply: Re: INC-42",
            "[EXTERNAL] Automatic reply: Your request",
            "Out of Office AutoReply: Your request",
            "Auto-Reply: Your request",
            "AutoReply: Your request",
            "Réponse automatique : Votre demande",
            "Réponse automatique\u{a0}: Votre demande",
            "Réponse automatique d'absence du bureau : Votre demande",
            "Absence du bureau : Votre demande",
            "Automatische Antwort: Ihre Anfrage",
            "Abwesenheitsnotiz: Ihre Anfrage",
            "Risposta automatica: Richiesta",
            "Out of office: Re: Your request",
            "Auto: Re: Your request",
            "Abwesenheit: AW: Ihre Anfrage",
            "Ann Sender is out of the office",
            "Ann Sender is out of the office.",
            "Ann Sender is out of the office until 23/11/2026.",
            "Sender, Ann is out of the office",
            "Ann Sender is out of the office (returning 23/11/2026)",
            "Bea Other is out of the office. (returning 11/23/2026)",
            "AUTO: Bea Other is out of the office (returning 23/11/2026)",
            "AUTO : Bea Other est absent",
            "Bea Other est absent(e)",
            "Bea Other est absent(e) du bureau.",
            "Bea Other est absente (retour le 23/11/2026)",
            "Ann Sender est absente jusqu'au 23 novembre",
            "Bea Other ist außer Haus (Rückkehr am 23.11.2026)",
            "Ann Sender ist außer Haus.",
            "Bea Other ist nicht im Büro. (Zurück am 23.11.2026)",
            "Ann Sender ist abwesend bis 23.11.2026",
            "Bea Other est en congés (de retour le 23/11/2026)",
            "Ann Sender is on vacation",
            "AUTO: Bea Other ist im Urlaub (Rückkehr am 23.11.2026)",
        ] {
            assert!(is_programs(subject, Some(&ann())), "{subject}");
        }
    }

    #[test]
    fn what_people_write_is_not() {
        for subject in [
            "",
            ":",
            "Automatic reply",
            "Automatic replies: how do I set one up?",
            "About automatic reply: the text",
            "Re: Automatic reply: x",
            "RE: Out of Office AutoReply: x",
            "AW: Abwesenheitsnotiz: x",
            "FW: Automatic reply: x",
            "WG: Abwesenheitsnotiz: x",
            "TR : Absence du bureau : x",
            "Tr: Réponse automatique : x",
            "[EXTERNAL] RE: Automatic reply: x",
            "Out of office cleaning on Monday?",
            "Out of office: Monday and Tuesday",
            "Out of office next week",
            "Vacation request",
            "Vacation: Italy",
            "Vacation request: Ann Sender, 3 to 5 December",
            "Auto: gebraucht zu verkaufen",
            "Abwesenheit nächste Woche",
            "Abwesenheit: 3. bis 5. Dezember",
            "Abwesenheitsnotiz einrichten",
            "Absence du bureau lundi",
            "Absence : lundi et mardi",
            "Message d'absence : merci de l'activer",
            "Réponse automatique à activer : rappel",
            "I am out of the office",
            "Bea Other is out of the office",
            "Bea Other is out of the office tomorrow",
            "Bea Other is out of the office until 23/11/2026",
            "Bea Other is out of the office (returning soon)",
            "Bea Other is out of the office (see the plan of 2026)",
            "Ann Sender is out of the office?",
            "Ann Sender is out of the office and nobody has the key to room 7",
            "Re: Ann Sender is out of the office (returning 23/11/2026)",
            "Who is out of the office (returning 23/11/2026)?",
            "Bea est absente",
            "Bea Other est absente lundi",
            "Bea Other ist im Urlaub",
            "Bea Other ist außer Haus",
            "Bea Other is on vacation",
            "Warum Bea Other heute schon wieder nicht da und ist außer Haus (Rückkehr am 23.11.2026)",
            "The printer: is out of the office (returning 23/11/2026)",
            " is out of the office",
        ] {
            assert!(!is_programs(subject, Some(&ann())), "{subject}");
        }
        assert!(!is_programs("Ann Sender is out of the office", None));
    }

    proptest! {
        #[test]
        fn any_subject_is_read(subject in "(AUTO ?:|is out of the office|est absent\\(e\\)|[(:\\[\\]]|.){0,30}") {
            is_programs(&subject, Some(&ann()));
        }
    }
}
