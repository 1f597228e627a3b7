//! What the index holds of a message or an instance: its words in order, and its pairs of joined words.

use super::SIGN;
use super::fold::fold;
use super::part::{pairs_of_letters, parts};

/// So much of a text is looked at, in bytes.
const TEXT: usize = 256 * 1024;
/// So many words of all texts together; a tsvector knows 16,383 places.
const PLACES: usize = 16_000;
/// So many bytes of words; a tsvector holds 1 MB with everything in it.
const BYTES: usize = 640 * 1024;

/// Two sequences of words, each word followed by a blank. A word's place in its sequence is what phrases go by. A single
/// `·` stands for nothing: it keeps apart what is not one phrase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// All words, in order.
    pub words: String,
    /// Neighbours that one sign joins, as `inc·000042` or `example·com`: they are looked up as one, because both may
    /// be everywhere.
    pub pairs: String,
}

/// Takes texts, one after the other, until it is full.
#[derive(Debug, Default)]
pub struct WordsBuilder {
    words: Words,
    places: usize,
    pair_places: usize,
    bytes: usize,
}

impl WordsBuilder {
    /// Adds the words of a text. No phrase reaches from one text into the next.
    pub fn add(&mut self, text: &str) {
        let folded = fold(beginning(text));
        let mut last: Option<&str> = None;
        if self.places > 0 {
            self.gap();
        }
        for part in parts(&folded) {
            if part.dense {
                for pair in pairs_of_letters(part.text) {
                    if !self.word(pair) {
                        return;
                    }
                }
                last = None;
                continue;
            }
            if !self.word(part.text) {
                return;
            }
            if let Some(before) = last.filter(|_| part.joined) {
                self.pair(before, part.text);
            } else if !self.words.pairs.is_empty() && !self.words.pairs.ends_with("· ") {
                self.words.pairs.push_str("· ");
                self.pair_places += 1;
            }
            last = Some(part.text);
        }
    }

    /// What was taken.
    pub fn finish(self) -> Words {
        self.words
    }

    fn gap(&mut self) {
        self.words.words.push_str("· ");
        self.places += 1;
    }

    fn word(&mut self, word: &str) -> bool {
        if self.places >= PLACES || self.bytes >= BYTES {
            return false;
        }
        self.words.words.push_str(word);
        self.words.words.push(' ');
        self.places += 1;
        self.bytes += word.len() + 8;
        true
    }

    fn pair(&mut self, first: &str, second: &str) {
        if self.pair_places >= PLACES || self.bytes >= BYTES {
            return;
        }
        let pairs = &mut self.words.pairs;
        pairs.push_str(first);
        pairs.push(SIGN);
        pairs.push_str(second);
        pairs.push(' ');
        self.pair_places += 1;
        self.bytes += first.len() + second.len() + 10;
    }
}

/// At most [`TEXT`] bytes, ending with a whole letter.
fn beginning(text: &str) -> &str {
    let mut end = TEXT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Words {
        let mut words = WordsBuilder::default();
        for text in texts {
            words.add(text);
        }
        words.finish()
    }

    #[test]
    fn words_are_in_order_and_joined_ones_in_pairs_too() {
        let words = of(&["Re: INC-000042", "Ann <ann@example.com>"]);
        assert_eq!(words.words, "re inc 000042 · ann ann example com ");
        assert_eq!(words.pairs, "inc·000042 · ann·example example·com ");
    }

    #[test]
    fn letters_without_blanks_are_held_in_pairs() {
        assert_eq!(of(&["東京都 tower"]).words, "東京 京都 都 tower ");
    }

    #[test]
    fn what_is_taken_is_bounded_whatever_comes() {
        for text in
            ["a ".repeat(300_000), "a.b@".repeat(300_000), "東".repeat(300_000), "\u{FDFA}".repeat(90_000)]
        {
            let words = of(&[&text, &text]);
            assert!(words.words.split(' ').count() <= PLACES + 2);
            assert!(words.pairs.split(' ').count() <= PLACES + 2);
            assert!(words.words.len() + words.pairs.len() <= BYTES + 1024);
        }
    }
}
