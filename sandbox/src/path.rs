//! Paths in one form before they are routed: Graph takes `/mailFolders/inbox` and `/mailFolders('inbox')` alike.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Segments whose case Graph doesn't mind, as the routes have them.
const SEGMENTS: [&str; 32] = [
    "$batch",
    "$count",
    "$value",
    "attachments",
    "childFolders",
    "copy",
    "copyToFolder",
    "createForward",
    "createReply",
    "createReplyAll",
    "createUploadSession",
    "delta",
    "extensions",
    "forward",
    "getMailTips",
    "mailFolders",
    "mailboxSettings",
    "me",
    "messages",
    "move",
    "permanentDelete",
    "reauthorize",
    "reply",
    "replyAll",
    "send",
    "sendMail",
    "subscriptions",
    "translateExchangeIds",
    "users",
    "v1.0",
    "inferenceClassification",
    "messageRules",
];

/// The same request, its path in the form that routes have.
pub async fn normalise(mut request: Request) -> Request {
    if let Some(path) = in_one_form(request.uri().path()) {
        let with_query = match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if let Ok(with_query) = with_query.parse::<PathAndQuery>() {
            let mut parts = request.uri().clone().into_parts();
            parts.path_and_query = Some(with_query);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

/// None where it is in that form already. What is percent-encoded stays so, but for the brackets and quotes of keys.
pub fn in_one_form(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let (name, key) = keyed(segment);
        normal.push('/');
        normal.push_str(canonical(name));
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            normal.push('/');
            normal.push_str(&key);
        }
    }
    if normal.is_empty() {
        normal.push('/');
    }
    (normal != path).then_some(normal)
}

/// A segment as Graph's actions and functions may be called too: `microsoft.graph.move`.
fn canonical(name: &str) -> &str {
    let bare = name.strip_prefix("microsoft.graph.").unwrap_or(name);
    SEGMENTS.into_iter().find(|known| known.eq_ignore_ascii_case(bare)).unwrap_or(name)
}

/// `messages('x')` as `messages` and `x`; `delta()` as `delta` and nothing.
fn keyed(segment: &str) -> (&str, Option<String>) {
    let open = segment.find('(').map(|at| (at, 1)).or_else(|| segment.find("%28").map(|at| (at, 3)));
    let inner = open.and_then(|(at, width)| {
        let rest = segment.get(at + width..)?;
        let key = rest.strip_suffix(')').or_else(|| rest.strip_suffix("%29"))?;
        Some((segment.get(..at)?, key))
    });
    let Some((name, key)) = inner else { return (segment, None) };
    let key = key.replace("%27", "'");
    let quoted = key.strip_prefix('\'').and_then(|key| key.strip_suffix('\''));
    match quoted {
        Some(key) => (name, Some(key.replace("''", "'"))),
        None if key.is_empty() => (name, Some(key)),
        None => (segment, None),
    }
}

#[cfg(test)]
mod tests {
    use super::in_one_form;

    #[test]
    fn keys_in_brackets_become_segments() {
        for (given, routed) in [
            (
                "/v1.0/users('a%40b.example')/mailFolders('inbox')",
                "/v1.0/users/a%40b.example/mailFolders/inbox",
            ),
            ("/v1.0/users/u/messages%28%27AA%2FB%3D%27%29/$value", "/v1.0/users/u/messages/AA%2FB%3D/$value"),
            ("//v1.0//users/u/mailfolders/", "/v1.0/users/u/mailFolders"),
            ("/v1.0/users/u/messages/delta()", "/v1.0/users/u/messages/delta"),
            ("/v1.0/users/u/messages/m/microsoft.graph.move", "/v1.0/users/u/messages/m/move"),
            ("/v1.0/users('o''hara')", "/v1.0/users/o'hara"),
        ] {
            assert_eq!(in_one_form(given).as_deref(), Some(routed), "{given}");
        }
    }

    #[test]
    fn what_is_in_that_form_stays_as_it_is() {
        for path in ["/", "/v1.0/users/a%40b.example/messages/AA%2FB-(x", "/v1.0/users/u/mailFolders/In(box)"]
        {
            assert_eq!(in_one_form(path), None, "{path}");
        }
    }
}
