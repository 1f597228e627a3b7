//! Every answer that the sandbox gives in tests, held against Microsoft's description of Graph. The description is not
//! part of this repository: it is read from where `MAILROOM_CONTRACTS` points, or from beside the checkout. The tests
//! of the handlers and those over http share this.
//!
//! | file | holds |
//! |---|---|
//! | `description` | the description: which answer has which type |
//! | `types` | values that are not of their type, and properties that it doesn't have |
//! | `answers` | an answer, the entries of a batch, a refusal |
//! | `selected` | that nothing comes which was not asked for |
//! | `beyond` | what the sandbox has beyond the description, by name |
//! | `held` | a sandbox that runs and is held |

mod answers;
mod beyond;
mod description;
pub mod held;
mod selected;
#[cfg(test)]
mod tests;
mod types;

pub use answers::wrong;
pub use held::Held;
