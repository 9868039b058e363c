//! What is remembered of each judged record until its batch is answered.
//!
//! A batch can have 10,000 records, so a fact is a few words: names of tables and Regions are kept once a batch.

use conflict::{Kind, Verdict};

/// A judged record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// Index of the table's name.
    pub table: u16,
    /// How the record ended.
    pub outcome: Outcome,
}

/// How a record ended: a verdict, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// See [`Verdict::Unstamped`].
    Unstamped,
    /// See [`Verdict::Conflict`].
    Conflict {
        /// What the two sides did.
        kind: Kind,
        /// The winner's arrival.
        arrival: Arrival,
        /// How many writes of this Region were lost.
        lost_writes: u64,
    },
    /// See [`Verdict::Replicated`].
    Replicated(Arrival),
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
    /// The stream lacks the images that the record needs.
    Unusable,
    /// The record was quarantined.
    Malformed,
}

/// A foreign version that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Index of the Region's name.
    pub origin: u16,
    /// When it was written there, in epoch microseconds.
    pub written_at: Option<u64>,
    /// Writes of this Region that came back with it.
    pub returned_writes: u64,
}

impl Outcome {
    /// Keeps what a verdict says, with the Regions' names in `names`.
    pub fn of(verdict: &Verdict<'_>, names: &mut Names) -> Self {
        match verdict {
            Verdict::Unstamped => Outcome::Unstamped,
            Verdict::Conflict(conflict) => Outcome::Conflict {
                kind: conflict.kind,
                arrival: Arrival {
                    origin: names.region_index(conflict.winner_region),
                    written_at: conflict.winner_written_at,
                    returned_writes: conflict.returned_writes,
                },
                lost_writes: conflict.lost_writes,
            },
            Verdict::Replicated(replication) => Outcome::Replicated(Arrival {
                origin: names.region_index(replication.origin),
                written_at: replication.written_at,
                returned_writes: replication.returned_writes,
            }),
            Verdict::Local => Outcome::Local,
            Verdict::LocalOverwrite => Outcome::LocalOverwrite,
            Verdict::StaleOverwrite => Outcome::StaleOverwrite,
            Verdict::Resurrection => Outcome::Resurrection,
            Verdict::Expired => Outcome::Expired,
            Verdict::Purged => Outcome::Purged,
            Verdict::HardDelete => Outcome::HardDelete,
        }
    }

    /// The verdict's name, or what stands for one.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Unstamped => Verdict::Unstamped.name(),
            Outcome::Conflict { .. } => "conflict",
            Outcome::Replicated(_) => "replicated",
            Outcome::Local => Verdict::Local.name(),
            Outcome::LocalOverwrite => Verdict::LocalOverwrite.name(),
            Outcome::StaleOverwrite => Verdict::StaleOverwrite.name(),
            Outcome::Resurrection => Verdict::Resurrection.name(),
            Outcome::Expired => Verdict::Expired.name(),
            Outcome::Purged => Verdict::Purged.name(),
            Outcome::HardDelete => Verdict::HardDelete.name(),
            Outcome::Unusable => "unusable",
            Outcome::Malformed => "malformed",
        }
    }
}

/// The names of a batch's tables and Regions, each kept once.
#[derive(Debug, Default)]
pub struct Names {
    tables: Vec<String>,
    regions: Vec<String>,
}

impl Names {
    /// What stands for a name that has no index of its own.
    pub const UNKNOWN: &str = "unknown";

    /// The index of a table's name.
    pub fn table_index(&mut self, name: &str) -> u16 {
        index_of(&mut self.tables, name)
    }

    /// The index of a Region's name.
    pub fn region_index(&mut self, name: &str) -> u16 {
        index_of(&mut self.regions, name)
    }

    /// A table's name.
    pub fn table(&self, index: u16) -> &str {
        self.tables
            .get(usize::from(index))
            .map_or(Self::UNKNOWN, String::as_str)
    }

    /// A Region's name.
    pub fn region(&self, index: u16) -> &str {
        self.regions
            .get(usize::from(index))
            .map_or(Self::UNKNOWN, String::as_str)
    }

    /// The tables of the batch.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(String::as_str)
    }
}

/// The most names of a kind that a batch keeps. It has one table, and AWS has fewer Regions; but a stamp may name a
/// Region that does not exist, and each that is kept is looked at for each record, and becomes a metric.
const MOST_NAMES: usize = 256;

/// Looks a name up or adds it. A batch has one table and a handful of Regions, so looking at all of them is quickest.
/// Names beyond [`MOST_NAMES`] are all "unknown".
fn index_of(names: &mut Vec<String>, name: &str) -> u16 {
    let known = names.iter().position(|known| known == name);
    let at = known.unwrap_or(names.len());
    if at == MOST_NAMES {
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
        let mut names = Names::default();
        assert_eq!(names.region_index("eu-west-1"), 0);
        assert_eq!(names.region_index("us-east-1"), 1);
        assert_eq!(names.region_index("eu-west-1"), 0);
        assert_eq!(names.region(1), "us-east-1");
        assert_eq!(names.table(0), "unknown");
    }

    #[test]
    fn names_beyond_the_most_are_unknown() {
        let mut names = Names::default();
        let all: Vec<u16> = (0..MOST_NAMES + 2)
            .map(|number| names.region_index(&format!("a-b-{number}")))
            .collect();
        assert_eq!(names.region(all[MOST_NAMES - 1]), "a-b-255");
        assert_eq!(all[MOST_NAMES..], [u16::MAX; 2]);
        assert_eq!(names.region(u16::MAX), Names::UNKNOWN);
        assert_eq!(names.region_index("a-b-0"), all[0]);
    }

    #[test]
    fn a_fact_is_small() {
        assert!(size_of::<Fact>() <= 56, "{}", size_of::<Fact>());
    }
}
