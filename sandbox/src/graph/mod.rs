//! Microsoft Graph's mail surface.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | refusals as Graph says them, and what every answer has |

pub mod answer;
