//! What is remembered of each judged record until its batch is answered.
//!
//! A batch can have 10,000 records, so this is a few words: names of tables and Regions are kept once a batch.

use conflict::{Kind, ReplicatedWrite, Verdict};
use strum::IntoStaticStr;

use crate::record::{EventName, Record};

/// The index of a table's name.
pub(crate) type TableIndex = u16;

/// The index of a Region's name.
pub(crate) type RegionIndex = u16;

/// A judged record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedRecord {
    /// The table that it is of.
    pub table: TableIndex,
    /// What was found.
    pub judgement: Judgement,
    /// Whether it brought a stamp that its writer cannot have meant.
    pub has_odd_stamp: bool,
}

impl JudgedRecord {
    /// Keeps what a verdict says of a record, with the names of Regions in `names`. The table is for the batch to fill in.
    ///
    /// A time that measures nothing is left out: an odd one, and that of an item older than the stream.
    pub(crate) fn new(
        record: &Record<'_>,
        verdict: &Verdict<'_>,
        has_odd_stamp: bool,
        names: &mut NameIndex,
    ) -> Self {
        let mut judgement = Judgement::new(verdict, names);
        if let Judgement::Replicated(write) | Judgement::Conflict { winner: write, .. } =
            &mut judgement
        {
            let is_copied = |micros| {
                record.event_name == EventName::Insert && record.is_older_than_stream(micros)
            };
            write.written_at = write
                .written_at
                .filter(|micros| !has_odd_stamp && !is_copied(*micros));
        }
        Self {
            has_odd_stamp,
            ..judgement.into()
        }
    }
}

impl From<Judgement> for JudgedRecord {
    fn from(judgement: Judgement) -> Self {
        Self {
            table: TableIndex::MAX,
            judgement,
            has_odd_stamp: false,
        }
    }
}

/// What a record is: a verdict, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantNames))]
#[strum(serialize_all = "snake_case")]
pub enum Judgement {
    /// See [`Verdict::NoWrite`].
    NoWrite,
    /// See [`Verdict::Unstamped`].
    Unstamped,
    /// See [`Verdict::Conflict`].
    Conflict {
        /// What the two sides did.
        kind: Kind,
        /// The version that won.
        winner: ReplicatedWrite<RegionIndex>,
        /// How many writes of this Region were lost.
        lost_writes: u64,
    },
    /// See [`Verdict::Replicated`].
    Replicated(ReplicatedWrite<RegionIndex>),
    /// See [`Verdict::Local`].
    Local,
    /// See [`Verdict::LocalOverwrite`].
    LocalOverwrite,
    /// See [`Verdict::StaleOverwrite`].
    StaleOverwrite,
    /// See [`Verdict::Resurrection`].
    Resurrection,
    /// See [`Verdict::Expired`].
    Expired,
    /// See [`Verdict::Purged`].
    Purged,
    /// See [`Verdict::HardDelete`].
    HardDelete,
    /// See [`Verdict::SuspectedConflict`].
    SuspectedConflict,
    /// See [`Verdict::PossibleConflict`].
    PossibleConflict,
    /// The stream lacks the images that the record needs.
    Unusable,
    /// The record was quarantined.
    Malformed,
}

impl Judgement {
    /// Keeps what a verdict says, with the Regions' names in `names`.
    pub(crate) fn new(verdict: &Verdict<'_>, names: &mut NameIndex) -> Self {
        match verdict {
            Verdict::NoWrite => Judgement::NoWrite,
            Verdict::Unstamped => Judgement::Unstamped,
            Verdict::Conflict(conflict) => Judgement::Conflict {
                kind: conflict.kind,
                winner: ReplicatedWrite {
                    origin: names.region_index(conflict.winner_region),
                    written_at: conflict.winner_written_at,
                    returned_writes: conflict.returned_writes,
                },
                lost_writes: conflict.lost_writes,
            },
            Verdict::Replicated(write) => Judgement::Replicated(ReplicatedWrite {
                origin: names.region_index(write.origin),
                written_at: write.written_at,
                returned_writes: write.returned_writes,
            }),
            Verdict::Local => Judgement::Local,
            Verdict::LocalOverwrite => Judgement::LocalOverwrite,
            Verdict::StaleOverwrite => Judgement::StaleOverwrite,
            Verdict::Resurrection => Judgement::Resurrection,
            Verdict::Expired => Judgement::Expired,
            Verdict::Purged => Judgement::Purged,
            Verdict::HardDelete => Judgement::HardDelete,
            Verdict::SuspectedConflict(_) => Judgement::SuspectedConflict,
            Verdict::PossibleConflict => Judgement::PossibleConflict,
        }
    }

