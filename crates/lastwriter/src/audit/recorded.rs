//! Recorded stream events: from files and standard input, merged by their time, so that little is held at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use conflict::StampNames;
use join::{ReadError, Sighting};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::AuditError;
use crate::event::{self, EventError, RecordReader, Stream};

/// Records of one input: a file, a folder's files one after the other, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedStream {
    /// Where they are.
    pub path: PathBuf,
    /// The Region whose stream they are of, where they do not say so.
    pub region: Option<String>,
}

impl RecordedStream {
    /// Reads `us.json`, or `us-east-1=us.json` for records that name no Region, or one that AWS does not have.
    ///
    /// # Errors
    ///
    /// None: what names no Region is a path.
    pub fn parse(text: &str) -> Result<Self, std::convert::Infallible> {
        let named = text.split_once('=').filter(|(region, path)| {
            conflict::is_region_name(region) && !path.is_empty() && !Path::new(text).exists()
        });
        Ok(match named {
            Some((region, path)) => Self {
                path: path.into(),
                region: Some(region.to_owned()),
            },
            None => Self {
                path: text.into(),
                region: None,
            },
        })
    }
}

/// A record as it was recorded.
pub(super) struct RecordedRecord {
    pub(super) sighting: Sighting,
    text: Box<RawValue>,
}

impl RecordedRecord {
    /// The text of the image that it left, if there is one.
    pub(super) fn new_image(&self) -> Option<&str> {
        new_image(self.text.get())
    }
}

/// The text of the image that a record left, if there is one.
pub(crate) fn new_image(record: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        dynamodb: Change<'a>,
    }
    #[derive(Deserialize)]
    struct Change<'a> {
        #[serde(rename = "NewImage", borrow)]
        new_image: Option<&'a RawValue>,
    }
    let record: Record<'_> = serde_json::from_str(record).ok()?;
    Some(record.dynamodb.new_image?.get())
}

/// What the next record is.
pub(super) enum Next {
    /// A record.
    Record(Box<RecordedRecord>),
    /// A record that cannot be read.
    Unreadable,
    /// There is none.
    End,
}

/// All inputs, merged: of the inputs' next records the earliest one comes first.
pub(super) struct Recorded {
    inputs: Vec<Input>,
    /// The second of each input's next record.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
    stamps: StampNames,
    unreadable: u64,
}

struct Input {
    files: VecDeque<PathBuf>,
    reader: Option<RecordReader<File>>,
    stream: Stream,
    /// Bytes of files that are read to the end.
    bytes: u64,
    pending: VecDeque<Box<RawValue>>,
    head: Option<Box<RecordedRecord>>,
    /// Records before the next one, for messages.
    records: u64,
}

impl Recorded {
    /// Opens every input and reads each one's first record.
    pub(super) fn open(
        streams: &[RecordedStream],
        table: Option<&str>,
        stamps: &StampNames,
    ) -> Result<Self, AuditError> {
        let mut recorded = Self {
            inputs: Vec::new(),
            heads: BinaryHeap::new(),
            stamps: stamps.clone(),
            unreadable: 0,
        };
        for stream in streams {
            let files = files(&stream.path)?;
            let at = recorded.inputs.len();
            recorded.inputs.push(Input {
                files,
                reader: None,
                stream: Stream {
                    table: table.map(str::to_owned),
                    region: stream.region.clone(),
                },
                bytes: 0,
                pending: VecDeque::new(),
                head: None,
                records: 0,
            });
            recorded.refill(at)?;
        }
        Ok(recorded)
    }

    /// The second before which no record comes any more, if every input is in the order of time.
    pub(super) fn second(&self) -> Option<u64> {
        self.heads.peek().map(|Reverse((second, _))| *second)
    }

    /// How many bytes have been read.
    pub(super) fn bytes(&self) -> u64 {
        let bytes =
            |input: &Input| input.bytes + input.reader.as_ref().map_or(0, RecordReader::bytes);
        self.inputs.iter().map(bytes).sum()
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Next, AuditError> {
        if self.unreadable > 0 {
            self.unreadable -= 1;
            return Ok(Next::Unreadable);
        }
        let Some(Reverse((_, at))) = self.heads.pop() else {
            return Ok(Next::End);
        };
        let head = self.inputs[at].head.take();
        self.refill(at)?;
        match head {
            Some(record) => Ok(Next::Record(record)),
            None => Ok(Next::End),
        }
    }

    /// Reads on until an input has a next record, or ends.
    fn refill(&mut self, at: usize) -> Result<(), AuditError> {
        let input = &mut self.inputs[at];
        while let Some(text) = input.next_text()? {
            let number = input.records;
            input.records += 1;
            match Sighting::from_json(text.get(), &self.stamps) {
                Ok(sighting) => {
                    self.heads.push(Reverse((sighting.second, at)));
                    input.head = Some(Box::new(RecordedRecord { sighting, text }));
                    return Ok(());
                }
                Err(ReadError::MissingImage(_)) => {
                    return Err(AuditError::NoImages {
                        place: format!("{}, record {number}", input.name()),
                    });
                }
                Err(ReadError::NotARecord { .. } | ReadError::Missing(_)) => self.unreadable += 1,
            }
        }
        Ok(())
    }
}

impl Input {
    fn name(&self) -> &str {
        self.reader.as_ref().map_or("", RecordReader::name)
    }

    fn next_text(&mut self) -> Result<Option<Box<RawValue>>, AuditError> {
        loop {
            if let Some(text) = self.pending.pop_front() {
                return Ok(Some(text));
            }
            let Some(reader) = &mut self.reader else {
                let Some(path) = self.files.pop_front() else {
                    return Ok(None);
                };
                let file =
                    File::open(&path).map_err(|source| EventError::unreadable(&path, source))?;
                let name = path.display().to_string();
                self.reader = Some(RecordReader::new(name, file, self.stream.clone()));
                continue;
            };
            match reader.next_records()? {
                Some(records) => self.pending.extend(records),
                None => {
                    self.bytes += reader.bytes();
                    self.reader = None;
                }
            }
        }
    }
}

/// A path's files, in the order in which they are read.
fn files(path: &Path) -> Result<VecDeque<PathBuf>, EventError> {
    match path.is_dir() {
        true => event::files_of(path).map(VecDeque::from),
        false => Ok(VecDeque::from([path.to_owned()])),
    }
}

/// Copies standard input to a temporary file, which is gone once it is closed.
pub(super) fn standard_input() -> Result<tempfile::NamedTempFile, EventError> {
    let copy = || -> io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::NamedTempFile::new()?;
        io::copy(&mut io::stdin().lock(), file.as_file_mut())?;
        Ok(file)
    };
    copy().map_err(|source| EventError::unreadable(Path::new("standard input"), source))
}

/// How many bytes the inputs have; none where that is not known.
pub(super) fn size(streams: &[RecordedStream]) -> Option<u64> {
    let length = |path: &Path| Some(path.metadata().ok()?.len());
    let mut sum = 0;
    for stream in streams {
        for file in files(&stream.path).ok()? {
            sum += length(&file)?;
        }
    }
    Some(sum)
}
