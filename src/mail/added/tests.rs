//! Mail as people and their programs write it in English, French and German, and what its author added.

mod cases;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use cases::{ANSWERS, BETWEEN, WHOLE};

use crate::mail::plain::{self, Mark};

fn added(text: &str, marks: &[Mark]) -> String {
    super::added(text, marks, Some("Sender, Änne"))
}

#[test]
fn answers_and_forwards_are_told_from_what_they_answer() {
    assert!(ANSWERS.len() + WHOLE.len() + BETWEEN.len() >= 60);
    let wrong = ANSWERS.iter().filter(|(_, own, rest)| added(&format!("{own}{rest}"), &[]) != *own);
    let wrong: Vec<_> = wrong.map(|(name, own, rest)| (name, added(&format!("{own}{rest}"), &[]))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn where_nothing_would_be_left_or_nothing_is_sure_all_stays() {
    let wrong: Vec<_> = WHOLE.iter().filter(|(_, text)| added(text, &[]) != *text).collect();
    assert!(
        wrong.is_empty(),
        "{:#?}",
        wrong.iter().map(|(name, text)| (name, added(text, &[]))).collect::<Vec<_>>()
    );
}

#[test]
fn answers_below_and_between_quotes_stay() {
    for (name, text, own) in BETWEEN {
        assert_eq!(added(text, &[]), *own, "{name}");
    }
}

#[test]
fn what_mail_programs_wrap_in_html_is_told_from_the_authors_words() {
    for (name, html, own) in [
        (
            "gmail",
            "<div dir=ltr>It prints.</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=ltr class=gmail_attr>On Fri, Nov 20, 2026 Sam &lt;s@c.example&gt; wrote:<br></div><blockquote class=gmail_quote style='border-left:1px solid'>Hello</blockquote></div>",
            "It prints.",
        ),
        (
            "gmail between",
            "<div class=gmail_quote><div class=gmail_attr>Am Fr. schrieb Sam:</div><blockquote>Druckt er?</blockquote><div>Ja.</div><blockquote>Sicher?</blockquote></div><div>Sicher.</div>",
            "Ja.\nSicher.",
        ),
        (
            "gmail forward",
            "<div>FYI</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: Carl</div>Paid twice.</div>",
            "FYI",
        ),
        (
            "gmail signature",
            "<div>It prints.</div><div><span class=gmail_signature_prefix>-- </span><br><div class=gmail_signature>Ann<br>Sender</div></div>",
            "It prints.",
        ),
        (
            "outlook web",
            "<div>It prints.</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg><b>From:</b> Sam<br><b>Sent:</b> today</div><div>Hello</div>",
            "It prints.",
        ),
        (
            "outlook web, signature",
            "<div>It prints.</div><div id=Signature>Ann<br>Sender Ltd</div><div id=appendonsend></div><div>Hello</div>",
            "It prints.",
        ),
        (
            "outlook desktop",
            "<p class=MsoNormal>It prints.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> Sam &lt;s@c.example&gt;<br><b>Sent:</b> Friday, November 20, 2026<br><b>To:</b> Ann<br><b>Subject:</b> Printer</p></div><p class=MsoNormal>Hello</p>",
            "It prints.",
        ),
        (
            "outlook mac",
            "<div>It prints.</div><span id=OLK_SRC_BODY_SECTION><div>From: Sam</div><div>Hello</div></span>",
            "It prints.",
        ),
        (
            "apple",
            "<body>It prints.<br><div><br><blockquote type=cite><div>On 20 Nov 2026, at 10:12, Sam wrote:</div><div>Hello</div></blockquote></div>",
            "It prints.",
        ),
        (
            "thunderbird",
            "<p>It prints.</p><div class=moz-cite-prefix>Von irgendwem um 10:12:<br></div><blockquote type=cite cite='mid:1@x'><p>Hello</p></blockquote><pre class=moz-signature cols=72>-- \nAnn</pre>",
            "It prints.",
        ),
        (
            "yahoo",
            "<div>It prints.</div><div id=yahoo_quoted_1 class=yahoo_quoted><div>Il giorno 20 Sam:</div><div>Hello</div></div>",
            "It prints.",
        ),
        (
            "proton",
            "<div>It prints.</div><div class=protonmail_signature_block>Sent with care</div><div class=protonmail_quote>On Friday, Sam wrote:<br><blockquote type=cite>Hello</blockquote></div>",
            "It prints.",
        ),
        (
            "gmx",
            "<div>Er druckt.</div><div name=quote style='border-left:2px solid'><div><b>Gesendet:</b> heute</div>Guten Tag</div>",
            "Er druckt.",
        ),
        (
            "zimbra",
            "<div>Elle marche.</div><hr id=zwchr data-marker=__DIVIDER__><div>De: Sam<br>Bonjour</div>",
            "Elle marche.",
        ),
        (
            "quote of a quote",
            "<blockquote><div id=divRplyFwdMsg>From: x</div>Hello</blockquote><p>It prints.</p>",
            "It prints.",
        ),
        (
            "only a forward",
            "<div class=gmail_quote>---------- Forwarded message ---------<br>Paid twice.</div>",
            "---------- Forwarded message ---------\nPaid twice.",
        ),
    ] {
        let made = plain::render(html, 10_000);
        assert_eq!(added(&made.text, &made.marks), own, "{name}: {:?} {:?}", made.text, made.marks);
    }
}

#[test]
fn hostile_text_takes_no_time() {
    for piece in [
        "On 1\n",
        "From: x\n",
        "From: x\nSent: 1\n",
        "-- \n",
        "\n",
        ">\nx\n",
        "Regards\n",
        "__________\n",
        "a:",
        "le \n\n",
        "-----Original Message-----x\n",
        "confidential virus ",
        "On 2026 x wrote:\n> y\nz\n",
        "é",
    ] {
        let text = piece.repeat(1_500_000 / piece.len());
        let started = Instant::now();
        added(&text, &[]);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?} for {piece:?}", started.elapsed());
    }
}

fn is_subsequence(part: &str, whole: &str) -> bool {
    let mut lines = whole.split('\n');
    part.split('\n').filter(|line| !line.trim().is_empty()).all(|line| lines.any(|other| other == line))
}

fn line() -> impl Strategy<Value = String> {
    let known: Vec<String> = ANSWERS
        .iter()
        .flat_map(|(_, own, rest)| own.lines().chain(rest.lines()))
        .map(str::to_owned)
        .chain(["".to_owned(), ">".to_owned(), "-- ".to_owned(), " ".to_owned()])
        .collect();
    prop_oneof![6 => prop::sample::select(known), 1 => ".{0,30}"]
}

proptest! {
    #[test]
    fn what_is_added_is_some_of_the_lines_in_their_order(
        lines in prop::collection::vec(line(), 0..40),
        marks in prop::collection::vec((0_usize..300, 0_usize..300, 0_usize..3), 0..4),
    ) {
        let text = lines.join("\n");
        let html: String = marks.iter().map(|(from, length, kind)| {
            let class = ["gmail_quote", "gmail_signature", "x"][*kind];
            format!("{}<div class={class}>{}</div>", "a<br>".repeat(*from % 5), "b<br>".repeat(*length % 5))
        }).collect();
        let made = plain::render(&html, 10_000);
        for (text, marks) in [(&text, &[][..]), (&made.text, &made.marks), (&text, &made.marks)] {
            let own = added(text, marks);
            prop_assert!(is_subsequence(&own, text), "{own:?} of {text:?}");
            prop_assert!(own == *text || !own.trim().is_empty());
            prop_assert_eq!(&added(text, marks), &own);
        }
    }

    #[test]
    fn any_text_is_taken(text in "(.|\n|> |-- \n){0,300}") {
        prop_assert!(is_subsequence(&added(&text, &[]), &text));
    }
}
