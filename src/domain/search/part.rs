//! A folded text cut into words.

use super::LETTERS;
use super::script::{is_dense, is_joiner};

/// A run of letters and digits, or of letters that are written without blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// At most [`LETTERS`] letters of it, where it is not dense.
    pub(super) text: &'a str,
    /// Written without blanks: looked up by pairs of letters.
    pub(super) dense: bool,
    /// Nothing but one sign is between it and the part before, as in `INC-000042`.
    pub(super) joined: bool,
}

/// All parts of a folded text, in order.
pub(super) fn parts(folded: &str) -> Parts<'_> {
    Parts { rest: folded, gap: Gap::Wide, dense: false }
}

pub(super) struct Parts<'a> {
    rest: &'a str,
    gap: Gap,
    dense: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Joiner,
    Wide,
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() && !is_dense(letter)
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let mut gap = self.gap;
        let mut rest = self.rest;
        let first = loop {
            let letter = rest.chars().next()?;
            if is_dense(letter) || letter.is_alphanumeric() {
                break letter;
            }
            gap = if gap == Gap::None && is_joiner(letter) { Gap::Joiner } else { Gap::Wide };
            rest = rest.get(letter.len_utf8()..)?;
        };
        let dense = is_dense(first);
        let belongs = if dense { is_dense } else { is_word };
        let end = rest.find(|letter| !belongs(letter)).unwrap_or(rest.len());
        let (text, rest) = rest.split_at(end);
        let joined = gap == Gap::Joiner && !dense && !self.dense;
        (self.rest, self.gap, self.dense) = (rest, Gap::None, dense);
        Some(Part { text: if dense { text } else { cut(text) }, dense, joined })
    }
}

fn cut(word: &str) -> &str {
    if word.len() <= LETTERS {
        return word;
    }
    word.char_indices().nth(LETTERS).and_then(|(end, _)| word.get(..end)).unwrap_or(word)
}

/// The pairs of neighbours of a dense part, each with the byte at which it begins, and its last letter alone: so that
/// every letter begins one. A part of one letter is that letter.
pub(super) fn pairs_of_letters(dense: &str) -> impl Iterator<Item = &str> {
    dense.char_indices().filter_map(move |(at, first)| {
        let second = at + first.len_utf8();
        let end = dense.get(second..)?.chars().next().map_or(second, |letter| second + letter.len_utf8());
        dense.get(at..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_up(text: &str) -> Vec<(String, bool)> {
        parts(text).map(|part| (part.text.to_owned(), part.joined)).collect()
    }

    #[test]
    fn words_are_joined_by_one_sign_and_nothing_else() {
        let expected = [("write", false), ("ann", false), ("example", true), ("com", true), ("now", false)];
        assert_eq!(
            cut_up("write ann@example.com, now"),
            expected.map(|(word, joined)| (word.to_owned(), joined))
        );
        assert_eq!(cut_up("a--b . c").iter().filter(|(_, joined)| *joined).count(), 0);
        assert!(cut_up(" -.@ ").is_empty());
    }

    #[test]
    fn letters_without_blanks_are_parts_of_their_own() {
        let found: Vec<_> = parts("東京tower、2号").map(|part| (part.text, part.dense)).collect();
        assert_eq!(found, [("東京", true), ("tower", false), ("2", false), ("号", true)]);
    }

    #[test]
    fn every_letter_of_a_dense_part_begins_a_pair() {
        assert_eq!(pairs_of_letters("東京都").collect::<Vec<_>>(), ["東京", "京都", "都"]);
        assert_eq!(pairs_of_letters("東").collect::<Vec<_>>(), ["東"]);
    }

    #[test]
    fn a_long_word_is_cut_off() {
        assert_eq!(parts(&"é".repeat(100)).next().unwrap().text.chars().count(), LETTERS);
    }
}
