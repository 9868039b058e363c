//! What a global table is made of, and what can be wrong with that.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::DynoxideError;

use super::definition::TableDefinition;
use super::item::Item;
use super::lag::Lag;
use super::region::NotARegion;
use super::{ItemKey, PhysicalClock, PrivateTimestamp, Region, SystemClock};
use crate::streams::StreamViewType;

/// Fewest Regions: with one there is nothing to replicate.
const MIN_REGIONS: usize = 2;
/// Most Regions. Each pair of Regions has a link each way, so the work grows with the square.
const MAX_REGIONS: usize = 5;

/// How a version came to be in a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitKind {
    /// The application wrote it here.
    Local,
    /// TTL deleted the item here.
    Expired,
    /// It came from another Region.
    Replicated,
}

/// A version that became an item's current one in one replica.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The replica.
    pub region: Region,
    /// The item.
    pub key: ItemKey,
    /// The version. It is the same in every replica that it reaches.
    pub version: PrivateTimestamp,
    /// The version that it took the place of in this replica; a deleted item's version is that of its tombstone.
    pub replaced: Option<PrivateTimestamp>,
    /// Where it came from.
    pub kind: CommitKind,
    /// The item as it is now; `None` where it was deleted.
    pub image: Option<Arc<Item>>,
    /// For a local write, what the request carried in the header [`TAG_HEADER`](super::TAG_HEADER).
    pub tag: Option<Arc<str>>,
    /// The number of the stream record that shows it in this Region; `None` where the item looks as it did before, which
    /// gives no record.
    pub sequence_number: Option<String>,
}

/// Called for each version that a replica takes in, in the order in which that replica does. It is called behind the
/// replica's gate, so it must be short and must not call the replica.
pub type Observer = Arc<dyn Fn(&Commit) + Send + Sync>;

/// What a global table is made of.
#[derive(Clone)]
pub struct GlobalTableConfig {
    /// The tables, the same in every Region; the first one is the table that nobody names. Others can be created through
    /// any endpoint.
    pub tables: Vec<TableDefinition>,
    /// Two to five Regions, each once.
    pub regions: Vec<Region>,
    /// The AWS account in the ARNs: 12 digits.
    pub account: String,
    /// How long replication takes.
    pub lag: Lag,
    /// The probability that a change takes the place of an earlier one of the same item that has not left yet.
    pub combine: f64,
    /// Decides the delays and what is combined.
    pub seed: u64,
    /// What the streams' records hold. DynamoDB demands both images for a global table; another type shows what a reader
    /// makes of it.
    pub stream_view_type: StreamViewType,
    /// The attribute that says when an item of these tables expires, in seconds since the epoch.
    pub ttl_attribute: String,
    /// How often each Region deletes what has expired; `None`: only when told to.
    pub ttl_sweep: Option<Duration>,
    /// A folder to keep the data in; `None`: in memory only.
    pub persist: Option<PathBuf>,
    /// The port of each Region's endpoint, in the order of `regions`; empty: ports of the system's choice.
    pub ports: Vec<u16>,
    /// Where the replicas read the time.
    pub clock: Arc<dyn PhysicalClock>,
    /// Told of every version in every replica.
    pub observer: Option<Observer>,
}

impl GlobalTableConfig {
    /// The usual table, named `App`, in these Regions, in memory, with DynamoDB's usual replication delay.
    pub fn new(regions: Vec<Region>) -> Self {
        Self {
            tables: vec![TableDefinition::usual("App")],
            regions,
            account: "123456789012".to_owned(),
            lag: Lag::default(),
            combine: 0.5,
            seed: 0,
            stream_view_type: StreamViewType::default(),
            ttl_attribute: "ttl".to_owned(),
            ttl_sweep: None,
            persist: None,
            ports: Vec::new(),
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), GlobalTableError> {
        use GlobalTableError as E;
        if !(MIN_REGIONS..=MAX_REGIONS).contains(&self.regions.len()) {
            return Err(E::RegionCount(self.regions.len()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.regions.iter().find(|region| !seen.insert(**region)) {
            return Err(E::RegionTwice(*twice));
        }
        if !self.ports.is_empty() && self.ports.len() != self.regions.len() {
            return Err(E::PortCount {
                ports: self.ports.len(),
                regions: self.regions.len(),
            });
        }
        let mut names = BTreeSet::new();
        if let Some(table) = self
            .tables
            .iter()
            .find(|table| !names.insert(table.table_name()))
        {
            return Err(E::TableTwice(table.table_name().to_owned()));
        }
        if self.tables.is_empty() {
            return Err(E::NoTable);
        }
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if self.account.len() != 12 || !digits(&self.account) {
            return Err(E::Account(self.account.clone()));
        }
        if !(0.0..=1.0).contains(&self.combine) {
            return Err(E::Combine(self.combine));
        }
        if let Lag::LogNormal { sigma, .. } = self.lag
            && !(0.0..=5.0).contains(&sigma)
        {
            return Err(E::Sigma(sigma));
        }
        Ok(())
    }
}

/// Why a global table could not start, or not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum GlobalTableError {
    /// What is not a Region's name.
    #[error(transparent)]
    NotARegion(#[from] NotARegion),
    /// Too few or too many Regions.
    #[error("a global table here has {MIN_REGIONS} to {MAX_REGIONS} Regions, not {0}")]
    RegionCount(usize),
    /// A Region was named twice.
    #[error("the Region {0} is named twice; name each one once")]
    RegionTwice(Region),
    /// There is no table to begin with.
    #[error("there is no table; define at least one")]
    NoTable,
    /// Two tables have one name.
    #[error("the table {0} is defined twice; give each one a name of its own")]
    TableTwice(String),
    /// A table cannot be made.
    #[error("the table {table} cannot be made: {source}")]
    Definition {
        /// Its name.
        table: String,
        /// What the database said.
        source: DynoxideError,
    },
    /// Some Regions have a port and some have none.
    #[error(
        "there are {ports} ports for {regions} Regions; give one for each Region, or none at all"
    )]
    PortCount {
        /// How many ports were given.
        ports: usize,
        /// How many Regions there are.
        regions: usize,
    },
    /// The account is not 12 digits.
    #[error("`{0}` is not an AWS account number: that is 12 digits")]
    Account(String),
    /// The probability to combine is none.
    #[error("the probability to combine changes must be from 0 to 1, not {0}")]
    Combine(f64),
    /// The lag's sigma is out of range.
    #[error("the lag's sigma must be from 0 to 5, not {0}")]
    Sigma(f64),
    /// Another program listens on the port.
    #[error("port {port} for {region} is taken; free it, or choose another")]
    PortTaken {
        /// The Region whose endpoint was to be there.
        region: Region,
        /// The port.
        port: u16,
    },
    /// The endpoint could not listen.
    #[error("the endpoint of {region} cannot listen on port {port}: {source}")]
    Listen {
        /// The Region whose endpoint was to be there.
        region: Region,
        /// The port; 0 for one of the system's choice.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The folder for the data cannot be used.
    #[error("the folder {} cannot be used: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The replicator's own file cannot be used.
    #[error("the replicator's file {} cannot be used: {source}; to start afresh, remove the folder that it is in", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: io::Error,
    },
    /// The Region's database failed.
    #[error("the database of {region} failed: {source}")]
    Database {
        /// The Region.
        region: Region,
        /// What the database said.
        source: DynoxideError,
    },
    /// There is no such table.
    #[error("there is no table named {0}")]
    NoTableNamed(String),
    /// The global table has no replica there.
    #[error("the global table has no replica in {0}")]
    NoReplica(Region),
}
