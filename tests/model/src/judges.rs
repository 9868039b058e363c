//! The judge under test, and others to measure it against.
//!
//! This is the only file that knows `crates/conflict`: it turns a record of the model into a [`Change`] and asks.

mod controls;

pub use controls::{CloserReading, CountsOnly, OneNumber, TimesOnly};

use conflict::{Change, Confidence, Stamp, StampNames, Stamps, Tolerance, Verdict, judge};

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
        }
    }

    fn no_conflict(verdict: usize) -> Self {
        Self {
            verdict,
            certain: None,
        }
    }
}

/// Judges one record of a stream. All that it may use is the record's two items, its Region, and for the negative
/// control of a version number, which Region wrote the new version.
pub trait Judge: Sync {
    /// The name in the report.
    fn name(&self) -> &'static str;

    /// The judge's opinion.
    fn opinion(&self, history: &History, record: &Record) -> Opinion;
}

/// `conflict::judge`, as the function calls it.
#[derive(Debug, Clone, Copy, Default)]
pub struct LastWriter {
    /// Read the stamps from attribute names and numbers in text, as a record holds them, instead of filling them in.
    pub from_text: bool,
}

impl LastWriter {
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
        "lastwriter"
    }

    fn opinion(&self, history: &History, record: &Record) -> Opinion {
        let (old, new) = (history.before(record), history.after(record));
        let (old_stamps, new_stamps) = (self.stamps(old), self.stamps(new));
        let change = match (old, new) {
            (None, _) => Change::Insert { new: &new_stamps },
            (Some(_), Some(_)) => Change::Modify {
                old: &old_stamps,
                new: &new_stamps,
            },
            (Some(_), None) => Change::Remove {
                old: &old_stamps,
                expired: record.by_time_to_live,
            },
        };
        let verdict = judge(change, REGION_NAMES[record.region], Tolerance::default());
        match &verdict {
            Verdict::Conflict(conflict) => {
                Opinion::conflict(conflict.confidence == Confidence::Certain)
            }
            other => Opinion::no_conflict(number_of(other)),
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
        Verdict::NoWrite => 10,
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
