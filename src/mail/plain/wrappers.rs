//! The elements in which mail programs wrap what they quote, and their signatures.

/// What an element wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) enum Wrapped {
    /// Another mail; what follows it is the author's again.
    Quoted,
    /// From its start to the end of the mail nothing is the author's.
    RestQuoted,
    /// A signature.
    Signature,
}

/// A wrapper's place in the text: the lines that begin after `start` and before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) struct Mark {
    pub(in crate::mail) kind: Wrapped,
    /// Bytes written before it.
    pub(in crate::mail) start: usize,
    /// Bytes written when it ended.
    pub(in crate::mail) end: usize,
    /// Quotes that began before it.
    pub(super) quotes: usize,
}

impl Mark {
    /// The same where so many bytes stand before the text.
    pub(in crate::mail) fn after(self, bytes: usize) -> Self {
        // Zero means before the first line, which has no line end before it.
        let start = if self.start == 0 { bytes.saturating_sub(1) } else { self.start + bytes };
        Self { start, end: self.end + bytes, ..self }
    }

    /// Whether a line that begins there is in it or after it.
    pub(in crate::mail) fn is_begun_at(&self, line_start: usize) -> bool {
        line_start > self.start || self.start == 0
    }
}

/// By the value of a class attribute.
pub(super) fn by_class(classes: &str) -> Option<Wrapped> {
    classes.split_ascii_whitespace().find_map(|class| match class {
        "gmail_quote"
        | "protonmail_quote"
        | "yahoo_quoted"
        | "tutanota_quote"
        | "moz-forward-container"
        | "zmail_extra"
        | "spark_quote"
        | "OutlookMessageHeader"
        | "moz-cite-prefix"
        | "gmail_attr" => Some(Wrapped::Quoted),
        "ms-outlook-mobile-reference-message" => Some(Wrapped::RestQuoted),
        "gmail_signature" | "moz-signature" | "protonmail_signature_block" | "bloop_sign" => {
            Some(Wrapped::Signature)
        }
        _ => None,
    })
}

/// By the value of an id attribute.
pub(super) fn by_id(id: &str) -> Option<Wrapped> {
    match id {
        // Outlook on the web and on phones.
        "divRplyFwdMsg" | "appendonsend" | "mail-editor-reference-message-container" => {
            Some(Wrapped::RestQuoted)
        }
        // Outlook on a Mac.
        "OLK_SRC_BODY_SECTION" | "zwchr" => Some(Wrapped::RestQuoted),
        "Signature" | "AppleMailSignature" | "ms-outlook-mobile-signature" => Some(Wrapped::Signature),
        _ if id.starts_with("yahoo_quoted") => Some(Wrapped::Quoted),
        _ => None,
    }
}

/// By the value of a name or a data-marker attribute.
pub(super) fn by_name(name: &str) -> Option<Wrapped> {
    match name {
        // GMX and web.de; Spark.
        "quote" | "messageReplySection" => Some(Wrapped::Quoted),
        // Zimbra.
        "__DIVIDER__" | "__QUOTED_TEXT__" => Some(Wrapped::RestQuoted),
        "__SIG_POST__" | "__SIG_PRE__" | "messageSignatureSection" => Some(Wrapped::Signature),
        _ => None,
    }
}
