//! Text that a mailing list or a virus scanner added after the end of a part's base64, which it did not decode.

use super::parts::Node;
use super::{charset, markup};

/// What was added, fit to stand at the end of the part's text; None where it is no text. `bytes` are not encoded.
pub(super) fn text(node: &Node, bytes: &[u8]) -> Option<String> {
    // Whoever added it did not look at the part's charset.
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    let text = charset::decode(bytes, node.content_type.get("charset").filter(|_| !is_utf8));
    let text = text.trim_matches(['\r', '\n']).trim_end();
    let is_odd = |c: char| c == char::REPLACEMENT_CHARACTER || c.is_control() && !c.is_whitespace();
    if text.contains(is_odd) || !text.contains(char::is_alphanumeric) {
        return None;
    }
    Some(match node.kind() == "text/html" && !text.contains('<') {
        true => format!("<pre>{}</pre>", markup::escape(text)),
        false => format!("\n{text}"),
    })
}
