//! Events to replay: files, folders of files, or standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use stream_processor::envelope;

use crate::failure::CommandError;

/// What a Lambda event of a DynamoDB stream looks like, for messages.
const EXPECTED: &str = "a Lambda event of a DynamoDB stream is {\"Records\": [...]}";

/// An event as Lambda would hand it to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The file that it comes from, or `-` for standard input.
    pub name: String,
    /// The payload, byte for byte.
    pub payload: Vec<u8>,
}

/// An event that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The file or folder cannot be read.
    #[error("{name} cannot be read: {source}")]
    Unreadable {
        /// The file or folder.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder holds no `*.json`.
    #[error(
        "{0} holds no *.json file; give event files, a folder of them, or - for standard input"
    )]
    EmptyFolder(String),
    /// The text is no JSON.
    #[error("{name}, line {line}, column {column}: no JSON: {problem}; {EXPECTED}")]
    NotJson {
        /// The file.
        name: String,
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
        /// What the reader said, without the file's own text.
        problem: &'static str,
    },
    /// It is JSON, but no stream event.
    #[error("{name}, line {line}, column {column}: JSON, but no list of Records; {EXPECTED}")]
    NotAnEvent {
        /// The file.
        name: String,
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
    },
}

impl From<EventError> for CommandError {
    fn from(error: EventError) -> Self {
        Self::bad_input(error)
    }
}

impl Event {
    /// An event from its text, checked to be one.
    ///
    /// # Errors
    ///
    /// [`EventError`] with the place where reading stopped.
    pub fn new(name: impl Into<String>, payload: Vec<u8>) -> Result<Self, EventError> {
        let name = name.into();
        let Err(refused) = envelope::split(&payload) else {
            return Ok(Self { name, payload });
        };
        // The reader of events says where it stopped; whether the text is JSON at all decides what to look for there.
        let Err(error) = serde_json::from_slice::<&RawValue>(&payload) else {
            return Err(EventError::NotAnEvent {
                name,
                line: refused.line,
                column: refused.column,
            });
        };
        Err(EventError::NotJson {
            name,
            line: error.line(),
            column: error.column(),
            problem: if error.is_eof() {
                "it ends too early"
            } else {
                "this is not expected here"
            },
        })
    }

    /// How many records it has.
    pub fn records(&self) -> usize {
        envelope::split(&self.payload).map_or(0, |records| records.len())
    }
}

/// Reads events: a file each, every `*.json` of a folder by name, standard input for `-`.
///
/// # Errors
///
/// The first one that cannot be read or is no event.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Event>, EventError> {
    let mut events = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            events.push(Event::new("-", read_stdin()?)?);
        } else if path.is_dir() {
            for file in files_of(path)? {
                events.push(read(&file)?);
            }
        } else {
            events.push(read(path)?);
        }
    }
    Ok(events)
}

fn read(path: &Path) -> Result<Event, EventError> {
    let payload = std::fs::read(path).map_err(|source| unreadable(path, source))?;
    Event::new(path.display().to_string(), payload)
}

fn read_stdin() -> Result<Vec<u8>, EventError> {
    let mut payload = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut payload)
        .map_err(|source| EventError::Unreadable {
            name: "standard input".to_owned(),
            source,
        })?;
    Ok(payload)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, EventError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        let path = entry.map_err(|source| unreadable(folder, source))?.path();
        if path.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(EventError::EmptyFolder(folder.display().to_string()));
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, source: std::io::Error) -> EventError {
    EventError::Unreadable {
        name: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(payload: &str) -> String {
        Event::new("event.json", payload.into())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_is_no_event_is_told_with_file_and_position() {
        insta::assert_snapshot!(refused("{\"Records\": [\n  {},\n  oops\n]}"), @r#"event.json, line 3, column 3: no JSON: this is not expected here; a Lambda event of a DynamoDB stream is {"Records": [...]}"#);
        insta::assert_snapshot!(refused("{\"Records\": [\n"), @r#"event.json, line 2, column 0: no JSON: it ends too early; a Lambda event of a DynamoDB stream is {"Records": [...]}"#);
        insta::assert_snapshot!(refused("{\n  \"records\": []\n}"), @r#"event.json, line 3, column 1: JSON, but no list of Records; a Lambda event of a DynamoDB stream is {"Records": [...]}"#);
    }

    #[test]
    fn the_text_of_a_refused_file_stays_out_of_the_message() {
        for payload in ["secret", "\"secret\"", "{\"Records\": \"secret\"}"] {
            assert!(!refused(payload).contains("secret"));
        }
    }

    #[test]
    fn a_folder_gives_its_json_files_by_name_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", "notes.txt"] {
            std::fs::write(folder.path().join(name), "{\"Records\":[]}").unwrap();
        }
        std::fs::create_dir(folder.path().join("expected.json")).unwrap();
        let events = read_all(&[folder.path().to_owned()]).unwrap();
        let names: Vec<&str> = events
            .iter()
            .filter_map(|event| event.name.rsplit('/').next())
            .collect();
        assert_eq!(names, ["a.json", "b.json"]);
    }

    #[test]
    fn a_folder_without_events_and_a_missing_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let empty = read_all(&[folder.path().to_owned()]).unwrap_err();
        assert!(matches!(empty, EventError::EmptyFolder(_)), "{empty}");
        let missing = read_all(&[folder.path().join("none.json")]).unwrap_err();
        assert!(
            missing.to_string().contains("none.json cannot be read"),
            "{missing}"
        );
    }
}
