//! Both versions of each finding, for whoever shows or writes them: in memory up to a limit, beyond it in a file.

use std::io::{self, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::images::Version;

/// The versions of findings, by the finding's place in the list.
#[derive(Debug)]
pub struct FindingVersions {
    content: SpooledTempFile,
    bytes: u64,
    places: Vec<[Place; 2]>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Image(u64, u32),
    Deleted,
    Unknown,
}

impl FindingVersions {
    /// Keeps about `memory` bytes in memory.
    pub(super) fn new(memory: u64) -> Self {
        Self {
            content: SpooledTempFile::new(usize::try_from(memory).unwrap_or(usize::MAX)),
            bytes: 0,
            places: Vec::new(),
        }
    }

    /// Adds those of the next finding: the lost one and the one that won.
    pub(super) fn push(&mut self, lost: &Version, won: &Version) -> io::Result<()> {
        let places = [self.write(lost)?, self.write(won)?];
        self.places.push(places);
        Ok(())
    }

    fn write(&mut self, version: &Version) -> io::Result<Place> {
        Ok(match version {
            Version::Deleted => Place::Deleted,
            Version::Unknown => Place::Unknown,
            Version::Image(image) => {
                self.content.seek(SeekFrom::Start(self.bytes))?;
                self.content.write_all(image.as_bytes())?;
                let length = u32::try_from(image.len()).map_err(io::Error::other)?;
                let start = self.bytes;
                self.bytes += u64::from(length);
                Place::Image(start, length)
            }
        })
    }

    /// Those of a finding: the lost one and the one that won.
    ///
    /// # Errors
    ///
    /// Where the temporary file cannot be read.
    pub fn of(&mut self, finding: usize) -> io::Result<(Version, Version)> {
        match self.places.get(finding).copied() {
            Some([lost, won]) => Ok((self.read(lost)?, self.read(won)?)),
            None => Ok((Version::Unknown, Version::Unknown)),
        }
    }

    fn read(&mut self, place: Place) -> io::Result<Version> {
        let (start, length) = match place {
            Place::Image(start, length) => (start, length),
            Place::Deleted => return Ok(Version::Deleted),
            Place::Unknown => return Ok(Version::Unknown),
        };
        self.content.seek(SeekFrom::Start(start))?;
        let mut image = vec![0; length as usize];
        self.content.read_exact(&mut image)?;
        let image = String::from_utf8(image).map_err(io::Error::other)?;
        Ok(Version::Image(image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_back_from_memory_and_from_a_file() {
        let image = |text: &str| Version::Image(text.repeat(10));
        for memory in [0, 1 << 20] {
            let mut versions = FindingVersions::new(memory);
            versions.push(&image("a"), &image("bb")).unwrap();
            versions.push(&Version::Deleted, &image("c")).unwrap();
            versions.push(&image("d"), &Version::Unknown).unwrap();
            assert_eq!(versions.of(2).unwrap(), (image("d"), Version::Unknown));
            assert_eq!(versions.of(0).unwrap(), (image("a"), image("bb")));
            assert_eq!(versions.of(1).unwrap(), (Version::Deleted, image("c")));
            let none = (Version::Unknown, Version::Unknown);
            assert_eq!(versions.of(3).unwrap(), none);
        }
    }
}
