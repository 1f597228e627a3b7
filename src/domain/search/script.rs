//! Which letters are written without blanks between words: no word of theirs can be cut out by itself.

/// Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer. Korean has blanks, but joins its particles to the words.
pub(super) const fn is_dense(letter: char) -> bool {
    matches!(letter,
        '\u{0E01}'..='\u{0E3A}' | '\u{0E40}'..='\u{0E4E}' | '\u{0E81}'..='\u{0ECD}'
        | '\u{1000}'..='\u{103F}' | '\u{1050}'..='\u{108F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17D3}'
        | '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}' | '\u{309A}'
        | '\u{309D}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{3105}'..='\u{312F}'
        | '\u{3131}'..='\u{318E}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

/// Signs that stand within a name, an address, a number or a reference.
pub(super) const fn is_joiner(letter: char) -> bool {
    matches!(letter, '@' | '.' | '-' | '_' | '+' | '/' | ':' | '\'' | '’' | '&' | '=' | '#' | '~' | '‐')
}
