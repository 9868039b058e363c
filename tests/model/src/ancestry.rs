//! What each version descends from: one bit per applied write of the item.
//!
//! A set of bits a version, all of one length, in one allocation: a million writes take seconds.

/// The ancestors of every version of one item.
#[derive(Debug, Clone, Default)]
pub struct Ancestry {
    words: usize,
    bits: Vec<u64>,
}

impl Ancestry {
    /// No versions yet, of an item that sees up to this many applied writes.
    pub fn for_writes(writes: usize) -> Self {
        Self {
            words: writes.div_ceil(64).max(1),
            bits: Vec::new(),
        }
    }

    /// Adds a version that descends from `parent` and, if it is a write, from itself. Versions are numbered from 0.
    pub fn add(&mut self, parent: Option<usize>, write: Option<usize>) {
        let start = self.bits.len();
        match parent {
            Some(parent) => {
                let from = parent * self.words;
                self.bits.extend_from_within(from..from + self.words);
            }
            None => self.bits.resize(start + self.words, 0),
        }
        if let Some(write) = write {
            self.bits[start + write / 64] |= 1 << (write % 64);
        }
    }

    /// The writes that a version descends from, itself among them.
    pub fn writes(&self, version: usize) -> Writes<'_> {
        Writes(&self.bits[version * self.words..(version + 1) * self.words])
    }

    /// An empty set of writes, of this item's size.
    pub fn none(&self) -> WriteSet {
        WriteSet(vec![0; self.words])
    }
}

/// A set of writes, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Writes<'a>(&'a [u64]);

/// A set of writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteSet(Vec<u64>);

impl<'a> Writes<'a> {
    /// Whether a write is among them.
    pub fn contains(&self, write: usize) -> bool {
        self.0[write / 64] >> (write % 64) & 1 == 1
    }

    /// The writes of this set that are in `among` and not in `other`, a word at a time.
    fn missing_words(
        self,
        other: Option<Writes<'a>>,
        among: &'a WriteSet,
    ) -> impl Iterator<Item = u64> + 'a {
        self.0
            .iter()
            .zip(&among.0)
            .enumerate()
            .map(move |(at, (mine, among))| {
                mine & among & !other.map_or(0, |other: Writes<'a>| other.0[at])
            })
    }

    /// Whether every write of this set that is in `among` is in `other` as well.
    pub fn all_in(self, other: Option<Writes<'a>>, among: &'a WriteSet) -> bool {
        self.missing_words(other, among).all(|word| word == 0)
    }

    /// The writes of this set that are in `among` and not in `other`, by number.
    pub fn missing(self, other: Option<Writes<'a>>, among: &'a WriteSet) -> Vec<usize> {
        let mut set = WriteSet(vec![0; self.0.len()]);
        set.add_missing(self, other, among);
        set.iter().collect()
    }
}

impl WriteSet {
    /// Takes in a write.
    pub fn insert(&mut self, write: usize) {
        self.0[write / 64] |= 1 << (write % 64);
    }

    /// Takes in the writes of `set` that are in `among` and not in `other`.
    pub fn add_missing(&mut self, set: Writes<'_>, other: Option<Writes<'_>>, among: &WriteSet) {
        for (mine, word) in self.0.iter_mut().zip(set.missing_words(other, among)) {
            *mine |= word;
        }
    }

    /// The set, borrowed.
    pub fn as_writes(&self) -> Writes<'_> {
        Writes(&self.0)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The writes by number.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| at * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_descends_from_its_parents_writes_and_its_own() {
        let mut ancestry = Ancestry::for_writes(130);
        ancestry.add(None, Some(0));
        ancestry.add(Some(0), Some(129));
        ancestry.add(Some(0), Some(64));
        ancestry.add(Some(1), None);
        let held = |version: usize| -> Vec<usize> {
            (0..130)
                .filter(|write| ancestry.writes(version).contains(*write))
                .collect()
        };
        assert_eq!(
            [held(0), held(1), held(2), held(3)],
            [vec![0], vec![0, 129], vec![0, 64], vec![0, 129]]
        );
    }

    #[test]
    fn what_one_version_has_and_another_has_not_is_found_among_the_asked_writes() {
        let mut ancestry = Ancestry::for_writes(70);
        ancestry.add(None, Some(3));
        ancestry.add(Some(0), Some(69));
        ancestry.add(Some(0), Some(5));
        let mut all = ancestry.none();
        (0..70).for_each(|write| all.insert(write));
        let mut few = ancestry.none();
        few.insert(3);
        assert_eq!(
            ancestry.writes(1).missing(Some(ancestry.writes(2)), &all),
            [69]
        );
        assert_eq!(ancestry.writes(1).missing(None, &all), [3, 69]);
        assert!(ancestry.writes(1).all_in(Some(ancestry.writes(2)), &few));
        assert!(!ancestry.writes(1).all_in(Some(ancestry.writes(2)), &all));
        assert_eq!((all.len(), few.len(), few.is_empty()), (70, 1, false));
    }
}
