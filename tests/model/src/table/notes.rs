//! What counts as a disturbance, by its effect on the item.

use super::{Effect, Table};
use crate::disturbance::Disturbance;
use crate::history::{Item, StampPair};
use crate::plan::{Write, WriteAction};

/// Writes to one item closer than this make it hot, in microseconds.
const HOT: u64 = 20_000;

/// A clock that is off by more than this counts as an hour ahead: an hour, less what clocks are off anyway.
const AHEAD: i64 = 3_000_000_000;

/// Requests of good clocks may overtake each other by as much as this, in microseconds.
const UNDER_WAY: u64 = 10_000;

impl Table<'_> {
    /// Counts what disturbs the item in a write that takes effect.
    pub(super) fn note(
        &mut self,
        at: u64,
        write: &Write,
        again: bool,
        current: Option<usize>,
        held: Option<&Item>,
        effect: &Effect,
    ) {
        let stamped_for = write.stamps_of.unwrap_or(write.region);
        let pair = |item: Option<&Item>| item.and_then(|item| item.pairs[stamped_for]);
        let went_back = match (pair(held), pair(effect.item.as_ref())) {
            (Some(old), Some(new)) => new.t + UNDER_WAY < old.t,
            _ => false,
        };
        let stamped_at = pair(effect.item.as_ref()).map(|pair| pair.t);
        let before_another = held.is_some_and(|item| {
            let others = (0..self.plan.regions).filter(|region| *region != stamped_for);
            let latest = others
                .filter_map(|region| item.pairs[region])
                .map(|pair| pair.t)
                .max();
            went_on(pair(Some(item)), pair(effect.item.as_ref())) && latest > stamped_at
        });
        let hot = self.last_write_at.is_some_and(|last| at - last < HOT);
        self.last_write_at = Some(at);
        let replaces = held.is_some();
        let seen = [
            (went_back, Disturbance::Skew),
            (before_another, Disturbance::RegionClock),
            (hot, Disturbance::HotItem),
            (again, Disturbance::AppliedTwice),
            (write.clock > AHEAD, Disturbance::HourAhead),
            (stamped_for != write.region, Disturbance::WrongRegion),
            (
                current.is_some() && !replaces && effect.item.is_some(),
                Disturbance::Recreation,
            ),
        ];
        for (occurred, disturbance) in seen {
            if occurred {
                self.count(disturbance);
            }
        }
        let by_action = match write.action {
            WriteAction::Update => None,
            WriteAction::SoftDelete => Some(Disturbance::SoftDelete),
            WriteAction::Revive => held
                .filter(|item| item.deleted)
                .map(|_| Disturbance::Revival),
            WriteAction::BlindPut => replaces.then_some(Disturbance::BlindPut),
            WriteAction::RememberingPut(_) => replaces.then_some(Disturbance::RememberingPut),
            WriteAction::StalePut(_) => (effect.parent != current).then_some(Disturbance::StalePut),
            WriteAction::UnstampedUpdate => Some(Disturbance::UnstampedUpdate),
            WriteAction::UnstampedPut => replaces.then_some(Disturbance::UnstampedPut),
            WriteAction::HardDelete => Some(Disturbance::HardDelete),
            WriteAction::Purge => Some(Disturbance::Purge),
        };
        if let Some(disturbance) = by_action {
            self.count(disturbance);
        }
    }
}

/// Whether a write advanced a pair.
fn went_on(old: Option<StampPair>, new: Option<StampPair>) -> bool {
    new.map_or(0, |pair| pair.n) > old.map_or(0, |pair| pair.n)
}
