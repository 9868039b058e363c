//! The reading itself: one loop that asks for records, hands them on, and meets whatever goes wrong.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use conflict::StampNames;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use join::{Confidence, Finding};
use tokio::time::{Instant, MissedTickBehavior};

use super::client::{Cursor, Description, Records, ReplicaStream, Trouble};
use super::error::ReaderError;
use super::record::{self, Reading};
use super::replicas::Replicas;
use super::schedule::{Extent, Pace, Page, Schedule, ShardNumber, Start};
use crate::audit::analysis::Audit;
use crate::audit::error::AuditError;
use crate::audit::outcome::{Gap, time};
use crate::audit::progress::Positions;

/// How often the progress is shown.
const SHOW_EVERY: Duration = Duration::from_millis(250);
/// How long to wait after a refusal, and how long at most: twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// After so many failures in a row AWS is given up. Throttling never is.
const MOST_FAILURES: u32 = 8;
/// How long to wait for a stream that is live and has no open shard to get one.
const NEW_SHARD: Duration = Duration::from_secs(5);

/// How to read.
#[derive(Debug, Clone)]
pub(in crate::audit) struct ReadOptions {
    /// Records before this second are left out.
    pub(in crate::audit) since: u64,
    pub(in crate::audit) extent: Extent,
    /// Reads of a shard a second, at most.
    pub(in crate::audit) rate: f64,
    /// How many seconds of a stream a shard may be ahead of the one that is furthest behind.
    pub(in crate::audit) lead: u64,
    pub(in crate::audit) stamps: StampNames,
}

/// How far one Region's stream has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::audit) struct RegionProgress {
    pub(in crate::audit) region: String,
    /// All records before this second have been read; none if all have.
    pub(in crate::audit) position: Option<u64>,
    pub(in crate::audit) records: u64,
    /// Requests that were refused because there were too many.
    pub(in crate::audit) throttled: u64,
}

/// Reads a table's streams.
pub(in crate::audit) struct Reader<'a> {
    streams: &'a [ReplicaStream],
    options: ReadOptions,
    schedule: Schedule,
    cursors: Vec<Cursor>,
    /// Failures in a row, by shard and by Region's listing.
    failures: Vec<u32>,
    listing_failures: Vec<u32>,
    listing: Vec<bool>,
    progress: Vec<RegionProgress>,
    /// Lines to show.
    notices: Vec<String>,
    shown: usize,
    began: Instant,
    requests: FuturesUnordered<BoxFuture<'a, Answer>>,
}

enum Answer {
    Records {
        shard: ShardNumber,
        cursor: Cursor,
        asked: u64,
        result: Result<Records, Trouble>,
    },
    Shards {
        region: usize,
        result: Result<Description, Trouble>,
    },
}

impl<'a> Reader<'a> {
    /// A reader that has listed every stream's shards, and read none.
    pub(in crate::audit) fn new(
        replicas: &'a Replicas,
        plan: super::Plan,
        options: ReadOptions,
    ) -> Self {
        let streams = &replicas.streams[..];
        let pace = Pace {
            interval_ms: (1_000.0 / options.rate).ceil() as u64,
            lead: options.lead,
        };
        let mut reader = Self {
            streams,
            schedule: Schedule::new(streams.len(), options.extent, pace),
            options,
            cursors: Vec::new(),
            failures: Vec::new(),
            listing_failures: vec![0; streams.len()],
            listing: vec![false; streams.len()],
            progress: streams
                .iter()
                .map(|stream| RegionProgress {
                    region: stream.region.clone(),
                    position: Some(0),
                    ..RegionProgress::default()
                })
                .collect(),
            notices: Vec::new(),
            shown: 0,
            began: Instant::now(),
            requests: FuturesUnordered::new(),
        };
        for (region, shards) in plan.into_shards().into_iter().enumerate() {
            let new = reader.schedule.list(region, shards);
            reader.begin(&new);
        }
        reader
    }

