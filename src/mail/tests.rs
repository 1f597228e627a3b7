use super::{Limits, parse};

#[test]
fn an_empty_message_is_a_message() {
    let message = parse(b"", &Limits::default()).unwrap();
    assert_eq!(message.notes, ["The message has no header."]);
}
