//! The judge under test, and others to measure it against.
//!
//! This is the only file that knows `crates/conflict`: it turns a record of the model into a [`Change`] and asks.

mod borrowing;
mod controls;

pub use borrowing::Borrowing;
pub use controls::{CloserReading, CountsOnly, OneNumber, TimesOnly};

use conflict::{
    Change, Confidence, Landing, Stamp, StampNames, Stamps, Tolerance, Verdict, depends_on_jump,
    judge_after, jump,
};

use crate::history::{History, Item, Record};
use crate::plan::REGION_NAMES;

/// The names of the verdicts, in the order in which scores count them.
pub const VERDICTS: &[&str] = Verdict::NAMES;

/// What a judge makes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opinion {
    /// Which of [`VERDICTS`].
    pub verdict: usize,
    /// If it is a conflict: whether the judge is certain.
    pub certain: Option<bool>,
    /// Whether the judge looked up what it remembers of the item.
    pub looked_up: bool,
}

impl Opinion {
    /// Whether the record is a conflict.
    pub fn is_conflict(self) -> bool {
        self.certain.is_some()
    }

    fn conflict(certain: bool) -> Self {
        Self {
            verdict: 1,
            certain: Some(certain),
            looked_up: false,
        }
    }

    fn no_conflict(verdict: usize) -> Self {
        Self {
            verdict,
            certain: None,
            looked_up: false,
        }
    }
}

/// Judges one record of a stream. All that it may use is the record's two items, its Region, what it remembers of the
/// records before it in the same stream, and for the negative control of a version number, which Region wrote the new version.
pub trait Judge: Sync {
    /// The name in the report.
    fn name(&self) -> &'static str;

    /// The judge's opinion.
    fn opinion(&self, history: &History, record: &Record) -> Opinion;
}

/// The judge of `crates/conflict`, as the function calls it.
#[derive(Debug, Clone, Copy, Default)]
pub struct LastWriter {
    /// Read the stamps from attribute names and numbers in text, as a record holds them, instead of filling them in.
    pub from_text: bool,
    /// What it remembers of jumps.
    pub memory: Memory,
}

/// What a judge remembers of the jumps of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Memory {
    /// All of them.
    #[default]
    All,
    /// Those in the second half of the history: the function was deployed then, or the ledger was lost.
    SecondHalf,
    /// None: two images alone.
    None,
}

impl LastWriter {
    /// The judge of two images alone.
    pub const IMAGES_ALONE: Self = Self {
        from_text: false,
        memory: Memory::None,
    };

    /// The judge whose memory begins half-way.
    pub const FROM_HALF_WAY: Self = Self {
        from_text: false,
        memory: Memory::SecondHalf,
    };

    /// The judge's opinion, where the item's latest jump before the record landed here.
    pub fn opinion_after(
        &self,
        history: &History,
        record: &Record,
        latest_jump: Option<Landing>,
    ) -> Opinion {
        let region = REGION_NAMES[record.region];
        self.of_change(history, record, |change| {
            let verdict = judge_after(change, region, Tolerance::default(), latest_jump);
            match &verdict {
                Verdict::Conflict(conflict) => {
                    Opinion::conflict(conflict.confidence == Confidence::Certain)
                }
                other => Opinion::no_conflict(number_of(other)),
            }
        })
    }

    /// Where a record landed, if it is a jump.
    pub fn jump(&self, history: &History, record: &Record) -> Option<Landing> {
        let region = REGION_NAMES[record.region];
        self.of_change(history, record, |change| jump(change, region))
    }

    /// Whether its verdict depends on the item's latest jump before it.
    pub fn depends_on_jump(&self, history: &History, record: &Record) -> bool {
        let region = REGION_NAMES[record.region];
        self.of_change(history, record, |change| {
            depends_on_jump(change, region, Tolerance::default())
        })
    }

