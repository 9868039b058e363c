//! The new images of records that are not decided yet, so that a finding can be shown: in memory up to a limit, beyond
//! it in temporary files that no name leads to.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Seek, SeekFrom, Write};

use join::RecordReference;
use tempfile::SpooledTempFile;

/// Segments of which memory holds so many. A segment is let go as a whole.
const SEGMENTS: u64 = 8;
/// No segment is smaller or larger, so that there are neither many files nor much that is kept too long.
const SMALLEST: u64 = 64 * 1024;
const LARGEST: u64 = 64 * 1024 * 1024;

/// What a stream record left of its item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The item, as DynamoDB JSON.
    Image(String),
    /// No item: it was deleted.
    Deleted,
    /// The streams that were read do not show it, or images were not kept.
    Unknown,
}

/// Versions by Region and sequence number, held until nothing can refer to them.
#[derive(Debug)]
pub(super) struct ImageStore {
    regions: Vec<String>,
    in_memory: u64,
    segment_bytes: u64,
    segments: VecDeque<Segment>,
}

#[derive(Debug)]
struct Segment {
    /// The latest second of a record in it.
    latest: u64,
    places: HashMap<(usize, Box<str>), Place>,
    bytes: u64,
    /// It is in memory until it is rolled over to a file.
    content: SpooledTempFile,
    rolled: bool,
}

/// Where in a segment a version lies; none for a deleted item.
type Place = Option<(u64, u32)>;

impl ImageStore {
    /// Keeps about `memory` bytes in memory.
    pub(super) fn new(regions: &[String], memory: u64) -> Self {
        Self {
            regions: regions.to_vec(),
            in_memory: memory,
            segment_bytes: (memory / SEGMENTS).clamp(SMALLEST, LARGEST),
            segments: VecDeque::new(),
        }
    }

    /// Keeps the version that a record of this second left: its image as DynamoDB JSON, or none.
    pub(super) fn keep(
        &mut self,
        region: &str,
        sequence_number: &str,
        second: u64,
        image: Option<&str>,
    ) -> io::Result<()> {
        let Some(region) = self.region(region) else {
            return Ok(());
        };
        let size = self.segment_bytes;
        if self.segments.back().is_none_or(|last| last.bytes >= size) {
            self.segments.push_back(Segment::new());
            self.roll()?;
        }
        match self.segments.back_mut() {
            Some(segment) => segment.keep((region, sequence_number.into()), second, image),
            None => Ok(()),
        }
    }

    /// The version that a record left.
    pub(super) fn version(&mut self, of: &RecordReference) -> io::Result<Version> {
        let Some(region) = self.region(&of.region) else {
            return Ok(Version::Unknown);
        };
        let key: (usize, Box<str>) = (region, of.sequence_number.as_str().into());
        for segment in &mut self.segments {
            if let Some(place) = segment.places.get(&key).copied() {
                return segment.read(place);
            }
        }
        Ok(Version::Unknown)
    }

    /// Lets go of what lies before this second; of everything, if there is none.
    pub(super) fn let_go(&mut self, before: Option<u64>) {
        while let Some(first) = self.segments.front() {
            if before.is_some_and(|second| first.latest >= second) {
                break;
            }
            self.segments.pop_front();
        }
    }

    fn region(&self, name: &str) -> Option<usize> {
        self.regions.iter().position(|region| region == name)
    }

    /// Takes the oldest segments to files, until the others fit into memory.
    fn roll(&mut self) -> io::Result<()> {
        let held = |segment: &&Segment| !segment.rolled;
        let mut bytes: u64 = self.segments.iter().filter(held).map(|s| s.bytes).sum();
        for segment in self.segments.iter_mut().filter(|segment| !segment.rolled) {
            if bytes <= self.in_memory {
                break;
            }
            segment.content.roll()?;
            segment.rolled = true;
            bytes -= segment.bytes;
        }
        Ok(())
    }
}

impl Segment {
    fn new() -> Self {
        Self {
            latest: 0,
            places: HashMap::new(),
            bytes: 0,
            content: SpooledTempFile::new(usize::MAX),
            rolled: false,
        }
    }

