//! What a person asks for: words, phrases, beginnings of words, and what is to be left out.

use serde::{Deserialize, Serialize};

use super::SIGN;
use super::fold::fold;
use super::part::{Part, pairs_of_letters, parts};

/// The longest search, in letters.
const LETTERS: usize = 500;
/// The most words of a search.
const WORDS: usize = 64;
/// A beginning has at least so many letters: shorter ones are in every mail.
const BEGINNING: usize = 3;

/// What is to be found. All that is wanted must be there, nothing of what is unwanted may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Query {
    /// Must be there; at least one.
    pub wanted: Vec<Term>,
    /// Must not be there.
    pub unwanted: Vec<Term>,
}

/// One thing to be found: words side by side, in order; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Term {
    /// As the index holds them: letters and digits, folded.
    pub words: Vec<String>,
    /// Whether they are pairs of joined words, which the index holds apart.
    pub joined: bool,
    /// Whether the last one is only the beginning of a word.
    pub beginning: bool,
}

/// Why there is nothing to be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No letter and no digit.
    #[error("`search` holds no word: give letters or digits, such as `invoice` or `\"overdue invoice\"`")]
    Empty,
    /// Only what is to be left out.
    #[error("`search` only says what to leave out: give at least one word without a `-` before it")]
    OnlyUnwanted,
    /// The beginning of too many words.
    #[error(
        "`search` asks for words that begin with `{0}`: give at least {BEGINNING} letters before the `*`"
    )]
    TooShort(String),
    /// Too many letters.
    #[error("`search` has {0} characters: give at most {LETTERS}")]
    TooLong(usize),
    /// Too many words.
    #[error("`search` has {0} words: give at most {WORDS}")]
    TooMany(usize),
}

impl Query {
    /// Reads what a person typed. Quotes hold a phrase, a `-` before a term leaves out what has it, a `*` after it
    /// finds whatever begins with it; everything else stands for itself.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let letters = text.chars().count();
        if letters > LETTERS {
            return Err(Refused::TooLong(letters));
        }
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for chunk in chunks(text) {
            let Some(term) = term(&chunk)? else { continue };
            if chunk.unwanted { &mut unwanted } else { &mut wanted }.push(term);
        }
        let words = wanted.iter().chain(&unwanted).map(|term: &Term| term.words.len()).sum();
        match (wanted.is_empty(), unwanted.is_empty()) {
            (true, true) => Err(Refused::Empty),
            (true, false) => Err(Refused::OnlyUnwanted),
            _ if words > WORDS => Err(Refused::TooMany(words)),
            _ => Ok(Self { wanted, unwanted }),
        }
    }
}

/// What stands between blanks, or within quotes.
struct Chunk<'a> {
    text: &'a str,
    unwanted: bool,
    quoted: bool,
    beginning: bool,
}

const fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}

fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let bare = rest.strip_prefix('-').unwrap_or(rest);
        let unwanted = bare.len() < rest.len();
        let (text, quoted, after) = match bare.strip_prefix(is_quote) {
            Some(inner) => {
                let end = inner.find(is_quote).unwrap_or(inner.len());
                let (text, after) = inner.split_at(end);
                (text, true, after.strip_prefix(is_quote).unwrap_or(after))
            }
            None => {
                let end = bare.find(|letter: char| letter.is_whitespace() || is_quote(letter));
                let (text, after) = bare.split_at(end.unwrap_or(bare.len()));
                (text, false, after)
            }
        };
        let (beginning, after) = match after.strip_prefix('*') {
            Some(after) if quoted => (true, after),
            _ => (!quoted && text.ends_with(['*', '＊']), after),
        };
        chunks.push(Chunk { text, unwanted, quoted, beginning });
        rest = after.trim_start();
    }
    chunks
}

fn term(chunk: &Chunk<'_>) -> Result<Option<Term>, Refused> {
    let folded = fold(chunk.text);
    let parts: Vec<Part<'_>> = parts(&folded).collect();
    let Some(last) = parts.last() else { return Ok(None) };
    let joined = !chunk.quoted && parts.len() > 1 && parts.iter().skip(1).all(|part| part.joined);
    // A letter that is written without blanks begins a pair: it is looked up as the beginning of one.
    let single = parts.len() == 1 && last.dense && last.text.chars().count() == 1;
    let mut words = Vec::new();
    if joined {
        words.extend(parts.windows(2).filter_map(|two| match two {
            [first, second] => Some(format!("{}{SIGN}{}", first.text, second.text)),
            _ => None,
        }));
    } else {
        for (at, part) in parts.iter().enumerate() {
            if part.dense {
                words.extend(pairs_of_letters(part.text).map(str::to_owned));
                // Where the term ends, the text may go on: its last letter need not be the last there.
                if at + 1 == parts.len() && part.text.chars().nth(1).is_some() {
                    words.pop();
                }
            } else {
                words.push(part.text.to_owned());
            }
        }
        let dense_alone = last.dense && parts.len() > 1 && last.text.chars().nth(1).is_none();
        if dense_alone {
            return Ok(Some(Term { words, joined: false, beginning: true }));
        }
    }
    let beginning = (chunk.beginning && !last.dense) || single;
    if beginning && !joined && !last.dense && last.text.chars().count() < BEGINNING {
        return Err(Refused::TooShort(last.text.to_owned()));
    }
    Ok(Some(Term { words, joined, beginning }))
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
