//! What is asked.

use serde_json::{Value, json};

use crate::data::{self, Landmarks};

/// A query with its variables.
pub struct Case {
    /// Its name in the figures.
    pub name: &'static str,
    /// The document.
    pub query: String,
    /// Its variables.
    pub variables: Value,
}

impl Case {
    /// The body of its request.
    pub fn body(&self) -> String {
        json!({ "query": self.query, "variables": self.variables }).to_string()
    }
}

/// What a list of messages shows.
const SHOWN: &str = "id subject snippet receivedAt state from { name address } to { name address } \
    mailbox { id title address } attachments { id filename contentType size } \
    processInstance { id reference process open }";

/// The newest 50 messages with all that a list shows of them: the case that throughput is measured with.
pub fn page() -> Case {
    let query = format!("{{ messages(first: 50) {{ nodes {{ {SHOWN} }} }} }}");
    Case { name: "page of 50", query, variables: json!({}) }
}

/// All cases.
pub fn all(landmarks: &Landmarks) -> Vec<Case> {
    let filtered = |name, filter: Value| Case {
        name,
        query: format!(
            "query($filter: MessageFilter) {{ messages(first: 50, filter: $filter) {{ nodes {{ {SHOWN} }} }} }}"
        ),
        variables: json!({ "filter": filter }),
    };
    let plain = |name, query: String| Case { name, query, variables: json!({}) };
    let mut cases = vec![
        page(),
        plain(
            "page of 50 with totalCount",
            format!("{{ messages(first: 50) {{ totalCount nodes {{ {SHOWN} }} }} }}"),
        ),
        Case {
            name: "page of 50, deep",
            query: format!(
                "query($after: String!) {{ messages(first: 50, after: $after) {{ nodes {{ {SHOWN} }} }} }}"
            ),
            variables: json!({ "after": landmarks.middle }),
        },
        filtered("of a big mailbox", json!({ "mailboxIds": [landmarks.biggest] })),
        filtered("of a small mailbox", json!({ "mailboxIds": [landmarks.smallest] })),
        filtered("of three mailboxes", json!({ "mailboxIds": landmarks.three })),
        filtered("failed", json!({ "states": ["FAILED"] })),
        filtered("failed in a mailbox", json!({ "states": ["FAILED"], "mailboxIds": [landmarks.smallest] })),
        filtered("not linked", json!({ "linked": false })),
        filtered(
            "received in a week",
            json!({ "receivedSince": landmarks.since, "receivedBefore": landmarks.before }),
        ),
        filtered("from someone", json!({ "from": "person7@works" })),
        filtered("from someone rare", json!({ "from": landmarks.rare_sender })),
        plain(
            "mailboxes with their newest 5",
            "{ mailboxes(first: 20) { nodes { id title messages(first: 5) { nodes {
               id subject receivedAt from { name address } } } } } }"
                .to_owned(),
        ),
        plain(
            "instances with their messages",
            "{ processInstances(first: 50) { nodes { id reference open attributes
               messages(first: 5) { nodes { id subject receivedAt from { name address } } } } } }"
                .to_owned(),
        ),
    ];
    cases.extend([
        filtered("a word in 0.1 %", json!({ "search": data::RARE })),
        filtered("a word in 1 %", json!({ "search": data::SELDOM })),
        filtered("a word in half", json!({ "search": data::COMMON })),
        filtered(
            "a word in half and one in 1 %",
            json!({ "search": format!("{} {}", data::COMMON, data::SELDOM) }),
        ),
        filtered(
            "a word in 1 % of a mailbox",
            json!({ "search": data::SELDOM, "mailboxIds": [landmarks.smallest] }),
        ),
        filtered(
            "a word in half of a mailbox",
            json!({ "search": data::COMMON, "mailboxIds": [landmarks.smallest] }),
        ),
    ]);
    cases
}
