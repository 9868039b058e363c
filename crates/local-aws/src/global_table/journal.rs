//! The replicator's own file: what it knows of a replica's versions, kept across a restart.
//!
//! One line of JSON for each version, the last one of an item counts. It is written after the item, so a crash in
//! between leaves a change without a line; the next start finds it in the database's stream, after the position of
//! the last line, and takes it for a local write.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::clock::StoredTimestamp;
use super::{GlobalTableError, ItemKey, PrivateTimestamp};

/// One version of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JournalEntry {
    pub(super) key: ItemKey,
    pub(super) version: PrivateTimestamp,
    /// How far the database's stream had been read.
    pub(super) position: i64,
}

#[derive(Serialize, Deserialize)]
struct JournalLine {
    key: ItemKey,
    version: StoredTimestamp,
    position: i64,
}

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    file: BufWriter<File>,
    /// The first error since the last flush.
    error: Option<io::Error>,
}

impl Journal {
    /// Opens the file at `path` or makes it, and gives what it holds. The file is written anew with one line an item.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<JournalEntry>), GlobalTableError> {
        let failed = |source| GlobalTableError::Journal {
            path: path.to_owned(),
            source,
        };
        let entries = read(path).map_err(failed)?;
        let fresh: PathBuf = path.with_extension("versions.new");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)
            .map_err(failed)?;
        let mut journal = Self {
            file: BufWriter::new(file),
            error: None,
        };
        for entry in &entries {
            journal.append(entry);
        }
        journal.flush().map_err(failed)?;
        fs::rename(&fresh, path).map_err(failed)?;
        Ok((journal, entries))
    }

    /// Adds a line. An error shows at the next flush.
    pub(super) fn append(&mut self, entry: &JournalEntry) {
        let line = JournalLine {
            key: entry.key.clone(),
            version: entry.version.into(),
            position: entry.position,
        };
        let written = serde_json::to_writer(&mut self.file, &line)
            .map_err(io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"));
        if let Err(error) = written {
            self.error.get_or_insert(error);
        }
    }

    /// Hands the lines to the operating system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        }
    }
}

/// The last entry of each item, in no order. A last line that was cut off by a crash is left out.
fn read(path: &Path) -> io::Result<Vec<JournalEntry>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = HashMap::new();
    let mut reader = BufReader::new(file);
    let mut text = String::new();
    while reader.read_line(&mut text)? > 0 {
        if text.ends_with('\n') {
            let entry = parse(&text)?;
            entries.insert(entry.key.clone(), entry);
        }
        text.clear();
    }
    Ok(entries.into_values().collect())
}

fn parse(text: &str) -> io::Result<JournalEntry> {
    let broken = |error: &dyn std::fmt::Display| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a line is not one that the replicator wrote: {error}"),
        )
    };
    let line: JournalLine = serde_json::from_str(text).map_err(|error| broken(&error))?;
    Ok(JournalEntry {
        key: line.key,
        version: PrivateTimestamp::try_from(line.version).map_err(|error| broken(&error))?,
        position: line.position,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global_table::{Item, Region};

    fn entry(pk: &str, micros: u64) -> JournalEntry {
        JournalEntry {
            key: ItemKey::new(pk, &Item::new()),
            version: PrivateTimestamp {
                micros,
                counter: 2,
                region: Region::parse("eu-west-1").unwrap(),
            },
            position: 17,
        }
    }

    #[test]
    fn what_was_written_is_read_back_with_the_last_entry_of_each_item() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("eu-west-1.versions");
        let (mut journal, before) = Journal::open(&path).unwrap();
        assert_eq!(before, []);
        journal.append(&entry("a", 1));
        journal.append(&entry("b", 2));
        journal.append(&entry("a", 3));
        journal.flush().unwrap();
        drop(journal);

        let (_, mut read) = Journal::open(&path).unwrap();
        read.sort_by_key(|entry| entry.version);
        assert_eq!(read, [entry("b", 2), entry("a", 3)]);
    }

    #[test]
    fn a_line_cut_off_by_a_crash_is_left_out_and_one_that_is_no_entry_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("eu-west-1.versions");
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(&entry("a", 1));
        journal.flush().unwrap();
        let whole = fs::read_to_string(&path).unwrap();

        fs::write(&path, format!("{whole}{{\"key\":{{\"table\"")).unwrap();
        assert_eq!(Journal::open(&path).unwrap().1, [entry("a", 1)]);

        fs::write(&path, format!("{whole}no entry\n")).unwrap();
        let error = Journal::open(&path).unwrap_err().to_string();
        assert!(error.contains("eu-west-1.versions"), "{error}");
    }
}
