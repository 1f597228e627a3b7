//! Microsoft Graph's mail surface.
//!
//! Each file of a resource gives its routes; `frame` is around all of them: it knows the caller, gives every answer its
//! ids, and writes refusals as Graph does. Handlers get [`caller::Caller`] and [`asked::Asked`] as extensions.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | refusals as Graph says them, and what every answer has |
//! | `asked` | how the client wants to be answered: `Prefer` |
//! | `bearer` | the token of a request |
//! | `caller` | who asks, and which mailbox they reach |
//! | `given` | what clients give: paths, bodies, MIME |
//! | `fields` | the properties of a message that a client may give |
//! | `odata` | query options: what is selected, filtered, ordered, paged |
//! | `show` | messages, folders, attachments as JSON |
//! | `messages`, `value`, `attachments` | reading messages, as JSON and as MIME |
//! | `folders` | folders: listed, read, made, changed |
//! | `delta` | change tracking |
//! | `answering` | whom an answer goes to, and what it quotes |
//! | `drafts` | new drafts, createReply, createReplyAll, createForward |
//! | `send` | send, sendMail, reply, replyAll, forward |
//! | `upload` | attachments of drafts, at once or in pieces |
//! | `batch` | `$batch` |
//! | `subscriptions` | subscriptions; the notifications themselves are in `crate::notify` |
//! | `translate` | translateExchangeIds |
//! | `change` | PATCH, move, copy, DELETE, permanentDelete |
//! | `frame` | what is around every call |
//! | `segment` | what a path has that Graph doesn't |
//! | `throttle` | the published limits, for each app and mailbox |

pub mod answer;
mod answering;
pub mod asked;
mod attachments;
mod batch;
mod bearer;
pub mod caller;
mod change;
#[cfg(test)]
mod crowd;
mod delta;
mod drafts;
pub mod fields;
mod folders;
pub mod frame;
pub mod given;
mod messages;
#[cfg(test)]
mod model;
pub mod odata;
#[cfg(test)]
mod reads;
mod segment;
mod send;
pub mod show;
mod subscriptions;
pub mod throttle;
mod translate;
#[cfg(test)]
pub(crate) mod trial;
mod upload;
mod value;

use axum::Router;

use crate::state::State;
pub use delta::gone;
pub use upload::open_routes;

/// All of Graph below `/v1.0`, without its frame: paths have keyed segments as `/mailFolders/{f}` only.
pub fn routes() -> Router<State> {
    Router::new()
        .merge(change::routes())
        .merge(messages::routes())
        .merge(value::routes())
        .merge(attachments::routes())
        .merge(folders::routes())
        .merge(delta::routes())
        .merge(drafts::routes())
        .merge(send::routes())
        .merge(upload::routes())
        .merge(batch::routes())
        .merge(translate::routes())
        .merge(subscriptions::routes())
}
