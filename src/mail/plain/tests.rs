//! HTML as mail programs write it, and the text that a person would have typed.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::render;

fn text(html: &str) -> String {
    render(html, 1024 * 1024).text
}

#[test]
fn html_reads_as_it_is_laid_out() {
    for (html, expected) in [
        ("<p>One <b>two</b></p>\n<p>three</p>", "One two\n\nthree"),
        ("a<br>b<br><br>c<br><br><br>d", "a\nb\n\nc\n\nd"),
        ("<div>a</div><div><br></div><div>b<br></div><div>c</div>", "a\n\nb\nc"),
        (
            "<p class=MsoNormal>a</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p>",
            "a\n\nb",
        ),
        ("<p style='margin:0'>a</p><p style='margin:0'>b</p>", "a\nb"),
        ("  a \n <b> b</b><i>c</i>&nbsp;d ", "a bc d"),
        ("<h1>Title</h1>Text", "Title\n\nText"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>d", "* a\n* b\n  * c\n\nd"),
        ("<ol start=9><li><p>a</p><p>b</p></li><li><p>c</p></li></ol>", "9. a\n\n   b\n10. c"),
        ("<ul><li></li><li>a</li></ul>", "* a"),
        ("<table><tr><td>Order<td>4711<tr><td>Date<td>today</table>x", "Order\t4711\nDate\ttoday\nx"),
        (
            "<table><tr><td><p>a</p></td><td></td><td><p>b</p><p>c</p></td><td>d</td></tr></table>",
            "a\tb\n\nc\n\nd",
        ),
        ("<table><tr><td>x<td><table><tr><td>a<td>b<tr><td>c</table></table>", "x\ta\tb\nc"),
        (
            "<table><tr><td>&nbsp;</td></tr><tr><td>a</td><td>&nbsp;</td></tr><tr><td>b</td></tr></table>",
            "a\nb",
        ),
        ("<pre>a  b\r\n  c\n\n\nd</pre>e", "a  b\n  c\n\n\nd\n\ne"),
        ("<div style='white-space: pre-wrap'>a\n b</div>", "a\n b"),
        ("a<hr>b", "a\n________________________________\nb"),
        ("caf&eacute; 1 < 2 &lt;b&gt;", "café 1 < 2 <b>"),
        ("<img alt='Our logo'><img alt=image001.png><img alt='x y' width=1><img>", "[Our logo]"),
        ("", ""),
        ("&nbsp;<br>&nbsp;", ""),
    ] {
        assert_eq!(text(html), expected, "{html}");
    }
}

#[test]
fn a_link_shows_its_address_where_the_text_does_not() {
    for (html, expected) in [
        ("<a href='https://x.example/a?b&amp;c'>Open</a>.", "Open (https://x.example/a?b&c)."),
        ("<a href='https://www.x.example/'>www.x.example</a>", "www.x.example"),
        ("<a href='https://x.example/'>see HTTP://x.example</a>", "see HTTP://x.example"),
        ("<a href='mailto:a@x.example?subject=y'>a@x.example</a>", "a@x.example"),
        ("<a href='mailto:a@x.example'>Ann</a>", "Ann (a@x.example)"),
        ("<a href='#top'>up</a> <a href='javascript:x'>no</a> <a name=x>y</a>", "up no y"),
        ("<a href='https://x.example/'><img src=y></a>z", "z"),
    ] {
        assert_eq!(text(html), expected, "{html}");
    }
    let long = format!("<a href='https://x.example/{}'>click</a>", "a".repeat(300));
    assert_eq!(text(&long), "click");
}

#[test]
fn quotes_are_marked_as_people_mark_them() {
    for (html, expected) in [
        ("a<blockquote>b<br><br>c</blockquote>d", "a\n> b\n>\n> c\nd"),
        ("<blockquote type=cite><p>b</p><blockquote><p>c</p></blockquote></blockquote>", "> b\n>\n> > c"),
        ("<p>a</p><blockquote><p>b</p></blockquote><p>c</p>", "a\n\n> b\n\nc"),
        ("a<blockquote style='margin:0 0 0 40px;border:none'>b</blockquote>", "a\nb"),
        ("<blockquote><ul><li>a<br>b</ul></blockquote>", "> * a\n>   b"),
    ] {
        assert_eq!(text(html), expected, "{html}");
    }
}

#[test]
fn what_is_not_shown_is_left_out() {
    for html in [
        "<html><head><title>T</title><style>p{}</style></head><body>x<script>alert(1)</script></body></html>",
        "<div style='display:none;font-size:1px'>Preheader <b>of</b> it</div>x",
        "<span style='display:none !important'>P</span>x<span hidden>y</span>",
        "<div style='max-height:0px;overflow:hidden'>P<br>Q</div>x",
        "<td style='font-size:0'>P<span style='font-size:12px'>x</span></td>",
        "<div style='visibility:hidden'>P</div>x",
        "<!-- c -->x<!--[if mso]><p>y</p><![endif]-->",
        "&#847;&zwnj;&nbsp;&#8199;&shy;&#847; x \u{200b}",
    ] {
        assert_eq!(text(html), "x", "{html}");
    }
}

#[test]
fn hostile_html_takes_no_time_and_no_stack() {
    let fonts: String = (0..20_000).map(|n| format!("<font a{n}=1>")).collect();
    let unended: String = (0..20_000).map(|_| "<a href='https://x.example'>y").collect();
    for html in [
        "<div>".repeat(200_000),
        "<b><p>".repeat(50_000),
        fonts + &"<p>x".repeat(20_000),
        "<blockquote>x".repeat(50_000),
        "<ul><li>x".repeat(50_000),
        "<table><tr><td>x<td>".repeat(50_000),
        "<br>".repeat(200_000) + "x",
        "<div class=gmail_signature>x</div>".repeat(50_000),
        "<p style='".to_owned() + &"a:b;".repeat(300_000) + "'>x",
        "&".repeat(1_000_000),
        "<".repeat(1_000_000),
        unended,
    ] {
        let started = Instant::now();
        render(&html, 1024 * 1024);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?} {}", started.elapsed(), &html[..40]);
    }
}

