//! `$search`: words in subject, sender, recipients and text, all of which must be there.

use crate::graph::answer::Problem;
use crate::world::{Content, Message, MessageKey};

/// Words in lower case, each with the property it is looked for in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search(Vec<(Option<String>, String)>);

impl Search {
    /// More are never found.
    pub const MOST: usize = 1_000;

    /// From `$search`: in double quotes, words or `property:word`.
    pub fn of(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        let words: Vec<_> = inner
            .to_lowercase()
            .replace(['"', '\\', '(', ')'], " ")
            .split_whitespace()
            .filter(|word| *word != "and")
            .map(|word| match word.split_once(':') {
                Some((property, word)) => (Some(property.to_owned()), bare(word)),
                None => (None, bare(word)),
            })
            .collect();
        if words.is_empty() {
            return Err(Problem::bad_query(format!(
                "Syntax error: character '' is not valid at position 0 in '{text}'."
            )));
        }
        Ok(Self(words))
    }

    /// A message that may have all words, as far as can be told without reading its text.
    pub fn candidate(&self, message: &Message) -> Option<Candidate> {
        let mut words = Vec::new();
        for (property, word) in &self.0 {
            match finds(message, property.as_deref(), word) {
                Some(true) => {}
                Some(false) => return None,
                None => words.push(word.clone()),
            }
        }
        Some(Candidate { key: message.key, words, content: message.content.clone() })
    }
}

/// A word without what is around it, such as the apostrophes that some clients write.
fn bare(word: &str) -> String {
    let inner = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    if inner.is_empty() { word.to_owned() } else { inner.to_owned() }
}

/// A message that is found if the words left are in its text. It shares the message's bytes, so texts are read without
/// holding up whoever changes the mailbox.
#[derive(Debug)]
pub struct Candidate {
    /// Which message.
    pub key: MessageKey,
    words: Vec<String>,
    content: Content,
}

impl Candidate {
    /// Whether they are. Reads the text if there are any.
    pub fn is_found(&self) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let text = match &self.content {
            Content::Mime(raw) => crate::mime::body(raw).content.to_lowercase(),
            Content::Draft(draft) => draft.body.to_lowercase(),
        };
        self.words.iter().all(|word| text.contains(word))
    }
}

/// Whether a word is there; None where only the text can tell.
fn finds(message: &Message, property: Option<&str>, word: &str) -> Option<bool> {
    let envelope = &message.envelope;
    let has = |text: &str| text.to_lowercase().contains(word);
    let people = |people: &[crate::world::Person]| people.iter().any(|at| has(&at.name) || has(&at.address));
    let subject = || envelope.subject.as_deref().is_some_and(has);
    let from = || envelope.from.as_ref().is_some_and(|from| people(std::slice::from_ref(from)));
    let text = || has(&envelope.preview).then_some(true);
    Some(match property {
        Some("subject") => subject(),
        Some("from" | "sender") => from(),
        Some("to") => people(&envelope.to),
        Some("cc") => people(&envelope.cc),
        Some("bcc") => people(&envelope.bcc),
        Some("body") => return text(),
        Some("hasattachments" | "hasattachment") => envelope.has_attachments == (word == "true"),
        Some("participants" | "recipients") => from() || people(&envelope.to) || people(&envelope.cc),
        Some(_) => false,
        None if subject() || from() || people(&envelope.to) || people(&envelope.cc) => true,
        None => return text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_without_what_is_around_them() {
        let word = |property: Option<&str>, word: &str| (property.map(str::to_owned), word.to_owned());
        let words = |text: &str| Search::of(text).unwrap().0;
        assert_eq!(words("\"'Mail 07'\""), [word(None, "mail"), word(None, "07")]);
        assert_eq!(words("from:<a@b.example> and -"), [word(Some("from"), "a@b.example"), word(None, "-")]);
        assert!(Search::of("\" \"").is_err());
    }
}
