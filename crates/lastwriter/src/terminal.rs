//! Writing for people: what a terminal can show, and what must not reach it.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal, Write};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::failure::CommandError;

/// How output is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Whether colours are used.
    pub colours: bool,
    /// Whether tables are fitted to the terminal's width. In a pipe or a file nothing is wrapped.
    pub fitted: bool,
}

impl Layout {
    /// No colours, nothing wrapped.
    pub const PLAIN: Self = Self {
        colours: false,
        fitted: false,
    };

    /// What standard output can show. `NO_COLOR`, if set and not empty, turns colours off: <https://no-color.org>.
    pub fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colours: terminal && !no_colour && !dumb,
            fitted: terminal,
        }
    }

    /// A table with these headings.
    pub fn table(self, headings: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        if self.fitted {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        let headings = headings.iter().map(|heading| self.bold(heading));
        table.set_header(headings.collect::<Vec<_>>());
        table
    }

    /// A cell in a colour.
    pub fn coloured(self, text: &str, colour: Color) -> Cell {
        let cell = Cell::new(printable(text));
        if self.colours { cell.fg(colour) } else { cell }
    }

    /// A cell in bold type.
    pub fn bold(self, text: &str) -> Cell {
        let cell = Cell::new(printable(text));
        if self.colours {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }

    /// A cell.
    pub fn cell(self, text: &str) -> Cell {
        Cell::new(printable(text))
    }
}

/// A text with each character that could steer a terminal, or turn the direction of writing, replaced by its escape.
/// Line breaks stay.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || !steers(character) {
            shown.push(character);
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        }
    }
    shown
}

/// Control characters of C0 and C1, and Unicode's marks of direction and line separators.
pub(crate) fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Writes a command's output. A reader that has gone away, as in `lastwriter ... | head`, is no failure.
///
/// # Errors
///
/// When standard output cannot be written for another reason.
pub fn print(output: &str) -> Result<(), OutputError> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(output.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(OutputError::Write(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a command's output as JSON.
///
/// # Errors
///
/// As [`print()`].
pub fn print_json(output: &impl Serialize) -> Result<(), OutputError> {
    let json = serde_json::to_string_pretty(output).map_err(OutputError::Json)?;
    print(&(json + "\n"))
}

/// Output that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Standard output refused it.
    #[error("the output could not be written: {0}")]
    Write(#[source] io::Error),
    /// It cannot be written as JSON.
    #[error("the output cannot be written as JSON: {0}")]
    Json(#[source] serde_json::Error),
}

impl From<OutputError> for CommandError {
    fn from(error: OutputError) -> Self {
        Self::failed(error)
    }
}

/// Writes what went wrong to standard error.
pub fn complain(error: &CommandError) {
    let message = printable(&format!("lastwriter: {error}"));
    // Nobody is left to tell if this fails.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(
            printable("red \u{1b}[31m, bell \u{7}, C1 \u{9b}, back\rwards"),
            "red \\u{1b}[31m, bell \\u{7}, C1 \\u{9b}, back\\u{d}wards"
        );
        assert_eq!(printable("a\u{202e}b\u{2066}c"), "a\\u{202e}b\\u{2066}c");
        assert_eq!(printable("Zoë 🎁 ≠\nnext"), "Zoë 🎁 ≠\nnext");
    }

    #[test]
    fn cells_are_escaped_whatever_their_style() {
        let layout = Layout {
            colours: true,
            fitted: false,
        };
        for cell in [
            layout.cell("\u{1b}"),
            layout.bold("\u{1b}"),
            layout.coloured("\u{1b}", Color::Red),
        ] {
            assert_eq!(cell.content(), "\\u{1b}");
        }
    }
}