    /// Where the item's latest jump before a record landed, as far as it is remembered.
    fn latest_jump(&self, history: &History, record: &Record) -> Option<Landing> {
        let records = &history.records;
        let at = records
            .iter()
            .position(|other| std::ptr::eq(other, record))?;
        let from = match self.memory {
            Memory::All => 0,
            Memory::SecondHalf => records.len() / 2,
            Memory::None => return None,
        };
        let before = records.get(from..at)?.iter().rev();
        let mut in_stream = before.filter(|other| other.region == record.region);
        in_stream.find_map(|other| self.jump(history, other))
    }

    fn of_change<T>(
        &self,
        history: &History,
        record: &Record,
        then: impl FnOnce(Change<'_, 'static>) -> T,
    ) -> T {
        let (old, new) = (history.before(record), history.after(record));
        let (old_stamps, new_stamps) = (self.stamps(old), self.stamps(new));
        then(match (old, new) {
            (None, _) => Change::Insert { new: &new_stamps },
            (Some(_), Some(_)) => Change::Modify {
                old: &old_stamps,
                new: &new_stamps,
            },
            (Some(_), None) => Change::Remove {
                old: &old_stamps,
                expired: record.by_time_to_live,
            },
        })
    }

    fn stamps(&self, item: Option<&Item>) -> Stamps<'static> {
        let item = item.copied().unwrap_or_default();
        if self.from_text {
            return read(&item);
        }
        let pairs = item.pairs.iter().zip(REGION_NAMES);
        pairs
            .filter_map(|(pair, region)| pair.map(|pair| (region, Stamp::new(pair.n, pair.t))))
            .collect::<Stamps<'static>>()
            .marked(item.deleted, item.reset)
    }
}

impl Judge for LastWriter {
    fn name(&self) -> &'static str {
        match self.memory {
            Memory::All => "lastwriter",
            Memory::SecondHalf => "memory from half-way",
            Memory::None => "images alone",
        }
    }

    fn opinion(&self, history: &History, record: &Record) -> Opinion {
        // As REPLICAS tells the function.
        let remembers = self.memory != Memory::None && history.plan.regions > 2;
        if !remembers || !self.depends_on_jump(history, record) {
            return self.opinion_after(history, record, None);
        }
        Opinion {
            looked_up: true,
            ..self.opinion_after(history, record, self.latest_jump(history, record))
        }
    }
}

fn number_of(verdict: &Verdict<'_>) -> usize {
    let number = match verdict {
        Verdict::Unstamped => 0,
        Verdict::Conflict(_) => 1,
        Verdict::Replicated(_) => 2,
        Verdict::Local => 3,
        Verdict::LocalOverwrite => 4,
        Verdict::StaleOverwrite => 5,
        Verdict::Resurrection => 6,
        Verdict::Expired => 7,
        Verdict::Purged => 8,
        Verdict::HardDelete => 9,
        Verdict::SuspectedConflict(_) => 10,
        Verdict::PossibleConflict => 11,
        Verdict::NoWrite => 12,
    };
    debug_assert_eq!(VERDICTS[number], verdict.name());
    number
}

/// The stamps as the function reads them: by attribute name, each number in text.
fn read(item: &Item) -> Stamps<'static> {
    let names = StampNames::default();
    let mut stamps = Stamps::default();
    let mut take = |name: String, number: Option<u64>| {
        let attribute = names
            .parse(name)
            .expect("the names follow the specification");
        stamps.read(
            attribute,
            number.map(|number| number.to_string()).as_deref(),
        );
    };
    for (pair, region) in item.pairs.iter().zip(REGION_NAMES) {
        if let Some(pair) = pair {
            take(format!("lw:t:{region}"), Some(pair.t));
            take(format!("lw:n:{region}"), Some(pair.n));
        }
    }
    if let Some(reset) = item.reset {
        take("lw:reset".to_owned(), Some(reset));
    }
    if item.deleted {
        take("lw:deleted".to_owned(), None);
    }
    stamps
}
