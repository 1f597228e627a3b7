//! Change tracking: of the messages of a folder, and of the folders of a mailbox.
//!
//! | file | holds |
//! |---|---|
//! | `token` | what a link remembers, and how lost ones are refused |
//! | `messages` | the rounds of a folder |
//! | `folders` | the rounds of a mailbox's folders |

mod folders;
mod messages;
mod token;

use axum::Router;

use crate::state::State;
pub use token::gone;

/// All of them.
pub(super) fn routes() -> Router<State> {
    messages::routes().merge(folders::routes())
}
