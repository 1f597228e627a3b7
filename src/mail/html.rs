//! HTML that can be shown to a person: an allow-list, no code, nothing loaded from elsewhere.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{params, tidy};

/// A mail has tens of inline images, not thousands.
const MAX_CONTENT_IDS: usize = 1_000;
/// Bigger inline data is not an icon any more (encoded bytes).
const MAX_DATA_URL: usize = 32 * 1024;

const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
    "main",
];
const TABLE_ELEMENTS: &[&str] = &["table", "tbody", "td", "tfoot", "th", "thead", "tr"];
const TABLE_ATTRIBUTES: &[&str] = &[
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "colspan",
    "rowspan",
];
/// Properties that colour and space, and none that loads, moves or covers.
const STYLES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "direction",
    "display",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "white-space",
    "width",
];

/// Sanitises HTML. Scripts, forms, SVG, style sheets and addresses that are not `http`, `https`, `mailto` or
/// `tel` go; links open elsewhere and tell nothing. Images from other hosts go unless `allow_remote`. Those
/// of the message itself (`cid:`) get the address that `cid` gives for their content id, or go.
pub fn safe_html(html: &str, allow_remote: bool, cid: &dyn Fn(&str) -> Option<String>) -> String {
    let inline: HashMap<String, String> =
        content_ids(html).into_iter().filter_map(|id| cid(&id).map(|address| (id, address))).collect();
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(ELEMENTS.iter().chain(TABLE_ELEMENTS).copied().collect())
        .clean_content_tags(HashSet::from(["script", "style", "title", "svg", "math", "template"]))
        .generic_attributes(HashSet::from(["lang", "title", "dir", "align", "style"]))
        .tag_attributes(attributes(allow_remote))
        .filter_style_properties(STYLES.iter().copied().collect())
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid", "data"]))
        // `filter` lets no address without a scheme in; the ones that it makes itself may have none.
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(move |element, attribute, value| {
            filter(element, attribute, value, allow_remote, &inline)
        });
    builder.clean(&tidy::for_display(html)).to_string()
}

fn attributes(allow_remote: bool) -> HashMap<&'static str, HashSet<&'static str>> {
    let mut attributes = HashMap::from([
        ("a", HashSet::from(["href"])),
        ("img", HashSet::from(["src", "alt", "width", "height", "border", "hspace", "vspace"])),
        ("font", HashSet::from(["color", "face", "size"])),
        ("ol", HashSet::from(["start", "type"])),
        ("ul", HashSet::from(["type"])),
        ("li", HashSet::from(["value"])),
        ("hr", HashSet::from(["size", "width", "color"])),
        ("col", HashSet::from(["span", "width"])),
        ("colgroup", HashSet::from(["span", "width"])),
        ("div", HashSet::new()),
    ]);
    for element in TABLE_ELEMENTS {
        let background = allow_remote.then_some("background");
        attributes.insert(element, TABLE_ATTRIBUTES.iter().copied().chain(background).collect());
    }
    attributes
}

fn filter<'v>(
    element: &str,
    attribute: &str,
    value: &'v str,
    allow_remote: bool,
    inline: &HashMap<String, String>,
) -> Option<Cow<'v, str>> {
    match attribute {
        "src" | "background" => image(value.trim(), allow_remote, inline),
        "href" => is_link(value).then_some(Cow::Borrowed(value)),
        "style" => is_harmless_style(value).then_some(Cow::Borrowed(value)),
        // Old attributes that once took addresses take none here.
        _ if element != "a" && value.contains("://") && attribute != "alt" && attribute != "title" => None,
        _ => Some(Cow::Borrowed(value)),
    }
}

fn image<'v>(value: &'v str, allow_remote: bool, inline: &HashMap<String, String>) -> Option<Cow<'v, str>> {
    let (scheme, rest) = value.split_once(':')?;
    match scheme.to_ascii_lowercase().as_str() {
        "cid" => inline.get(&content_id(rest)).map(|address| Cow::Owned(address.clone())),
        "http" | "https" if allow_remote => Some(Cow::Borrowed(value)),
        "data" if value.len() <= MAX_DATA_URL => {
            let kinds = ["image/png;base64,", "image/gif;base64,", "image/jpeg;base64,"];
            let is_image =
                kinds.iter().any(|kind| rest.get(..kind.len()).is_some_and(|r| r.eq_ignore_ascii_case(kind)));
            is_image.then_some(Cow::Borrowed(value))
        }
        _ => None,
    }
}

fn is_link(value: &str) -> bool {
    let schemes = ["http:", "https:", "mailto:", "tel:"];
    schemes
        .iter()
        .any(|scheme| value.trim().get(..scheme.len()).is_some_and(|v| v.eq_ignore_ascii_case(scheme)))
}

/// CSS can load by many functions and hide their names behind backslashes.
fn is_harmless_style(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let bad = [
        "url",
        "image",
        "expression",
        "import",
        "behavior",
        "javascript",
        "\\",
        "/*",
        "@",
        "<",
        "attr(",
        "var(",
    ];
    !bad.iter().any(|bad| value.contains(bad))
}

/// The content ids that HTML names after `cid:`, percent signs decoded.
pub(super) fn content_ids(html: &str) -> HashSet<String> {
    let mut ids = HashSet::new();
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(colon) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == b':')) {
        let colon = at + colon;
        at = colon + 1;
        let is_cid =
            colon >= 3 && bytes.get(colon - 3..colon).is_some_and(|name| name.eq_ignore_ascii_case(b"cid"));
        if !is_cid || ids.len() >= MAX_CONTENT_IDS {
            continue;
        }
        let rest = html.get(at..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | '&'));
        let id = content_id(rest.get(..end.unwrap_or(rest.len()).min(1_024)).unwrap_or_default());
        if !id.is_empty() {
            ids.insert(id);
        }
    }
    ids
}

fn content_id(written: &str) -> String {
    let mut bytes = Vec::with_capacity(written.len());
    params::percent_decode(written, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
