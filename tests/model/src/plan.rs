//! What happens to one item, written down before it happens.
//!
//! A plan holds every choice that chance makes, so that a failing one can be cut down and printed. Items do not touch
//! each other in a global table: last writer wins is settled per item, and order holds per item only.

/// The most Regions that a plan may have.
pub const MAX_REGIONS: usize = 5;

/// The names of a plan's Regions, in the order of their indices.
pub const REGION_NAMES: [&str; MAX_REGIONS] = [
    "us-east-1",
    "eu-west-1",
    "ap-northeast-1",
    "sa-east-1",
    "af-south-1",
];

/// A Region's index.
pub type Region = usize;

/// Everything that happens to one item. All times are in microseconds from the plan's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many Regions the table has: 2 to [`MAX_REGIONS`].
    pub regions: usize,
    /// How far each replica's private clock is off. It settles last writer wins, and no stream shows it.
    pub private_clocks: [i64; MAX_REGIONS],
    /// The writes, in no particular order.
    pub writes: Vec<Write>,
    /// When a Region is cut off from all others.
    pub partitions: Vec<Partition>,
}

/// One request of a writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When the writer reads its clock and sends the request.
    pub at: u64,
    /// The Region of the endpoint.
    pub region: Region,
    /// What it does.
    pub action: WriteAction,
    /// How far the writer's clock is off.
    pub clock: i64,
    /// The Region whose stamps the writer advances, if it is not the one that it writes to.
    pub stamps_of: Option<Region>,
    /// From sending the request to its effect on the replica.
    pub flight: u64,
    /// If the attempt is applied twice: how long after the first time.
    pub again: Option<u64>,
    /// How long replication to each Region takes.
    pub lags: [u64; MAX_REGIONS],
    /// Replication combines this change with those of this item that are still under way from the same Region.
    pub combined: bool,
}

/// What a request does to the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAction {
    /// A stamped UpdateItem. It creates the item where there is none.
    Update,
    /// A stamped UpdateItem that marks the item as deleted. Its condition fails where there is no item.
    SoftDelete,
    /// A stamped UpdateItem that removes the mark and the time to live.
    Revive,
    /// A PutItem that read nothing: it sets its own pair to 1 and says that it dropped the history.
    BlindPut,
    /// A PutItem with the stamps of the item as it was so many microseconds before, its own pair advanced. Where
    /// there was no item, its condition says that there must be none still.
    StalePut(u64),
    /// A PutItem that read nothing, of a process that last saw the item so many microseconds before and remembers its
    /// stamps: it carries those, its own pair advanced. Where it saw none, it is a [`WriteAction::BlindPut`].
    RememberingPut(u64),
    /// An UpdateItem that leaves the stamps alone.
    UnstampedUpdate,
    /// A PutItem without stamps.
    UnstampedPut,
    /// A DeleteItem.
    HardDelete,
    /// Time to live removes the item if it is marked as deleted.
    Purge,
}

/// A Region cut off from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The Region.
    pub region: Region,
    /// From when.
    pub from: u64,
    /// Until when. What was held back arrives after it.
    pub until: u64,
}

impl Plan {
    /// When a change that Region `from` sends at `sent` with this lag arrives in Region `to`, and whether a
    /// partition held it back.
    pub fn arrival(&self, from: Region, to: Region, sent: u64, lag: u64) -> (u64, bool) {
        let mut at = sent + lag;
        let mut held = false;
        // Partitions may follow or overlap each other: look again after each that held the change back.
        while let Some(cut) = self.partitions.iter().find(|cut| {
            (cut.region == from || cut.region == to) && (cut.from..cut.until).contains(&at)
        }) {
            at = cut.until + lag / 8;
            held = true;
        }
        (at, held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(partitions: &[(Region, u64, u64)]) -> Plan {
        Plan {
            regions: 3,
            private_clocks: [0; MAX_REGIONS],
            writes: Vec::new(),
            partitions: partitions
                .iter()
                .map(|&(region, from, until)| Partition {
                    region,
                    from,
                    until,
                })
                .collect(),
        }
    }

    #[test]
    fn a_partition_holds_back_what_would_arrive_during_it() {
        let plan = plan(&[(1, 100, 500)]);
        assert_eq!(plan.arrival(0, 1, 50, 80), (510, true));
        assert_eq!(plan.arrival(1, 2, 50, 80), (510, true));
        assert_eq!(plan.arrival(0, 2, 50, 80), (130, false));
        assert_eq!(plan.arrival(0, 1, 10, 80), (90, false));
        assert_eq!(plan.arrival(0, 1, 450, 80), (530, false));
    }

    #[test]
    fn partitions_that_follow_each_other_hold_back_twice() {
        let plan = plan(&[(1, 100, 500), (0, 400, 900)]);
        assert_eq!(plan.arrival(0, 1, 50, 80), (910, true));
    }
}
