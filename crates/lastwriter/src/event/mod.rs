//! Events to replay or judge: files, folders of files, or standard input, in each of the forms in which stream records
//! are kept.

mod document;
mod error;
mod records;
mod stream;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use stream_processor::envelope;

use document::Document;
pub use document::NotRecords;
pub use error::EventError;
pub(crate) use records::RecordReader;
pub use stream::{Missing, Stream};

/// The events that a command is given.
#[derive(Debug, clap::Args)]
pub struct Input {
    /// Event files, folders of *.json files, or - for standard input
    ///
    /// A file holds a Lambda event of a DynamoDB stream, the object that Lambda puts into a failure bucket, what `aws
    /// dynamodbstreams get-records` prints (with --table), the bare list of EventBridge Pipes, one record, or several of
    /// these one after the other, as in JSON lines.
    #[arg(required = true, value_name = "EVENT")]
    pub events: Vec<PathBuf>,
    /// The stream that the records are of.
    #[command(flatten)]
    pub stream: Stream,
}

impl Input {
    /// Reads the events: from files, from every `*.json` of a folder by name, and from standard input for `-`.
    ///
    /// # Errors
    ///
    /// The first one that cannot be read or is no event.
    pub fn read(&self) -> Result<Vec<Event>, EventError> {
        read_all(&self.events, &self.stream)
    }
}

/// An event as Lambda would hand it to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The file that it comes from, or `-` for standard input; behind a colon its number where the file has several.
    pub name: String,
    /// The payload. An event that was given as Lambda sends it is here byte for byte.
    pub payload: Vec<u8>,
}

impl Event {
    /// How many records it has.
    pub fn records(&self) -> usize {
        envelope::split(&self.payload).map_or(0, |records| records.len())
    }
}

/// The events in a text, checked to be events.
///
/// Documents that are events are one each; records without an envelope that follow one another are one together.
///
/// # Errors
///
/// [`EventError`], with the place where reading stopped.
pub fn read_text(name: &str, text: &[u8], stream: &Stream) -> Result<Vec<Event>, EventError> {
    let text = error::text(name, text)?;
    let documents = serde_json::Deserializer::from_str(text).into_iter();
    let documents: Vec<&RawValue> = documents
        .collect::<Result<_, _>>()
        .map_err(|error| EventError::invalid(name, &error))?;
    if documents.is_empty() {
        return Err(EventError::empty(name));
    }
    let mut payloads: Vec<Payload> = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        let read = Document::read(document);
        match read.map_err(|problem| EventError::not_records(name, at, document, problem))? {
            Document::Event(event) => payloads.push(Payload::Event(event)),
            Document::Records(records) => match payloads.last_mut() {
                Some(Payload::Records(before)) => before.extend(records),
                _ => payloads.push(Payload::Records(records)),
            },
        }
    }
    let several = payloads.len() > 1;
    let payloads = payloads.into_iter().enumerate();
    let events = payloads.map(|(at, payload)| {
        let name = if several {
            format!("{name}:{}", at + 1)
        } else {
            name.to_owned()
        };
        match payload.finish(stream) {
            Ok(payload) => Ok(Event { name, payload }),
            Err(missing) => Err(EventError::Missing { name, missing }),
        }
    });
    events.collect()
}

/// An event while it is put together.
enum Payload {
    Event(Box<RawValue>),
    Records(Vec<Box<RawValue>>),
}

impl Payload {
    fn finish(self, stream: &Stream) -> Result<Vec<u8>, Missing> {
        match self {
            Self::Event(event) if stream.is_given() => {
                // It was read as an event, so it can be split.
                let records = envelope::split(event.get().as_bytes()).unwrap_or_default();
                let records: Vec<_> = records.into_iter().map(ToOwned::to_owned).collect();
                stream.event(&records, false)
            }
            Self::Event(event) => Ok(event.get().as_bytes().to_vec()),
            Self::Records(records) => stream.event(&records, true),
        }
    }
}

/// As [`Input::read`].
///
/// # Errors
///
/// The first one that cannot be read or is no event.
pub fn read_all(paths: &[PathBuf], stream: &Stream) -> Result<Vec<Event>, EventError> {
    let mut events = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            events.extend(read_text("-", &read_stdin()?, stream)?);
        } else if path.is_dir() {
            for file in files_of(path)? {
                events.extend(read(&file, stream)?);
            }
        } else {
            events.extend(read(path, stream)?);
        }
    }
    Ok(events)
}

fn read(path: &Path, stream: &Stream) -> Result<Vec<Event>, EventError> {
    let text = std::fs::read(path).map_err(|source| EventError::unreadable(path, source))?;
    read_text(&path.display().to_string(), &text, stream)
}

fn read_stdin() -> Result<Vec<u8>, EventError> {
    let mut text = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut text) {
        Ok(_) => Ok(text),
        Err(source) => Err(EventError::unreadable(Path::new("standard input"), source)),
    }
}

pub(crate) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, EventError> {
    let unreadable = |source| EventError::unreadable(folder, source);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
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