    /// The verdict's name, or what stands for one.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The Region that the record's version came from, if it came from another one.
    pub fn origin(self) -> Option<RegionIndex> {
        match self {
            Judgement::Conflict { winner: write, .. } | Judgement::Replicated(write) => {
                Some(write.origin)
            }
            Judgement::NoWrite
            | Judgement::Unstamped
            | Judgement::Local
            | Judgement::LocalOverwrite
            | Judgement::StaleOverwrite
            | Judgement::Resurrection
            | Judgement::Expired
            | Judgement::Purged
            | Judgement::HardDelete
            | Judgement::SuspectedConflict
            | Judgement::PossibleConflict
            | Judgement::Unusable
            | Judgement::Malformed => None,
        }
    }
}

/// The names of a batch's tables and Regions, each kept once.
#[derive(Debug, Default)]
pub struct NameIndex {
    tables: Vec<String>,
    regions: Vec<String>,
}

impl NameIndex {
    /// What stands for a name that has no index of its own.
    pub(crate) const UNKNOWN: &str = "unknown";

    /// The index of a table's name.
    pub(crate) fn table_index(&mut self, name: &str) -> TableIndex {
        index_of(&mut self.tables, name)
    }

    /// The index of a Region's name.
    pub(crate) fn region_index(&mut self, name: &str) -> RegionIndex {
        index_of(&mut self.regions, name)
    }

    /// A table's name.
    pub fn table(&self, index: TableIndex) -> &str {
        self.tables
            .get(usize::from(index))
            .map_or(Self::UNKNOWN, String::as_str)
    }

    /// A Region's name.
    pub fn region(&self, index: RegionIndex) -> &str {
        self.regions
            .get(usize::from(index))
            .map_or(Self::UNKNOWN, String::as_str)
    }

    /// The tables of the batch.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(String::as_str)
    }
}

/// The most names of a kind that a batch keeps. It has one table, and AWS has fewer Regions; but a stamp may name a
/// Region that does not exist, and each that is kept is looked at for each record, and becomes a metric.
const MAX_NAMES: usize = 256;

/// Looks a name up or adds it. A batch has one table and a handful of Regions, so looking at all of them is quickest.
/// Names beyond [`MAX_NAMES`] are all "unknown".
fn index_of(names: &mut Vec<String>, name: &str) -> u16 {
    let known = names.iter().position(|known| known == name);
    let at = known.unwrap_or(names.len());
    if at == MAX_NAMES {
        return u16::MAX;
    }
    if known.is_none() {
        names.push(name.to_owned());
    }
    at as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let mut names = NameIndex::default();
        assert_eq!(names.region_index("eu-west-1"), 0);
        assert_eq!(names.region_index("us-east-1"), 1);
        assert_eq!(names.region_index("eu-west-1"), 0);
        assert_eq!(names.region(1), "us-east-1");
        assert_eq!(names.table(0), "unknown");
    }

    #[test]
    fn names_beyond_the_most_are_unknown() {
        let mut names = NameIndex::default();
        let all: Vec<u16> = (0..MAX_NAMES + 2)
            .map(|number| names.region_index(&format!("a-b-{number}")))
            .collect();
        assert_eq!(names.region(all[MAX_NAMES - 1]), "a-b-255");
        assert_eq!(all[MAX_NAMES..], [u16::MAX; 2]);
        assert_eq!(names.region(u16::MAX), NameIndex::UNKNOWN);
        assert_eq!(names.region_index("a-b-0"), all[0]);
    }

    #[test]
    fn every_verdict_keeps_its_name() {
        for name in Verdict::NAMES {
            assert!(
                <Judgement as strum::VariantNames>::VARIANTS.contains(name),
                "{name}"
            );
        }
    }

    #[test]
    fn a_judged_record_is_small() {
        assert!(
            size_of::<JudgedRecord>() <= 56,
            "{}",
            size_of::<JudgedRecord>()
        );
    }
}
