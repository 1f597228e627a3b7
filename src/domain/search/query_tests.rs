use proptest::prelude::*;

use super::super::WordsBuilder;
use super::*;

/// Terms as they read in the documentation: `joined` in angle brackets, a beginning with its star.
fn read(text: &str) -> Result<(Vec<String>, Vec<String>), Refused> {
    let told = |terms: Vec<Term>| {
        let each = terms.into_iter().map(|term| {
            let words = term.words.join(" ") + if term.beginning { "*" } else { "" };
            if term.joined { format!("<{words}>") } else { words }
        });
        each.collect()
    };
    Query::parse(text).map(|query| (told(query.wanted), told(query.unwanted)))
}

fn wanted(text: &str) -> Vec<String> {
    let (wanted, unwanted) = read(text).unwrap();
    assert!(unwanted.is_empty(), "{text}");
    wanted
}

#[test]
fn words_stand_for_themselves_whatever_their_case_and_accents() {
    assert_eq!(wanted("Überfällige  RECHNUNG"), ["uberfallige", "rechnung"]);
    assert_eq!(wanted("and OR near NOT"), ["and", "or", "near", "not"]);
}

#[test]
fn what_a_sign_joins_is_looked_up_as_one() {
    assert_eq!(wanted("INC-000042"), ["<inc·000042>"]);
    assert_eq!(wanted("ann@example.com,"), ["<ann·example example·com>"]);
    assert_eq!(wanted("@example.com"), ["<example·com>"]);
    assert_eq!(wanted("INC-0000*"), ["<inc·0000*>"]);
    assert_eq!(wanted("1,234"), ["1 234"]);
}

#[test]
fn quotes_hold_a_phrase_and_a_minus_leaves_out() {
    assert_eq!(wanted("\"printer on FIRE\" now"), ["printer on fire", "now"]);
    assert_eq!(wanted("„Drucker brennt“"), ["drucker brennt"]);
    assert_eq!(wanted("\"left open"), ["left open"]);
    assert_eq!(wanted("\"on fir\"*"), ["on fir*"]);
    let (wanted, unwanted) = read("printer -fire -\"out of office\" -ann@example.com").unwrap();
    assert_eq!(wanted, ["printer"]);
    assert_eq!(unwanted, ["fire", "out of office", "<ann·example example·com>"]);
}

#[test]
fn letters_without_blanks_are_looked_up_in_pairs() {
    assert_eq!(wanted("東京都"), ["東京 京都"]);
    assert_eq!(wanted("請求"), ["請求"]);
    assert_eq!(wanted("東"), ["東*"]);
    assert_eq!(wanted("東京tower"), ["東京 京 tower"]);
    assert_eq!(wanted("tower東"), ["tower 東*"]);
}

#[test]
fn a_search_that_finds_nothing_in_particular_is_refused_with_the_reason() {
    assert_eq!(read(""), Err(Refused::Empty));
    assert_eq!(read(" -\"…\" & *"), Err(Refused::Empty));
    assert_eq!(read("-fire"), Err(Refused::OnlyUnwanted));
    assert_eq!(read("fire a*"), Err(Refused::TooShort("a".to_owned())));
    assert_eq!(read(&"ab ".repeat(200)), Err(Refused::TooLong(600)));
    assert_eq!(read(&"ab ".repeat(65)), Err(Refused::TooMany(65)));
    assert_eq!(
        Refused::TooShort("a".to_owned()).to_string(),
        "`search` asks for words that begin with `a`: give at least 3 letters before the `*`"
    );
}

/// What the index would answer.
fn finds(text: &str, search: &str) -> bool {
    let mut words = WordsBuilder::default();
    words.add(text);
    let words = words.finish();
    let has = |term: &Term| {
        let held: Vec<&str> =
            if term.joined { &words.pairs } else { &words.words }.split_whitespace().collect();
        held.windows(term.words.len()).any(|side_by_side| {
            let last = term.words.len() - 1;
            side_by_side.iter().zip(&term.words).enumerate().all(|(at, (held, wanted))| {
                if at == last && term.beginning { held.starts_with(wanted.as_str()) } else { held == wanted }
            })
        })
    };
    let query = Query::parse(search).unwrap();
    query.wanted.iter().all(has) && !query.unwanted.iter().any(has)
}

#[test]
fn a_text_is_found_by_what_it_says_in_any_language() {
    let text = "Straße der Élèves: Die Überweisung an ann@mail.example.com (INC-000042) ist überfällig. \
                Λόγος, Счёт-фактура № 17; 東京都の請求書を送ります。 发票已经寄出 한국어입니다 ใบแจ้งหนี้";
    for search in [
        "strasse",
        "STRASSE",
        "eleves",
        "élèv*",
        "\"die uberweisung an\"",
        "ann",
        "example.com",
        "mail.example.com",
        "ann@mail.example.com",
        "inc-000042",
        "000042",
        "INC-0000*",
        "λογοσ",
        "ΛΌΓΟΣ",
        "счет",
        "Счёт-фактура",
        "東京",
        "東京都",
        "請求書",
        "請",
        "京都の",
        "发票",
        "已经寄出",
        "한국어",
        "แจ้งหนี้",
        "17 -18",
    ] {
        assert!(finds(text, search), "{search}");
    }
    for search in
        ["stra", "ann@example.com", "東都", "\"uberweisung die\"", "strasse -λόγος", "000042-inc", "票发"]
    {
        assert!(!finds(text, search), "{search}");
    }
}

proptest! {
    #[test]
    fn whatever_is_typed_is_read_or_refused(text in ".{0,200}") {
        if let Ok(query) = Query::parse(&text) {
            prop_assert!(!query.wanted.is_empty());
            for term in query.wanted.iter().chain(&query.unwanted) {
                prop_assert!(!term.words.is_empty());
                for word in &term.words {
                    prop_assert!(!word.is_empty());
                    // Nothing that means something to a database.
                    prop_assert!(!word.chars().any(|c| c.is_whitespace() || "\"'*:()&|!<>\\^+-{}\0".contains(c)), "{word}");
                    prop_assert_eq!(word.matches(SIGN).count(), usize::from(term.joined));
                }
            }
        }
    }

    #[test]
    fn typing_on_purpose_is_read_or_refused(text in "[-\"*“ a東éß@.0]{0,60}") {
        let _ = Query::parse(&text);
    }

    #[test]
    fn every_text_is_found_by_its_own_words(words in proptest::collection::vec("[a-zA-Zéßあ東한λё0-9]{2,12}", 1..8)) {
        let text = words.join(" ");
        for word in &words {
            prop_assert!(finds(&text, word), "{word} in {text}");
        }
        prop_assert!(finds(&text, &format!("\"{text}\"")), "{text}");
    }

    #[test]
    fn every_address_is_found_by_its_parts(name in "[a-z]{2,8}", host in "[a-z]{2,8}", top in "[a-z]{2,4}") {
        let text = format!("x y {name}@{host}.{top} z");
        for search in [name.clone(), format!("{host}.{top}"), format!("{name}@{host}.{top}"), format!("{name}@{host}")] {
            prop_assert!(finds(&text, &search), "{search}");
        }
    }
}
