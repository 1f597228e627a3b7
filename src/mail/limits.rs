//! How much of a message is looked at.

/// What exceeds a limit is left out of the parsed message, with a note; the raw bytes have it still.
/// How deep multiparts may nest is fixed (100), because the numbers of the parts depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Raw bytes; above it `parse` refuses.
    pub max_bytes: usize,
    /// MIME parts.
    pub max_parts: usize,
    /// Bytes of a header, all fields together.
    pub max_header_bytes: usize,
    /// Fields of a header.
    pub max_headers: usize,
    /// Addresses of one kind: From, To, Cc, ...
    pub max_addresses: usize,
    /// Characters of the subject.
    pub max_subject_chars: usize,
    /// Bytes of the text, in UTF-8; and of the tidied HTML from which it is made.
    pub max_text_bytes: usize,
    /// Bytes of the HTML, in UTF-8.
    pub max_html_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 50 * 1024 * 1024,
            max_parts: 1_000,
            max_header_bytes: 256 * 1024,
            max_headers: 1_000,
            max_addresses: 2_000,
            max_subject_chars: 2_000,
            max_text_bytes: 1024 * 1024,
            max_html_bytes: 4 * 1024 * 1024,
        }
    }
}
