//! An audit of recorded events.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use conflict::StampNames;
use join::Options;

use super::analysis::{Audit, Audited, Setup};
use super::args::Args;
use super::error::AuditError;
use super::outcome::RegionOutcome;
use super::progress::Bytes;
use super::recorded::{self, Next, Recorded, RecordedStream};
use crate::failure::CommandError;
use crate::signals::StopSignals;

/// How far apart records may be in a file that is in the order of time: those of one stream come from several shards.
const DISORDER: u64 = 10;

/// Which recorded events to audit, and how.
#[derive(Debug, Clone)]
pub(super) struct Offline {
    pub(super) streams: Vec<RecordedStream>,
    pub(super) table: Option<String>,
    /// All of the table's Regions; those of the records, if empty.
    pub(super) regions: Vec<String>,
    pub(super) options: Options,
    pub(super) images: Option<u64>,
    pub(super) stamps: StampNames,
}

/// How one reading of the files went.
enum Reading {
    Done(Box<Audited>),
    /// There is another Region than those known before.
    Region(String),
    /// A file is not in the order of time: nothing may be judged before all is read.
    OutOfOrder,
}

/// Audits the recorded events that the options name, until a signal comes.
pub(super) async fn run(args: &Args, mut signals: StopSignals) -> Result<Audited, CommandError> {
    let mut streams = args.events.clone();
    let mut standard_input = None;
    for stream in &mut streams {
        if stream.path.as_os_str() == "-" {
            let copy = recorded::standard_input().map_err(AuditError::from)?;
            stream.path = standard_input.insert(copy).path().to_owned();
        }
    }
    let offline = Offline {
        table: args.table.clone(),
        regions: args.regions.clone(),
        options: args.options(),
        images: args.images(),
        stamps: StampNames::new(&args.stamp_prefix),
        streams,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let mut reading = tokio::task::spawn_blocking(move || {
        let progress = Bytes::new(recorded::size(&offline.streams));
        let audited = offline.run(&progress, &stopped);
        progress.finish();
        audited
    });
    let audited = tokio::select! {
        audited = &mut reading => audited,
        () = signals.received() => {
            stop.store(true, Ordering::Relaxed);
            reading.await
        }
    };
    // It is there until all is read.
    drop(standard_input);
    Ok(audited.map_err(CommandError::failed)??)
}

impl Offline {
    /// Reads everything and judges it, until `stop` is set.
    ///
    /// Files that are in the order of time are judged as they are read, so that little is held; else they are read again,
    /// and judged when all is there.
    pub(super) fn run(&self, progress: &Bytes, stop: &AtomicBool) -> Result<Audited, AuditError> {
        let mut regions: BTreeSet<String> = self.regions.iter().cloned().collect();
        if regions.is_empty() {
            regions = self.two_regions()?;
        }
        let mut in_order = true;
        loop {
            match self.read(&regions, in_order, progress, stop)? {
                Reading::Done(audited) => return Ok(*audited),
                Reading::Region(region) if self.regions.is_empty() => {
                    regions.insert(region);
                }
                Reading::Region(region) => return Err(AuditError::RegionLeftOut(region)),
                Reading::OutOfOrder => {
                    progress.say(
                        "The records of a file are not in the order of time, so all is read before anything is judged.",
                    );
                    in_order = false;
                }
            }
        }
    }

    fn open(&self) -> Result<Recorded, AuditError> {
        Recorded::open(&self.streams, self.table.as_deref(), &self.stamps)
    }

    /// The first two Regions that the records name.
    fn two_regions(&self) -> Result<BTreeSet<String>, AuditError> {
        let mut recorded = self.open()?;
        let mut regions = BTreeSet::new();
        loop {
            match recorded.next()? {
                Next::Record(record) => {
                    regions.insert(record.sighting.region);
                }
                Next::Unreadable => {}
                Next::End => break,
            }
            if regions.len() == 2 {
                return Ok(regions);
            }
        }
        Err(match regions.pop_first() {
            Some(region) => AuditError::OneRegion(region),
            None => AuditError::NoRecord,
        })
    }

    fn read(
        &self,
        regions: &BTreeSet<String>,
        in_order: bool,
        progress: &Bytes,
        stop: &AtomicBool,
    ) -> Result<Reading, AuditError> {
        let mut recorded = self.open()?;
        let mut table = self.table.clone();
        let mut audit: Option<Audit> = None;
        let mut reached = 0;
        let mut interrupted = false;
        let mut unreadable = 0;
        loop {
            if stop.load(Ordering::Relaxed) {
                interrupted = true;
                break;
            }
            let record = match recorded.next()? {
                Next::Record(record) => record,
                Next::Unreadable => {
                    unreadable += 1;
                    continue;
                }
                Next::End => break,
            };
            let sighting = &record.sighting;
            if !regions.contains(&sighting.region) {
                return Ok(Reading::Region(sighting.region.clone()));
            }
            if in_order && sighting.second < reached {
                return Ok(Reading::OutOfOrder);
            }
            let name = table.get_or_insert_with(|| sighting.table.clone());
            let audit = match &mut audit {
                Some(audit) => audit,
                None => audit.insert(self.begin(name, regions)?),
            };
            if sighting.table != *name {
                match self.table {
                    Some(_) => audit.note_other_table(),
                    None => {
                        return Err(AuditError::SeveralTables(
                            name.clone(),
                            sighting.table.clone(),
                        ));
                    }
                }
                continue;
            }
            let image = audit.keeps_images().then(|| record.new_image()).flatten();
            audit.add(sighting, image)?;
            let safe = recorded.second().unwrap_or(0).saturating_sub(DISORDER);
            if in_order && safe > reached {
                reached = safe;
                for region in regions {
                    audit.advance(region, reached)?;
                }
                progress.show(recorded.bytes(), audit.found());
            }
        }
        let mut audit = audit.ok_or(AuditError::NoRecord)?;
        (0..unreadable).for_each(|_| audit.note_unreadable());
        if interrupted {
            return Ok(Reading::Done(Box::new(audit.stop(true))));
        }
        let audited = audit.finish()?;
        let empty = |region: &&RegionOutcome| region.records == 0;
        match audited.outcome.regions.iter().find(empty) {
            Some(region) => Err(AuditError::NoRecordOf(region.region.clone())),
            None => Ok(Reading::Done(Box::new(audited))),
        }
    }

    fn begin(&self, table: &str, regions: &BTreeSet<String>) -> Result<Audit, AuditError> {
        Ok(Audit::new(Setup {
            table: table.to_owned(),
            regions: regions.iter().cloned().collect(),
            options: self.options,
            images: self.images,
        })?)
    }
}
