//! What the attributes of an element make of it: hidden, preformatted, tight, a quote, a link.

use super::super::markup::Attributes;
use super::wrappers::{self, Wrapped};

const MAX_ATTRIBUTES: usize = 32;
/// A style that is longer is no style.
const MAX_STYLE_BYTES: usize = 4_096;

/// What is read off a start tag.
#[derive(Debug, Default)]
pub(super) struct Look<'a> {
    /// Neither it nor anything in it is shown.
    pub(super) hides: bool,
    /// Whether its text can be seen; what is in it may say otherwise. None: as outside.
    pub(super) is_invisible: Option<bool>,
    /// Whether line ends and blanks count. None: as outside.
    pub(super) is_pre: Option<bool>,
    /// A paragraph without room around it: a line.
    pub(super) is_tight: bool,
    /// A quote of another mail, not an indentation.
    pub(super) is_quote: bool,
    pub(super) wraps: Option<Wrapped>,
    pub(super) href: Option<&'a str>,
    pub(super) alt: Option<&'a str>,
    /// Number of a list's first item.
    pub(super) start: Option<i64>,
}

impl<'a> Look<'a> {
    /// Reads the attributes of an element called `name`.
    pub(super) fn of(name: &str, attributes: &'a str) -> Self {
        let mut look = Self { is_quote: name == "blockquote", ..Self::default() };
        let mut is_cite = false;
        for (attribute, value) in Attributes::new(attributes).take(MAX_ATTRIBUTES) {
            let is = |name: &str| attribute.eq_ignore_ascii_case(name);
            if is("style") {
                look.style(value.get(..MAX_STYLE_BYTES).unwrap_or(value));
            } else if is("class") {
                is_cite |= value.contains("quote");
                look.is_tight |= value.trim_start().starts_with("Mso");
                look.wraps = look.wraps.or_else(|| wrappers::by_class(value));
            } else if is("id") {
                look.wraps = look.wraps.or_else(|| wrappers::by_id(value));
            } else if is("name") || is("data-marker") {
                look.wraps = look.wraps.or_else(|| wrappers::by_name(value));
            } else if is("hidden") {
                look.hides = true;
            } else if is("href") && name == "a" {
                look.href = Some(value);
            } else if is("alt") {
                look.alt = Some(value);
            } else if is("start") {
                look.start = value.trim().parse().ok();
            } else if is("type") && value.eq_ignore_ascii_case("cite") {
                is_cite = true;
            } else if name == "img" && (is("width") || is("height")) {
                look.hides |= matches!(value.trim(), "0" | "1" | "0px" | "1px");
            }
        }
        look.is_quote |= is_cite && name == "blockquote";
        look
    }

    fn style(&mut self, style: &str) {
        let (mut is_small, mut is_clipped) = (false, false);
        let mut no_border = false;
        for declaration in style.split(';') {
            let Some((property, value)) = declaration.split_once(':') else { continue };
            let (property, value) = (property.trim(), value.trim());
            let is = |name: &str| property.eq_ignore_ascii_case(name);
            let begins =
                |word: &str| value.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
            match property.as_bytes().first().map(u8::to_ascii_lowercase) {
                Some(b'd') if is("display") => self.hides |= begins("none"),
                Some(b'v') if is("visibility") => self.is_invisible = Some(begins("hidden")),
                Some(b'o') if is("opacity") => self.hides |= is_zero(value),
                Some(b'o') if is("overflow") => is_clipped = begins("hidden"),
                Some(b'f') if is("font-size") => self.is_invisible = Some(is_zero(value) || begins("1px")),
                Some(b'm') if is("max-height") || is("max-width") => is_small |= is_zero(value),
                Some(b'h') if is("height") => is_small |= is_zero(value),
                Some(b'w') if is("width") => is_small |= is_zero(value),
                Some(b'w') if is("white-space") => self.is_pre = Some(begins("pre")),
                Some(b'm') if is("margin") => self.is_tight |= is_zero(value),
                Some(b'm') if is("margin-bottom") => self.is_tight |= is_zero(value),
                Some(b'b') if is("border") => no_border = begins("none") || is_zero(value),
                _ => {}
            }
        }
        self.hides |= is_small && is_clipped;
        // Gmail and Apple Mail indent so; a quote has a line at its side, or says that it cites.
        self.is_quote &= !no_border;
    }
}

/// `0`, `0px`, `0.0pt`, `0 0 0 0`, and with `!important`.
fn is_zero(value: &str) -> bool {
    let mut words = value.split_ascii_whitespace().take_while(|word| !word.starts_with('!')).peekable();
    words.peek().is_some()
        && words.all(|word| {
            let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            !number.is_empty() && number.bytes().all(|byte| matches!(byte, b'0' | b'.'))
        })
}

/// Whether the words that stand for an image say something: not blank, and not a file's name.
pub(super) fn is_telling(alt: &str) -> bool {
    let alt = alt.trim();
    let is_file = !alt.contains(' ')
        && [".png", ".jpg", ".jpeg", ".gif", ".svg", ".bmp", ".webp"].iter().any(|extension| {
            alt.len() > extension.len()
                && alt
                    .get(alt.len() - extension.len()..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(extension))
        });
    alt.chars().any(char::is_alphanumeric) && alt.len() <= 500 && !is_file
}

#[cfg(test)]
mod tests {
    use super::{Look, is_telling};

    #[test]
    fn what_is_hidden_is_told_from_what_is_small() {
        let hides = |attributes: &str| Look::of("div", attributes).hides;
        assert!(hides(" style='display:none'") && hides(" STYLE=\"color:red; Display : None !important\""));
        assert!(
            hides(" hidden") && hides(" style='max-height:0px;overflow:hidden'") && hides(" style=opacity:0")
        );
        assert!(
            !hides(" style='display:block'") && !hides(" style='opacity:0.5'") && !hides(" style='width:0'")
        );
        let invisible = |style: &str| Look::of("td", &format!(" style='{style}'")).is_invisible;
        assert_eq!(invisible("font-size:0"), Some(true));
        assert_eq!(invisible("font-size:14px"), Some(false));
        assert_eq!(invisible("color:red"), None);
    }

    #[test]
    fn a_quote_is_told_from_an_indentation() {
        let is_quote = |attributes: &str| Look::of("blockquote", attributes).is_quote;
        assert!(is_quote("") && is_quote(" type=cite style='border:none'"));
        assert!(is_quote(" class=\"gmail_quote\" style=\"margin:0 0 0 .8ex;border-left:1px #ccc solid\""));
        assert!(!is_quote(" style=\"margin:0 0 0 40px;border:none;padding:0px\""));
    }

    #[test]
    fn file_names_say_nothing() {
        assert!(is_telling("Our logo") && is_telling("50 %"));
        assert!(!is_telling(" ") && !is_telling("image001.png") && !is_telling("---"));
    }
}
