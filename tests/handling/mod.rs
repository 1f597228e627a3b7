//! What becomes of originals: every combination of a handling, through the real pipeline, looked at on the server afterwards.
//!
//! | file | holds |
//! |---|---|
//! | `combination` | all of them: what is asked for, and where the original then is |
//! | `dovecot` `office` | judged on a Dovecot and on the sandbox |
//! | `table` | docs/handling.md says what the API says |
//! | `unread` | mail that someone marks unread again |

mod combination;
mod dovecot;
mod office;
mod table;
mod unread;
