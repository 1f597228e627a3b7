//! The text of a message, as HTML or plain.

use mail_parser::decoders::html::{html_to_text, text_to_html};

use crate::graph::asked::Asked;
use crate::mime::{self, Body};
use crate::world::{Content, Message};

/// As it was written.
pub fn body(message: &Message) -> Body {
    match &message.content {
        Content::Mime(raw) => mime::body(raw),
        Content::Draft(draft) => Body { html: draft.html, content: draft.body.clone() },
    }
}

/// As a client wants it: HTML unless it asks for text, and without scripts unless it asks for them.
pub fn shaped(body: Body, asked: &Asked) -> Body {
    match (body.html, asked.text_body) {
        (true, true) => Body { html: false, content: html_to_text(&body.content) },
        (false, false) => Body { html: true, content: converted(&body.content) },
        (true, false) if !asked.unsafe_html => Body { html: true, content: without_scripts(&body.content) },
        _ => body,
    }
}

/// What it says beyond what it answers.
pub fn unique(body: &Body) -> Body {
    let text = body.content.as_str();
    let lower = text.to_ascii_lowercase();
    let marks: &[&str] = match body.html {
        true => &[
            "<blockquote",
            "<div id=\"divrplyfwdmsg\"",
            "<div id=\"appendonsend\"",
            "<div class=\"gmail_quote",
        ],
        false => &["\n>", "\n-----original message-----", "\n________________________________"],
    };
    let end = marks.iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(text.len());
    Body { html: body.html, content: text.get(..end).unwrap_or(text).trim_end().to_owned() }
}

/// A plain text as the HTML that Exchange makes of it.
fn converted(text: &str) -> String {
    format!(
        "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\
         <!-- converted from text --></head>\r\n{}</html>",
        text_to_html(text).trim_start_matches("<html>").trim_end_matches("</html>")
    )
}

fn without_scripts(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut out = String::with_capacity(html.len());
    let mut at = 0;
    while let Some(from) = lower.get(at..).and_then(|rest| rest.find("<script")).map(|from| at + from) {
        out.push_str(html.get(at..from).unwrap_or_default());
        let end = lower.get(from..).and_then(|rest| rest.find("</script>"));
        at = end.map_or(html.len(), |end| from + end + "</script>".len());
    }
    out.push_str(html.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_as_it_is_asked_for() {
        let html = || Body { html: true, content: "<p>a</p><SCRIPT>x()</script><p>b</p>".to_owned() };
        let text = || Body { html: false, content: "1 < 2\nline".to_owned() };
        let plain = Asked { text_body: true, ..Asked::default() };
        let raw = Asked { unsafe_html: true, ..Asked::default() };
        assert_eq!(shaped(html(), &Asked::default()).content, "<p>a</p><p>b</p>");
        assert_eq!(shaped(html(), &raw), html());
        assert!(!shaped(html(), &plain).html);
        assert_eq!(shaped(text(), &plain), text());
        let converted = shaped(text(), &Asked::default());
        assert!(converted.html && converted.content.contains("1 &lt; 2"), "{}", converted.content);
    }

    #[test]
    fn the_unique_part_ends_where_the_answered_message_begins() {
        let unique = |html, content: &str| unique(&Body { html, content: content.to_owned() }).content;
        assert_eq!(unique(false, "yes\n\n> really?"), "yes");
        assert_eq!(unique(true, "<p>yes</p><blockquote>really?</blockquote>"), "<p>yes</p>");
        assert_eq!(unique(false, "all of it"), "all of it");
    }
}
