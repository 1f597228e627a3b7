//! What commands say to people: answers to stdout, failures to stderr, in colours where that is a terminal.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place where the command line speaks")]

use std::fmt::Display;
use std::io::IsTerminal as _;

use super::failure::Failure;

/// A colour's number in SGR (ECMA-48), and whether it is bold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Style {
    Bold,
    Red,
    Green,
    Yellow,
    Cyan,
    Dim,
}

/// Prints a line of the answer.
pub(super) fn line(text: impl Display) {
    println!("{text}");
}

/// Prints a line that is not part of the answer.
pub(super) fn note(text: impl Display) {
    eprintln!("{text}");
}

/// Prints a failure: the sentence, why, and what to do.
pub(super) fn failure(failure: &Failure) {
    let coloured = wanted(std::io::stderr().is_terminal());
    let mut sentences = failure.error.chain().map(ToString::to_string);
    eprintln!("{} {}", paint("error:", Style::Red, coloured), sentences.next().unwrap_or_default());
    for cause in sentences {
        eprintln!("  {} {cause}", paint("because:", Style::Dim, coloured));
    }
    if let Some(hint) = &failure.hint {
        eprintln!("{} {hint}", paint("hint:", Style::Yellow, coloured));
    }
}

/// The text in a colour, if stdout shows colours.
pub(super) fn styled(text: impl Display, style: Style) -> String {
    paint(text, style, wanted(std::io::stdout().is_terminal()))
}

/// Whether colours are wanted: on a terminal, unless NO_COLOR (no-color.org) says otherwise.
pub(super) fn wanted(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The text in a colour, if colours are shown.
pub(super) fn paint(text: impl Display, style: Style, coloured: bool) -> String {
    let code = match style {
        Style::Bold => "1",
        Style::Red => "1;31",
        Style::Green => "1;32",
        Style::Yellow => "1;33",
        Style::Cyan => "36",
        Style::Dim => "2",
    };
    if coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}
