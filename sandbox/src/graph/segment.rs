//! The first segment of a path that Graph doesn't have, to be named in its refusal.

use percent_encoding::percent_decode_str;

/// What may follow what; a collection is followed by a key, a key by one of its names.
fn next(place: &str) -> &'static [&'static str] {
    match place {
        "" => &["users", "subscriptions", "$batch", "me"],
        "users" => {
            &["messages", "mailFolders", "sendMail", "translateExchangeIds", "mailboxSettings", "outlook"]
        }
        "mailFolders" | "childFolders" => {
            &["messages", "childFolders", "move", "copy", "permanentDelete", "delta", "$count"]
        }
        "messages" => &[
            "attachments",
            "$value",
            "move",
            "copy",
            "send",
            "reply",
            "replyAll",
            "forward",
            "createReply",
            "createReplyAll",
            "createForward",
            "permanentDelete",
            "delta",
            "$count",
            "extensions",
        ],
        "attachments" => &["$value", "$count", "createUploadSession"],
        "subscriptions" => &["reauthorize"],
        _ => &[],
    }
}

/// Decoded; None where all segments are known, and only their order is not.
pub fn unknown(path: &str) -> Option<String> {
    let mut place = "";
    let mut key_may_follow = false;
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        match next(place).iter().find(|name| **name == segment) {
            Some(name) if next(name).is_empty() => place = "an end",
            Some(name) => (place, key_may_follow) = (name, true),
            None if key_may_follow => key_may_follow = false,
            None => return Some(percent_decode_str(segment).decode_utf8_lossy().into_owned()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn the_first_unknown_segment_is_named() {
        for (path, segment) in [
            ("/groups/x", Some("groups")),
            ("/users/u/mailFolders/inbox/messages/m/nothing", Some("nothing")),
            ("/users/u/messages/m/$value/x%20y", Some("x y")),
            ("/users/u/contacts", Some("contacts")),
            ("/users/u", None),
        ] {
            assert_eq!(unknown(path).as_deref(), segment, "{path}");
        }
    }
}
