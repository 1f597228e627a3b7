//! One form for each letter: upper and lower case, accents, widths and ligatures make no difference.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// The text with its letters folded. Decomposed by compatibility (NFKD), without accents, in lower case, composed
/// again (NFC): `É` is `e`, `ｶﾞ` is `ガ`, `ﬁ` is `fi`. Letters that Unicode does not take apart but people do are
/// spelled out: `ß` is `ss`, `ø` is `o`, `æ` is `ae`. What is invisible is gone.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let letters = text.nfkd().filter(|letter| !is_dropped(*letter));
    Cow::Owned(letters.flat_map(char::to_lowercase).flat_map(spelled).nfc().collect())
}

/// Accents of the scripts that are read without them, and what has no width.
const fn is_dropped(letter: char) -> bool {
    matches!(letter,
        '\u{00AD}' | '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}'
        | '\u{0591}'..='\u{05BD}' | '\u{05BF}' | '\u{05C1}' | '\u{05C2}' | '\u{05C4}' | '\u{05C5}' | '\u{05C7}'
        | '\u{0610}'..='\u{061A}' | '\u{0640}' | '\u{064B}'..='\u{065F}' | '\u{0670}' | '\u{06D6}'..='\u{06DC}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{FEFF}')
}

/// A letter in lower case as it is looked up: itself, but for a few.
fn spelled(letter: char) -> impl Iterator<Item = char> {
    let (first, second) = match letter {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'ł' => ('l', None),
        'ŧ' => ('t', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_widths_make_no_difference() {
        for (text, folded) in [
            ("Invoice", "invoice"),
            ("ÉLÈVE déjà", "eleve deja"),
            ("e\u{301}le\u{300}ve", "eleve"),
            ("Straße STRASSE ẞ", "strasse strasse ss"),
            ("Müller", "muller"),
            ("Ørsted Łódź Đakovo", "orsted lodz dakovo"),
            ("cœur Æther", "coeur aether"),
            ("ΛΌΓΟΣ λόγος", "λογοσ λογοσ"),
            ("Ёлка й", "елка и"),
            ("İstanbul ılık", "istanbul ilik"),
            ("ｆｕｌｌ ﬁne", "full fine"),
            ("ｶﾞラス", "ガラス"),
            ("Rechnungs\u{AD}betrag", "rechnungsbetrag"),
            ("한국어", "한국어"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn letters_that_differ_by_more_than_an_accent_stay_apart() {
        assert_ne!(fold("か"), fold("が"));
        assert_ne!(fold("へ"), fold("ぺ"));
    }
}
