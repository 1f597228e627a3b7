//! Which parts are the message's own text and HTML, and which are attachments (RFC 8621 section 4.1.4).

use super::parts::{Node, Parts};

/// The parts of a message by what they are for.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// To be shown by who shows plain text; HTML parts among them have no text beside them.
    pub(super) text: Vec<u32>,
    /// To be shown by who shows HTML; plain parts among them have no HTML beside them.
    pub(super) html: Vec<u32>,
    /// Everything else.
    pub(super) attachments: Vec<u32>,
}

/// Where a part stands, and which of the two bodies it may still join: in an alternative, the branch with
/// the HTML is not for who wants text, and the reverse.
#[derive(Clone, Copy)]
struct Place<'a> {
    parent: &'a str,
    is_first: bool,
    in_alternative: bool,
    for_text: bool,
    for_html: bool,
}

impl Chosen {
    /// Sorts the parts of a message.
    pub(super) fn of(parts: &Parts) -> Self {
        let mut chosen = Self::default();
        let mut top =
            Place { parent: "", is_first: true, in_alternative: false, for_text: true, for_html: true };
        chosen.take(parts, 0, &mut top);
        chosen
    }

    /// Its depth is bounded by the nesting that `Parts` allows.
    fn take(&mut self, parts: &Parts, number: u32, place: &mut Place<'_>) {
        match parts.get(number) {
            Some(node) if node.is_multipart() => self.take_children(parts, node, *place),
            Some(node) => self.take_leaf(node, number, place),
            None => {}
        }
    }

    fn take_children(&mut self, parts: &Parts, node: &Node, outer: Place<'_>) {
        let is_alternative = node.kind() == "multipart/alternative";
        let (texts, htmls) = (self.text.len(), self.html.len());
        let mut inner =
            Place { parent: node.kind(), in_alternative: outer.in_alternative || is_alternative, ..outer };
        for (position, &child) in node.children.iter().enumerate() {
            inner.is_first = position == 0;
            self.take(parts, child, &mut inner);
        }
        if is_alternative && outer.for_text && outer.for_html {
            // With one of the two only, it serves for both.
            if self.text.len() == texts {
                self.text.extend_from_slice(self.html.get(htmls..).unwrap_or_default());
            } else if self.html.len() == htmls {
                self.html.extend_from_slice(self.text.get(texts..).unwrap_or_default());
            }
        }
    }

    fn take_leaf(&mut self, node: &Node, number: u32, place: &mut Place<'_>) {
        let is_html = node.kind() == "text/html";
        // A message that is a multipart without parts has at least its source to show.
        let is_plain = node.kind() == "text/plain" || number == 0 && node.kind().starts_with("multipart/");
        let is_shown = matches!(node.disposition.value.as_str(), "" | "inline");
        let is_placed = place.is_first || place.parent != "multipart/related" && node.filename().is_none();
        if !((is_plain || is_html) && is_shown && is_placed) {
            self.attachments.push(number);
            return;
        }
        if place.parent == "multipart/alternative" {
            if is_html { &mut self.html } else { &mut self.text }.push(number);
            return;
        }
        if place.in_alternative {
            place.for_text &= !is_html;
            place.for_html &= is_html;
        }
        if place.for_text {
            self.text.push(number);
        }
        if place.for_html {
            self.html.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chosen, Parts};
    use crate::mail::Limits;
    use crate::mail::fields::Fields;
    use crate::mail::notes::Notes;

    /// `m(..)` mixed, `a(..)` alternative, `r(..)` related; `p` plain, `h` HTML, `i` image, `f` a text file.
    fn message(shape: &str, depth: &mut u32) -> String {
        let leaf = |kind: &str| format!("Content-Type: {kind}\n\nx\n");
        match shape {
            "p" => leaf("text/plain"),
            "h" => leaf("text/html"),
            "i" => leaf("image/png"),
            "f" => leaf("text/plain; name=f.txt"),
            _ => {
                *depth += 1;
                let boundary = format!("b{depth}");
                let kind = match shape.chars().next() {
                    Some('m') => "mixed",
                    Some('a') => "alternative",
                    _ => "related",
                };
                let mut out = format!("Content-Type: multipart/{kind}; boundary={boundary}\n\n");
                for child in split(&shape[2..shape.len() - 1]) {
                    out += &format!("--{boundary}\n{}", message(&child, depth));
                }
                out + &format!("--{boundary}--\n")
            }
        }
    }

    fn split(list: &str) -> Vec<String> {
        let mut level = 0;
        let mut items = vec![String::new()];
        for c in list.chars() {
            level += i32::from(c == '(') - i32::from(c == ')');
            match items.last_mut() {
                Some(_) if c == ',' && level == 0 => items.push(String::new()),
                Some(item) => item.push(c),
                None => {}
            }
        }
        items
    }

    #[test]
    fn bodies_are_told_from_attachments() {
        for (shape, text, html, attachments) in [
            ("p", vec![0], vec![0], vec![]),
            ("h", vec![0], vec![0], vec![]),
            ("i", vec![], vec![], vec![0]),
            ("a(p,h)", vec![1], vec![2], vec![]),
            ("a(h)", vec![1], vec![1], vec![]),
            ("a(p)", vec![1], vec![1], vec![]),
            ("a(p,h,i)", vec![1], vec![2], vec![3]),
            ("a(p,r(h,i))", vec![1], vec![3], vec![4]),
            ("r(a(p,h),i)", vec![2], vec![3], vec![4]),
            ("a(p,m(h,i,h))", vec![1], vec![3, 5], vec![4]),
            ("m(p,f,p)", vec![1, 3], vec![1, 3], vec![2]),
            ("m(a(p,h),i,p)", vec![2, 5], vec![3, 5], vec![4]),
            ("m(p,h)", vec![1, 2], vec![1, 2], vec![]),
            ("m(f)", vec![1], vec![1], vec![]),
        ] {
            let raw = message(shape, &mut 0);
            let limits = Limits::default();
            let header = Fields::read(raw.as_bytes(), 0, &limits);
            let chosen = Chosen::of(&Parts::find(raw.as_bytes(), &header, &limits, &mut Notes::default()));
            assert_eq!((chosen.text, chosen.html, chosen.attachments), (text, html, attachments), "{shape}");
        }
    }
}