proptest! {
    #[test]
    fn any_pieces_give_text_within_its_bound(
        pieces in prop::collection::vec(prop_oneof![
            Just("<p>"), Just("</p>"), Just("<br>"), Just("<table>"), Just("<tr>"), Just("<td>"), Just("</td>"),
            Just("</tr>"), Just("</table>"), Just("<ul>"), Just("<ol start=-9>"), Just("<li>"), Just("</ul>"),
            Just("<blockquote>"), Just("</blockquote>"), Just("<pre>"), Just("</pre>"), Just("&nbsp;"), Just(" "),
            Just("<a href='https://x.example/'>"), Just("</a>"), Just("wörd"), Just("\n"), Just("&#8364;"),
            Just("<div id=divRplyFwdMsg>"), Just("<div class=gmail_quote>"), Just("</div>"), Just("<hr>"),
            Just("<i style='display:none'>"), Just("</i>"), Just("<h1>"), Just("<"), Just("&"), Just("\u{200b}"),
        ], 0..80),
        max in 0_usize..200,
    ) {
        let made = render(&pieces.concat(), max);
        prop_assert!(made.text.len() <= max, "{} bytes", made.text.len());
        prop_assert!(!made.text.lines().any(|line| line.ends_with(' ')), "{:?}", made.text);
        prop_assert!(!made.text.starts_with('\n'), "{:?}", made.text);
        prop_assert!(made.marks.iter().all(|mark| mark.end <= made.text.len()));
    }

    #[test]
    fn any_text_is_rendered(html in ".{0,400}") {
        render(&html, 1_000);
    }
}
