//! `$filter` in words.

use chrono::{DateTime, NaiveDate, Utc};

/// One word of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A property's path, an operator, a function, a variable.
    Word(String),
    /// In single quotes; a doubled one stands for one.
    Text(String),
    /// A date, with or without its time.
    Time(DateTime<Utc>),
    /// A number.
    Number(String),
    Open,
    Close,
    Comma,
    Colon,
}

/// The words with their places; Err where none begins.
pub fn tokens(text: &str) -> Result<Vec<(usize, Token)>, usize> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            ':' => (Token::Colon, 1),
            '\'' => quoted(rest).ok_or(at)?,
            '0'..='9' | '-' | '+' => {
                let word = take(rest, |letter| letter.is_ascii_alphanumeric() || "-:.+".contains(letter));
                (number(word).ok_or(at)?, word.len())
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => {
                let word = take(rest, |letter| letter.is_ascii_alphanumeric() || "_./".contains(letter));
                (Token::Word(word.to_owned()), word.len())
            }
            _ => return Err(at),
        };
        tokens.push((at, token));
        rest = rest.get(length..).unwrap_or_default();
    }
}

fn take(text: &str, is: impl Fn(char) -> bool) -> &str {
    text.find(|letter| !is(letter)).and_then(|end| text.get(..end)).unwrap_or(text)
}

fn quoted(text: &str) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            value.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Some((Token::Text(value), at + 1));
        }
    }
    None
}

fn number(word: &str) -> Option<Token> {
    if let Ok(at) = DateTime::parse_from_rfc3339(word) {
        return Some(Token::Time(at.to_utc()));
    }
    if let Ok(day) = word.parse::<NaiveDate>() {
        return Some(Token::Time(day.and_time(chrono::NaiveTime::MIN).and_utc()));
    }
    word.parse::<f64>().ok().map(|_| Token::Number(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_times_and_paths_are_words() {
        let words: Vec<Token> =
            tokens("from/emailAddress/name eq 'O''Neil' and(receivedDateTime ge 2026-01-02)")
                .unwrap()
                .into_iter()
                .map(|(_, token)| token)
                .collect();
        assert_eq!(words[0], Token::Word("from/emailAddress/name".into()));
        assert_eq!(words[2], Token::Text("O'Neil".into()));
        assert!(matches!(&words[7], Token::Time(at) if at.to_rfc3339() == "2026-01-02T00:00:00+00:00"));
        assert_eq!(words.len(), 9);
    }

    #[test]
    fn what_is_no_word_is_told_with_its_place() {
        for (text, at) in [("subject eq 'x", 11), ("a & b", 2), ("a eq 2026-99-99", 5), ("ü", 0)] {
            assert_eq!(tokens(text), Err(at), "{text}");
        }
    }
}
