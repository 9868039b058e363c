//! The records of a file, one document after the other: of a file of JSON lines only a part is in memory.

use std::io::Read;

use serde_json::value::RawValue;
use stream_processor::envelope;

use super::document::Document;
use super::{EventError, Stream, error};

/// How much is read at first; more where a document is larger.
const CHUNK: usize = 1024 * 1024;

/// The records of an input in each of the forms that [`Input`](super::Input) takes.
///
/// A document is in memory as a whole, and nothing else of the input is.
pub(crate) struct RecordReader<R> {
    name: String,
    input: R,
    stream: Stream,
    buffer: Vec<u8>,
    /// Where in the buffer the next document begins.
    next: usize,
    ended: bool,
    /// Documents and lines before the next document.
    documents: usize,
    lines: usize,
    bytes: u64,
}

impl<R: Read> RecordReader<R> {
    /// Reads `input`, called `name` in messages; `stream` is what its records are of where they do not say so.
    pub(crate) fn new(name: String, input: R, stream: Stream) -> Self {
        Self {
            name,
            input,
            stream,
            buffer: Vec::new(),
            next: 0,
            ended: false,
            documents: 0,
            lines: 0,
            bytes: 0,
        }
    }

    /// How the input is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes have been read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The records of the next document; none at the end of the input.
    ///
    /// # Errors
    ///
    /// [`EventError`], with the place where reading stopped. Nothing can be read after it.
    pub(crate) fn next_records(&mut self) -> Result<Option<Vec<Box<RawValue>>>, EventError> {
        loop {
            let text = &self.buffer[self.next..];
            let mut documents = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
            match documents.next() {
                Some(Ok(document)) => {
                    let end = documents.byte_offset();
                    let read = Document::read(document);
                    let read = read.map_err(|problem| {
                        EventError::not_records(&self.name, self.documents, document, problem)
                    })?;
                    let records = self.records_of(read)?;
                    self.documents += 1;
                    self.lines += text[..end].iter().filter(|byte| **byte == b'\n').count();
                    self.next += end;
                    return Ok(Some(records));
                }
                Some(Err(problem)) if !problem.is_eof() || self.ended => {
                    return Err(EventError::invalid_after(&self.name, &problem, self.lines));
                }
                None if self.ended && self.documents == 0 => {
                    return Err(EventError::empty(&self.name));
                }
                None if self.ended => return Ok(None),
                Some(Err(_)) | None => self.fill()?,
            }
        }
    }

    fn records_of(&self, document: Document) -> Result<Vec<Box<RawValue>>, EventError> {
        let (records, complete) = match document {
            // It was read as an event, so it can be split.
            Document::Event(event) => {
                let records = envelope::split(event.get().as_bytes()).unwrap_or_default();
                let records: Vec<_> = records.into_iter().map(ToOwned::to_owned).collect();
                if self.stream.region.is_none() {
                    return Ok(records);
                }
                (records, false)
            }
            Document::Records(records) => (records, true),
        };
        let missing = |missing| EventError::Missing {
            name: self.name.clone(),
            missing,
        };
        self.stream.records(records, complete).map_err(missing)
    }

    /// Reads on, behind what has not been used.
    fn fill(&mut self) -> Result<(), EventError> {
        self.buffer.drain(..self.next);
        self.next = 0;
        let before = self.buffer.len();
        let more = before.max(CHUNK) as u64;
        let read = (&mut self.input)
            .take(more)
            .read_to_end(&mut self.buffer)
            .map_err(|source| EventError::Unreadable {
                name: self.name.clone(),
                source,
            })?;
        if self.bytes == 0 {
            let marks = error::without_mark(&self.name, &self.buffer)?;
            self.next = self.buffer.len() - marks.len();
        }
        self.bytes += read as u64;
        self.ended = (read as u64) < more;
        Ok(())
    }
}