    fn keep(&mut self, key: (usize, Box<str>), second: u64, image: Option<&str>) -> io::Result<()> {
        self.latest = self.latest.max(second);
        let place = match image {
            None => None,
            Some(image) => {
                self.content.seek(SeekFrom::Start(self.bytes))?;
                self.content.write_all(image.as_bytes())?;
                let length = u32::try_from(image.len()).map_err(io::Error::other)?;
                let place = (self.bytes, length);
                self.bytes += u64::from(length);
                Some(place)
            }
        };
        self.places.insert(key, place);
        Ok(())
    }

    fn read(&mut self, place: Place) -> io::Result<Version> {
        let Some((start, length)) = place else {
            return Ok(Version::Deleted);
        };
        self.content.seek(SeekFrom::Start(start))?;
        let mut image = String::new();
        let mut content = (&mut self.content).take(u64::from(length));
        content.read_to_string(&mut image)?;
        Ok(Version::Image(image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(region: &str, number: u64) -> RecordReference {
        RecordReference {
            region: region.to_owned(),
            sequence_number: number.to_string(),
            event_id: None,
        }
    }

    fn store(memory: u64) -> ImageStore {
        ImageStore::new(&["eu-west-1".to_owned(), "us-east-1".to_owned()], memory)
    }

    #[test]
    fn a_version_is_found_by_region_and_number_and_a_delete_is_told_from_what_was_not_seen() {
        let mut store = store(1 << 20);
        store.keep("us-east-1", "1", 5, Some("{\"a\":1}")).unwrap();
        store.keep("eu-west-1", "1", 5, Some("{\"b\":2}")).unwrap();
        store.keep("us-east-1", "2", 6, None).unwrap();
        let image = |text: &str| Version::Image(text.to_owned());
        for (region, number, expected) in [
            ("us-east-1", 1, image("{\"a\":1}")),
            ("eu-west-1", 1, image("{\"b\":2}")),
            ("us-east-1", 2, Version::Deleted),
            ("eu-west-1", 2, Version::Unknown),
            ("sa-east-1", 1, Version::Unknown),
        ] {
            let version = store.version(&reference(region, number)).unwrap();
            assert_eq!(version, expected, "{region} {number}");
        }
    }

    #[test]
    fn more_than_memory_may_hold_is_in_files_and_can_be_read_all_the_same() {
        let mut store = store(4 * SMALLEST);
        let image = |number: u64| format!("{number:0>10000}");
        for number in 0..200 {
            let image = image(number);
            store
                .keep("us-east-1", &number.to_string(), number, Some(&image))
                .unwrap();
        }
        let rolled = store.segments.iter().filter(|segment| segment.rolled);
        assert!(rolled.count() >= 20, "{}", store.segments.len());
        let in_memory: u64 = store
            .segments
            .iter()
            .filter(|segment| !segment.rolled)
            .map(|segment| segment.bytes)
            .sum();
        assert!(in_memory <= 5 * SMALLEST + 10_000, "{in_memory}");
        for number in [0, 100, 199] {
            let version = store.version(&reference("us-east-1", number)).unwrap();
            assert_eq!(version, Version::Image(image(number)));
        }
    }

    #[test]
    fn what_lies_before_the_oldest_second_that_is_held_is_let_go() {
        let mut store = store(4 * SMALLEST);
        let image = "x".repeat(10_000);
        for second in 0..100 {
            store
                .keep("us-east-1", &second.to_string(), second, Some(&image))
                .unwrap();
        }
        store.let_go(Some(50));
        let version = |store: &mut ImageStore, number| {
            store.version(&reference("us-east-1", number)).unwrap()
        };
        assert_eq!(version(&mut store, 0), Version::Unknown);
        assert_eq!(version(&mut store, 50), Version::Image(image));
        store.let_go(None);
        assert_eq!(version(&mut store, 99), Version::Unknown);
        assert!(store.segments.is_empty());
    }
}
