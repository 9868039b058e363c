//! Sightings in, findings out: a window of time over all Regions' streams.

mod intake;
mod item;
mod look;
mod summary;

use std::collections::{BTreeMap, HashMap};

use slab::Slab;

use crate::entry::Entry;
use crate::evidence::Experience;
use crate::finding::Finding;
use crate::regions::{MAX_REGIONS, RegionIndex, Regions};
use crate::sighting::Sighting;

use item::Item;
pub use summary::{RegionSummary, Summary};

/// How the join judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Seconds after which an item's records are looked at as a whole. It must exceed the longest replication lag.
    pub window: u32,
    /// The streams begin with the table and end when all Regions hold the same: the first and the last `window` seconds
    /// are judged, too.
    pub whole: bool,
}

impl Default for Options {
    /// 120 seconds, and streams that begin and end somewhere.
    fn default() -> Self {
        Self {
            window: 120,
            whole: false,
        }
    }
}

/// What the join refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// No Region, one Region, too many, or one twice.
    #[error("a join needs the streams of 2 to {MAX_REGIONS} Regions, each once; these are {0:?}")]
    Regions(Vec<String>),
    /// The sighting is of another Region than those that are joined.
    #[error("a record of {0}, which is none of the Regions that are joined")]
    UnknownRegion(String),
    /// The sighting is of another table.
    #[error("a record of the table {0}, which is not the one that is joined")]
    UnknownTable(String),
}

/// Joins the streams of all replicas of one table.
///
/// Sightings of one item and Region come in the order of the stream; else the order does not matter. What is given out
/// depends on the sightings and on their seconds alone, not on how the Regions' streams are interleaved.
#[derive(Debug)]
pub struct Join {
    table: String,
    regions: Regions,
    options: Options,
    /// By Region: all of its records before this second are here.
    positions: Vec<u64>,
    /// Sightings of seconds that not all Regions have reached.
    waiting: BTreeMap<u64, Vec<(usize, Entry)>>,
    /// All seconds before this one are in the window.
    reached: u64,
    items: Slab<Item>,
    by_key: HashMap<Box<str>, usize>,
    /// Items to look at once a second is reached.
    due: BTreeMap<u64, Vec<usize>>,
    /// The second of the first record.
    begin: Option<u64>,
    /// How many records of each second are held.
    held: BTreeMap<u64, u32>,
    known: Experience,
    findings: Vec<Finding>,
    summary: Summary,
}

impl Join {
    /// A join of a table's streams.
    ///
    /// # Errors
    ///
    /// [`JoinError::Regions`].
    pub fn new(
        table: impl Into<String>,
        regions: Vec<String>,
        options: Options,
    ) -> Result<Self, JoinError> {
        let mut sorted = regions.clone();
        sorted.sort();
        // Whichever order they are named in, what is found is the same.
        let mut once = sorted.clone();
        once.dedup();
        if once.len() != regions.len() || !(2..=MAX_REGIONS).contains(&regions.len()) {
            return Err(JoinError::Regions(regions));
        }
        Ok(Self {
            table: table.into(),
            positions: vec![0; sorted.len()],
            waiting: BTreeMap::new(),
            reached: 0,
            items: Slab::new(),
            by_key: HashMap::new(),
            due: BTreeMap::new(),
            begin: None,
            held: BTreeMap::new(),
            known: Experience::new(sorted.len()),
            findings: Vec::new(),
            summary: Summary::new(&sorted),
            regions: Regions::new(sorted),
            options,
        })
    }

    /// Takes in a sighting.
    ///
    /// # Errors
    ///
    /// [`JoinError::UnknownRegion`] and [`JoinError::UnknownTable`]; the sighting is left out.
    pub fn add(&mut self, sighting: &Sighting) -> Result<(), JoinError> {
        if sighting.table != self.table {
            return Err(JoinError::UnknownTable(sighting.table.clone()));
        }
        let Some(region) = self.regions.find(&sighting.region) else {
            return Err(JoinError::UnknownRegion(sighting.region.clone()));
        };
        self.summary.regions[usize::from(region)].records += 1;
        // A record that changes nothing is no write. Some emulators have them.
        if sighting.old == sighting.new {
            return Ok(());
        }
        let entry = self.entry(sighting, region);
        let item = self.item(&sighting.key);
        self.items[item].waiting += 1;
        let second = sighting.second.max(self.reached);
        *self.held.entry(u64::from(entry.second)).or_default() += 1;
        self.waiting.entry(second).or_default().push((item, entry));
        Ok(())
    }

    /// Says that all records of a Region before this second have been added, and judges what can be judged then.
    ///
    /// # Errors
    ///
    /// [`JoinError::UnknownRegion`].
    pub fn advance(&mut self, region: &str, second: u64) -> Result<(), JoinError> {
        let Some(index) = self.regions.find(region) else {
            return Err(JoinError::UnknownRegion(region.to_owned()));
        };
        let position = &mut self.positions[usize::from(index)];
        *position = second.max(*position);
        let reached = self.positions.iter().copied().min().unwrap_or(0);
        self.reach(reached);
        Ok(())
    }

    /// The Region that is furthest behind, and the second that it has reached: read it first, so that little is held.
    pub fn furthest_behind(&self) -> (&str, u64) {
        let behind = (0..self.regions.len()).min_by_key(|region| self.positions[*region]);
        let region = behind.unwrap_or(0);
        (
            self.regions.name(region as RegionIndex),
            self.positions[region],
        )
    }

    /// The findings since this was last asked.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// The earliest second of a record that a later finding may refer to. Images of records before it can be let go;
    /// if there is none, all can.
    pub fn oldest_held(&self) -> Option<u64> {
        self.held.keys().next().copied()
    }

    /// How many records are held.
    pub fn records_held(&self) -> u64 {
        self.held.values().map(|count| u64::from(*count)).sum()
    }

    /// What has been judged so far.
    pub fn summary(&self) -> Summary {
        let mut summary = self.summary.clone();
        summary.clocks = self.known.clocks.check();
        summary.attributes = self.known.attributes.report();
        summary
    }

    /// Ends the join: takes in what is waiting, and judges what can be judged.
    pub fn finish(mut self) -> (Vec<Finding>, Summary) {
        // What is whole is judged to its last item, though every record may have been reached before.
        let last = self.waiting.keys().next_back().copied();
        match (self.options.whole, last) {
            (true, _) => self.reach(u64::MAX),
            (false, Some(last)) => self.reach(last + 1),
            (false, None) => {}
        }
        for (_, item) in &self.items {
            self.summary.not_judged += item.entries.len() as u64;
        }
        let summary = self.summary();
        (self.findings, summary)
    }

    /// Takes all seconds before this one into the window, one after the other, and looks at the items that are due.
    fn reach(&mut self, end: u64) {
        loop {
            let next = [self.waiting.keys().next(), self.due.keys().next()];
            let Some(second) = next.into_iter().flatten().min().copied() else {
                break;
            };
            if second >= end {
                break;
            }
            self.reached = second;
            if let Some(mut arrived) = self.waiting.remove(&second) {
                // An order of its own, whichever Region or shard was read first. It keeps that of one item and Region.
                arrived.sort_by_key(|(item, entry)| (self.items[*item].order, entry.region));
                for (item, entry) in arrived {
                    self.arrive(item, entry, second);
                }
            }
            for item in self.due.remove(&second).unwrap_or_default() {
                self.look(item, second);
            }
        }
        self.reached = self.reached.max(end);
    }
}
