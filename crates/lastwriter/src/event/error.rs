//! Why something is no event.

use std::io;
use std::path::Path;

use serde_json::value::RawValue;
use stream_processor::envelope;

use super::{Missing, NotRecords};
use crate::failure::CommandError;

/// What a Lambda event of a DynamoDB stream looks like, for messages.
const EXPECTED: &str = "a Lambda event of a DynamoDB stream is {\"Records\": [...]}";

/// An event that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The file or folder cannot be read.
    #[error("{name} cannot be read: {source}")]
    Unreadable {
        /// The file or folder.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds no `*.json`.
    #[error(
        "{0} holds no *.json file; give event files, a folder of them, or - for standard input"
    )]
    EmptyFolder(String),
    /// The text is invalid JSON.
    #[error("{name}, line {line}, column {column}: invalid JSON: {problem}; {EXPECTED}")]
    InvalidJson {
        /// The file.
        name: String,
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
        /// What the reader said, without the file's own text.
        problem: &'static str,
    },
    /// It is JSON, but has no stream records.
    #[error(
        "{name}, line {line}, column {column}: valid JSON, but it has no list of Records; {EXPECTED}"
    )]
    NotAnEvent {
        /// The file.
        name: String,
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
    },
    /// It is something else that AWS writes.
    #[error("{name}: {problem}")]
    OtherSource {
        /// The file.
        name: String,
        /// What it is and what to do.
        #[source]
        problem: NotRecords,
    },
    /// The records do not say what they are of.
    #[error("{name}: {missing}")]
    Missing {
        /// The file.
        name: String,
        /// What has to be given.
        #[source]
        missing: Missing,
    },
    /// The text is in another encoding.
    #[error(
        "{0} is UTF-16, which `>` writes in Windows PowerShell: save it as UTF-8, with `| Out-File -Encoding utf8 FILE`"
    )]
    Utf16(String),
}

impl From<EventError> for CommandError {
    fn from(error: EventError) -> Self {
        Self::bad_input(error)
    }
}

impl EventError {
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable {
            name: path.display().to_string(),
            source,
        }
    }

    pub(super) fn invalid(name: &str, error: &serde_json::Error) -> Self {
        Self::InvalidJson {
            name: name.to_owned(),
            line: error.line(),
            column: error.column(),
            problem: if error.is_eof() {
                "it ends too early"
            } else {
                "this is not expected here"
            },
        }
    }

    /// The same in a part of a file that has so many lines before it.
    pub(super) fn invalid_after(name: &str, error: &serde_json::Error, lines: usize) -> Self {
        let mut invalid = Self::invalid(name, error);
        if let Self::InvalidJson { line, .. } = &mut invalid {
            *line += lines;
        }
        invalid
    }

    pub(super) fn empty(name: &str) -> Self {
        Self::InvalidJson {
            name: name.to_owned(),
            line: 1,
            column: 0,
            problem: "it is empty",
        }
    }

    /// `at`: which document of the file, from 0.
    pub(super) fn not_records(
        name: &str,
        at: usize,
        document: &RawValue,
        problem: NotRecords,
    ) -> Self {
        let name = if at == 0 {
            name.to_owned()
        } else {
            format!("{name}:{}", at + 1)
        };
        if problem != NotRecords::Unknown {
            return Self::OtherSource { name, problem };
        }
        // The reader of events says where it stopped.
        let stopped = envelope::split(document.get().as_bytes()).err();
        let (line, column) = stopped.map_or((1, 0), |error| (error.line, error.column));
        Self::NotAnEvent { name, line, column }
    }
}

/// A file's text, without the byte order mark that some tools put first.
pub(super) fn text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, EventError> {
    let bytes = without_mark(name, bytes)?;
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        EventError::InvalidJson {
            name: name.to_owned(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            column: 1 + before.len() - line_start,
            problem: "it is not UTF-8",
        }
    })
}

/// The start of a file without its byte order mark; one of UTF-16 is refused.
pub(super) fn without_mark<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a [u8], EventError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(EventError::Utf16(name.to_owned()));
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}
