//! `mailroom version`.

use super::output::line;

/// Shows the version, and what the build can be told by.
pub(super) fn run() {
    line(format_args!("mailroom {}", env!("CARGO_PKG_VERSION")));
}
