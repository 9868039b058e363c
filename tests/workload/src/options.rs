//! What a workload is made of.

use std::time::Duration;

/// What a workload is made of. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadOptions {
    /// Decides who does what and when. The order in which writes of different writers reach a replica is up to the
    /// machine, so two runs with one seed are alike, but not the same.
    pub seed: u64,
    /// How long to write.
    pub length: Duration,
    /// Writes a second, in all Regions together.
    pub rate: f64,
    /// Writers in each Region.
    pub writers: usize,
    /// How many users there are. Each has a cart.
    pub users: usize,
    /// The share of the writes that go to one single item.
    pub hot_share: f64,
    /// The share of the operations after which the same writer goes on to write the same item several times at once.
    pub burst_share: f64,
    /// Reads for each write.
    pub reads_per_write: f64,
    /// The share of the writes that carry no stamps.
    pub unstamped_share: f64,
    /// The share of the writes that put an item without having read it.
    pub blind_put_share: f64,
    /// Whether every write increments a version number and notes its Region, as many applications do.
    pub borrow: bool,
    /// How far apart the clocks of the writers of one Region are, at most.
    pub clock_skew: Duration,
    /// How long after a soft delete TTL may purge the item. TTL counts in whole seconds.
    pub purge_after: Duration,
    /// The table's TTL attribute.
    pub ttl_attribute: String,
    /// The prefix of the stamp attributes.
    pub stamp_prefix: String,
}

impl Default for WorkloadOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            length: Duration::from_secs(30),
            rate: 300.0,
            writers: 6,
            users: 200,
            hot_share: 0.05,
            burst_share: 0.02,
            reads_per_write: 0.3,
            unstamped_share: 0.0,
            blind_put_share: 0.0,
            borrow: false,
            clock_skew: Duration::from_millis(20),
            purge_after: Duration::from_secs(8),
            ttl_attribute: "ttl".to_owned(),
            stamp_prefix: "lw".to_owned(),
        }
    }
}
