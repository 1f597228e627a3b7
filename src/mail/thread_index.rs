//! Outlook's Thread-Index: the first 22 bytes name the conversation, 5 more each reply ([MS-OXOMSG] 2.2.1.3).

use base64::Engine;

use super::base64::LENIENT;

const CONVERSATION_BYTES: usize = 22;

/// The conversation's id in hexadecimal; None where the field is not a Thread-Index.
pub(super) fn conversation_id(field: &str) -> Option<String> {
    let coded: String = field.chars().filter(|c| !c.is_whitespace()).take(4_096).collect();
    let bytes = LENIENT.decode(coded).ok()?;
    bytes.get(..CONVERSATION_BYTES).map(hex::encode)
}

#[cfg(test)]
mod tests {
    use super::conversation_id;

    #[test]
    fn a_reply_has_the_conversation_of_its_parent() {
        let parent = conversation_id("AQHZ7kq8b3v0m0yqU0e0m3l6o1Q2rQ==");
        let reply = conversation_id("AQHZ7kq8b3v0m0yqU0e0m3l6o1Q2rYAAAAAA");
        assert_eq!(parent.as_ref().map(String::len), Some(44));
        assert_eq!(parent, reply);
    }

    #[test]
    fn what_is_too_short_or_no_base64_names_nothing() {
        assert_eq!(conversation_id("AQHZ"), None);
        assert_eq!(conversation_id("not a thread index, really not one at all"), None);
    }
}
