//! `demo --put-back`: puts the lost writes back that nobody has to decide about, and holds the result against the truth.

use conflict::StampNames;
use serde::Serialize;
use workload::{History, ValueScore};

use crate::failure::CommandError;
use crate::ledger::{Connection, PutBackArgs, PutBackCounts, put_back_open};
use crate::world::StoppedWorld;

/// What came of putting back. Its field names are those of `--json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct PutBackResult {
    /// The open entries of all Regions.
    pub entries: u64,
    /// How many of them are restored.
    pub restored: u64,
    /// How many leave something to decide.
    pub left: u64,
    /// How many can only be resolved: both writes deleted the item, or nothing differs.
    pub impossible: u64,
    /// How many failed, or met a write in between.
    pub failed: u64,
    /// By the truth: the values that lost writes gave attributes.
    pub lost_values: u64,
    /// How many of them the final items have again.
    pub values_back: u64,
    /// Values that were put back over one that the lost write had not seen. There must be none.
    pub newer_gone: u64,
}

/// Puts back what the ledgers of a world hold, one Region after the other: at once they would be each other's conflicts.
pub(super) async fn put_back(
    world: &StoppedWorld,
    history: &History,
    stamp_prefix: &str,
    ttl_attribute: &str,
) -> Result<PutBackResult, CommandError> {
    let mut counts = PutBackCounts::default();
    for (region, stack) in &world.stacks {
        let connection = Connection {
            ledger: stack.ledger.table_name().to_owned(),
            profile: None,
            region: Some(region.name().to_owned()),
            endpoint_url: Some(stack.ledger.endpoint()),
        };
        let args = PutBackArgs {
            item_endpoint_url: Some(
                world
                    .table
                    .endpoint(*region)
                    .map_err(CommandError::failed)?,
            ),
            stamp_prefix: stamp_prefix.to_owned(),
            ttl_attribute: Some(ttl_attribute.to_owned()),
            ..PutBackArgs::of_open(connection)
        };
        counts += put_back_open(&args).await?;
        world.table.wait_until_converged().await;
    }
    let stamps = StampNames::new(stamp_prefix);
    let values = ValueScore::new(history, |name| {
        stamps.contains(name) || name == ttl_attribute
    });
    Ok(PutBackResult {
        entries: counts.entries,
        restored: counts.restored,
        left: counts.left,
        impossible: counts.impossible,
        failed: counts.failed,
        lost_values: values.lost,
        values_back: values.back,
        newer_gone: values.newer_gone,
    })
}
