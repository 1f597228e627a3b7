//! Messages, folders and attachments as JSON.
//!
//! | file | holds |
//! |---|---|
//! | `message` | a message, as much of it as was asked for |
//! | `body` | its text, as HTML or plain |
//! | `extended` | the few MAPI properties that clients ask for |
//! | `attachment` | its attachments |
//! | `folder` | a folder |

mod attachment;
mod body;
mod extended;
mod folder;
mod message;

pub use attachment::{attachment, attachment_id, attachment_number, attachments};
pub use body::{body, shaped};
pub use folder::folder;
pub use message::{View, message};

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::odata::Select;
use crate::world::{Mailbox, Message};

/// A message with all that is usual: what most actions answer.
pub fn whole(mailbox: &Mailbox, it: &Message, asked: &Asked) -> Value {
    Value::Object(message(mailbox, it, &View::of(asked)))
}

/// A page of a list.
pub fn page(
    context: String,
    value: Vec<Map<String, Value>>,
    count: Option<usize>,
    link: Option<(&str, String)>,
) -> Response {
    let mut page = Map::new();
    page.insert("@odata.context".to_owned(), context.into());
    if let Some(count) = count {
        page.insert("@odata.count".to_owned(), count.into());
    }
    if let Some((name, link)) = link {
        page.insert(name.to_owned(), link.into());
    }
    page.insert("value".to_owned(), value.into_iter().map(Value::Object).collect());
    Json(page).into_response()
}

/// What a selection adds to a context.
pub fn selected(select: Option<&Select>) -> String {
    select.map(|select| format!("({})", select.names())).unwrap_or_default()
}
