//! How secrets are kept: sealed under a key ring, opened only where they are used.
//!
//! | file | holds |
//! |---|---|
//! | `ring` | the keys by name: the first encrypts, all decrypt, sub-keys derive from the first |
//! | `sealed` | the format of what is stored |
//! | `error` | why a ring can't be made, or a secret can't be opened |

mod error;
mod ring;
mod sealed;

pub use error::Error;
pub use ring::{Derived, KeyRing};
pub use secrecy::{ExposeSecret, SecretString};