    /// Reads until all is read, or until `stop` comes; that gives true.
    ///
    /// # Errors
    ///
    /// What had been read by then is in the audit.
    pub(in crate::audit) async fn run(
        &mut self,
        audit: &mut Audit,
        screen: &mut Positions,
        stop: impl Future<Output = ()>,
    ) -> Result<bool, AuditError> {
        let mut stop = std::pin::pin!(stop);
        let mut ticks = tokio::time::interval(SHOW_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while let Some(shard) = self.schedule.next(self.now_ms()) {
                self.ask(shard);
            }
            if self.requests.is_empty() && self.schedule.is_finished() {
                return Ok(false);
            }
            // Where nothing is due, an answer or a tick brings it on.
            let wake = self.schedule.next_at().unwrap_or(u64::MAX / 2);
            let wake = self.began + Duration::from_millis(wake.min(self.now_ms() + 60_000));
            tokio::select! {
                () = &mut stop => return Ok(true),
                Some(answer) = self.requests.next() => {
                    self.take(answer, audit)?;
                    self.tell(audit, screen);
                }
                () = tokio::time::sleep_until(wake) => {}
                _ = ticks.tick() => screen.show(&self.progress, audit.found()),
            }
        }
    }

    /// Shows what cannot wait until the end. Nothing of an item is in it.
    fn tell(&mut self, audit: &Audit, screen: &Positions) {
        let findings = audit.findings();
        if self.options.extent == Extent::Live {
            let counted = |finding: &&Finding| finding.confidence != Confidence::Possible;
            for finding in findings[self.shown..].iter().filter(counted) {
                screen.say(&format!(
                    "{}  a write of {} was lost to {} ({}, {})",
                    time(finding.second),
                    finding.lost_in,
                    finding.won_in,
                    finding.kind.name(),
                    finding.confidence,
                ));
            }
        }
        self.shown = findings.len();
        for notice in self.notices.drain(..) {
            screen.say(&notice);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Makes ready to read new shards.
    fn begin(&mut self, shards: &[ShardNumber]) {
        for shard in shards {
            let start = self.schedule.start(*shard);
            let id = self.schedule.id(*shard);
            self.cursors.push(Cursor::new(id, start));
            self.failures.push(0);
        }
    }

    fn ask(&mut self, shard: ShardNumber) {
        let stream = &self.streams[self.schedule.region(shard)];
        let mut cursor = self.cursors[shard].clone();
        let request = async move {
            let asked = epoch_second();
            let result = stream.read(&mut cursor).await;
            Answer::Records {
                shard,
                cursor,
                asked,
                result,
            }
        };
        self.requests.push(request.boxed());
    }

    /// Asks for a Region's shards, unless that is under way.
    fn list(&mut self, region: usize, after: Duration) {
        if std::mem::replace(&mut self.listing[region], true) {
            return;
        }
        let stream = &self.streams[region];
        let request = async move {
            tokio::time::sleep(after).await;
            let result = stream.describe().await;
            Answer::Shards { region, result }
        };
        self.requests.push(request.boxed());
    }

    fn take(&mut self, answer: Answer, audit: &mut Audit) -> Result<(), AuditError> {
        match answer {
            Answer::Shards { region, result } => {
                self.listing[region] = false;
                self.take_shards(region, result)?;
            }
            Answer::Records {
                shard,
                cursor,
                asked,
                result,
            } => {
                self.cursors[shard] = cursor;
                match result {
                    Ok(records) => self.take_records(shard, records, asked, audit)?,
                    Err(trouble) => self.meet(shard, trouble, audit)?,
                }
            }
        }
        self.advance(audit)
    }

    fn take_shards(
        &mut self,
        region: usize,
        result: Result<Description, Trouble>,
    ) -> Result<(), AuditError> {
        match result {
            Ok(description) => {
                self.listing_failures[region] = 0;
                let new = self.schedule.list(region, description.shards);
                self.begin(&new);
                let is_live = self.options.extent == Extent::Live;
                if is_live && !self.schedule.is_open(region) {
                    self.list(region, NEW_SHARD);
                }
            }
            Err(Trouble::Refused(error)) => return Err(error.into()),
            Err(Trouble::Gone) => return Err(self.gone(region).into()),
            Err(Trouble::Throttled) => {
                self.progress[region].throttled += 1;
                self.listing_failures[region] += 1;
                self.list(region, wait(self.listing_failures[region]));
            }
            Err(Trouble::Unreachable(problem)) => {
                self.listing_failures[region] += 1;
                self.give_up(region, self.listing_failures[region], problem)?;
                self.list(region, wait(self.listing_failures[region]));
            }
            Err(Trouble::Expired | Trouble::Trimmed) => self.list(region, FIRST_WAIT),
        }
        Ok(())
    }

    fn take_records(
        &mut self,
        shard: ShardNumber,
        records: Records,
        asked: u64,
        audit: &mut Audit,
    ) -> Result<(), AuditError> {
        self.failures[shard] = 0;
        let region = self.schedule.region(shard);
        let stream = &self.streams[region];
        let mut last_second = None;
        for record in records.records {
            self.progress[region].records += 1;
            let place = (stream.table.as_str(), stream.region.as_str());
            match record::read(record, place, &self.options.stamps, audit.keeps_images()) {
                Reading::Sighting(sighting, image) => {
                    last_second = last_second.max(Some(sighting.second));
                    if sighting.second >= self.options.since {
                        audit.add(&sighting, image.as_deref())?;
                    }
                }
                Reading::NoImage => {
                    return Err(ReaderError::NoImage {
                        table: stream.table.clone(),
                        region: stream.region.clone(),
                    }
                    .into());
                }
                Reading::Unreadable => audit.note_unreadable(),
            }
        }
        let page = Page {
            last_second,
            ended: records.ended,
        };
        self.schedule.read(shard, page, self.now_ms(), asked);
        if records.ended && self.schedule.has_no_child(shard) {
            self.list(region, Duration::ZERO);
        }
        Ok(())
    }

    /// What becomes of a shard that could not be read just now.
    fn meet(
        &mut self,
        shard: ShardNumber,
        trouble: Trouble,
        audit: &mut Audit,
    ) -> Result<(), AuditError> {
        let region = self.schedule.region(shard);
        match trouble {
            Trouble::Expired => {
                self.cursors[shard].renew();
                self.schedule.postpone(shard, self.now_ms());
            }
            Trouble::Trimmed => {
                let reason = "its records were older than 24 hours before they were read";
                self.note_gap(shard, reason, audit);
                self.cursors[shard].skip_trimmed();
                self.schedule.postpone(shard, self.now_ms());
            }
            Trouble::Gone => {
                let reason = "it was deleted before it was read to its end";
                self.note_gap(shard, reason, audit);
                self.schedule.gone(shard);
                if self.schedule.has_no_child(shard) {
                    self.list(region, Duration::ZERO);
                }
            }
            Trouble::Throttled => {
                self.progress[region].throttled += 1;
                self.failures[shard] += 1;
                self.postpone(shard);
            }
            Trouble::Unreachable(problem) => {
                self.failures[shard] += 1;
                self.give_up(region, self.failures[shard], problem)?;
                self.postpone(shard);
            }
            Trouble::Refused(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Notes what is missing of a shard, if it lies between records that were read: what is older than the first of them is
    /// no part of the audit.
    fn note_gap(&mut self, shard: ShardNumber, reason: &str, audit: &mut Audit) {
        let was_to_be_read = self.cursors[shard].has_read()
            || self.schedule.follows_another(shard)
            || self.schedule.start(shard) == Start::Latest;
        if !was_to_be_read {
            return;
        }
        let region = &self.streams[self.schedule.region(shard)].region;
        let gap = Gap {
            region: region.clone(),
            shard: self.schedule.id(shard).to_owned(),
            reason: reason.to_owned(),
        };
        self.notices.push(format!("{gap}."));
        audit.note_gap(gap);
    }

    fn gone(&self, region: usize) -> ReaderError {
        ReaderError::StreamGone {
            table: self.streams[region].table.clone(),
            region: self.streams[region].region.clone(),
        }
    }

    fn postpone(&mut self, shard: ShardNumber) {
        let wait = u64::try_from(wait(self.failures[shard]).as_millis()).unwrap_or(0);
        self.schedule.postpone(shard, self.now_ms() + wait);
    }

    fn give_up(&self, region: usize, failures: u32, problem: String) -> Result<(), ReaderError> {
        match failures {
            failures if failures < MOST_FAILURES => Ok(()),
            _ => Err(ReaderError::Unreachable {
                region: self.streams[region].region.clone(),
                problem,
            }),
        }
    }

    /// Tells the audit how far each Region has been read.
    fn advance(&mut self, audit: &mut Audit) -> Result<(), AuditError> {
        for region in 0..self.streams.len() {
            let position = self.schedule.position(region);
            self.progress[region].position = position;
            let second = match (position, self.options.extent) {
                (Some(second), _) | (None, Extent::Until(second)) => second,
                (None, Extent::Live) => continue,
            };
            audit.advance(&self.streams[region].region, second)?;
        }
        Ok(())
    }
}

/// How long to wait after so many failures: twice as long each time, and never all at once.
fn wait(failures: u32) -> Duration {
    let wait = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(10));
    wait.min(LONGEST_WAIT).mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The time by this machine's clock.
pub(in crate::audit) fn epoch_second() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}
