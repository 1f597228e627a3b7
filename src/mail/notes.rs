//! What was left out or repaired while parsing, in sentences.

/// A broken message may have one flaw ten thousand times.
const MAX_NOTES: usize = 30;

/// Sentences for people; none quotes the message.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    /// Keeps a sentence, once.
    pub(super) fn add(&mut self, note: impl Into<String>) {
        let note = note.into();
        if self.0.len() < MAX_NOTES && !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// The sentences, in the order found.
    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}
