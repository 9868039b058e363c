//! The audit that runs beside the functions: it reads the same streams, all of them together, and needs no stamps.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use conflict::StampNames;
use join::{Options, Sighting};
use local_aws::global_table::GlobalTableError;
use local_aws::shard::{Position, Shard};

use crate::audit::{AnalysisError, Audit, Audited, Setup, new_image};
use crate::world::World;

/// The least window of the join, which is an audit's default.
const MIN_WINDOW: Duration = Duration::from_secs(120);
/// The most: the streams keep no more.
const MAX_WINDOW: Duration = Duration::from_secs(86_400);
/// How long a record may be on its way into its stream.
const APPENDING: u64 = 30;
/// Bytes of images that are kept in memory.
const IMAGES: u64 = 64 * 1024 * 1024;

/// Reads the streams of all Regions as they grow.
pub(super) struct StreamAudit {
    audit: Audit,
    streams: BTreeMap<String, (Shard, Position)>,
    names: StampNames,
    failed: Option<AnalysisError>,
}

impl StreamAudit {
    /// An audit of the world's table. `longest_lag`: what takes longer than this from Region to Region is not judged.
    pub(super) fn new(
        world: &World,
        longest_lag: Duration,
        stamp_prefix: &str,
    ) -> Result<Self, GlobalTableError> {
        let mut streams = BTreeMap::new();
        for region in world.regions() {
            let shard = world.table.shard(region)?;
            streams.insert(region.name().to_owned(), (shard, 0));
        }
        let window = longest_lag.clamp(MIN_WINDOW, MAX_WINDOW).as_secs();
        let audit = Audit::new(Setup {
            table: world.table.table_name().to_owned(),
            regions: streams.keys().cloned().collect(),
            options: Options {
                window: u32::try_from(window).unwrap_or(u32::MAX),
                whole: true,
            },
            images: Some(IMAGES),
        })
        .expect("a global table has two to five Regions, each once");
        Ok(Self {
            audit,
            streams,
            names: StampNames::new(stamp_prefix),
            failed: None,
        })
    }

    /// Reads what has come since the last time. The first failure ends the audit, and [`StreamAudit::finish`] gives it.
    pub(super) fn read(&mut self) {
        if self.failed.is_none() {
            self.failed = self.try_read().err();
        }
    }

    fn try_read(&mut self) -> Result<(), AnalysisError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let complete = now.map_or(0, |now| now.as_secs().saturating_sub(APPENDING));
        for (region, (shard, position)) in &mut self.streams {
            for record in shard.read_from(*position, usize::MAX) {
                *position = record.position + 1;
                match Sighting::from_json(record.json.get(), &self.names) {
                    Ok(sighting) => self.audit.add(&sighting, new_image(record.json.get()))?,
                    Err(_) => self.audit.note_unreadable(),
                }
            }
            self.audit.advance(region, complete)?;
        }
        Ok(())
    }

    /// Reads the rest, and says what was found.
    pub(super) fn finish(mut self) -> Result<Audited, AnalysisError> {
        self.read();
        match self.failed {
            Some(failure) => Err(failure),
            None => self.audit.finish(),
        }
    }
}
