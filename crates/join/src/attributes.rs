//! What the data tells of the table's attributes: how often each changes, and how much its values say.

mod report;

use std::collections::HashMap;

use crate::entry::{Change, Entry, NO_STEP, NO_VALUE, Name, Shape};
use crate::regions::RegionIndex;

pub use report::{AttributeClass, AttributeReport, Candidate};

/// The most names that are told apart. A table with more has names made of data; their changes count for nothing.
pub const MAX_NAMES: usize = 4_096;

/// From this probability of an equal value on, an attribute's values are few.
pub(crate) const COMMON: f64 = 0.01;

/// How many of an attribute's latest values each new one is compared with.
const RECENT: usize = 64;

/// What is known of the table's attributes so far.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    /// MODIFY records seen.
    modifies: u64,
    known: Vec<Statistics>,
    by_name: HashMap<Box<str>, Name>,
}

/// What is known of one attribute.
#[derive(Debug)]
struct Statistics {
    name: Box<str>,
    /// MODIFY records that changed it.
    changes: u64,
    /// Of these: to a whole number, from one.
    integers: u64,
    /// Of these: by one.
    by_one: u64,
    /// Changes to a time about now.
    times: u64,
    /// Changes to a Region's name.
    regions: u64,
    /// Of the changes to a Region's name with a known origin: the right Region.
    right_regions: u64,
    known_regions: u64,
    /// Pairs of recent values of one Region that were compared, and those that were equal.
    compared: u64,
    equal: u64,
    /// Writes with a known parent that changed it, and those that brought back an earlier value of the item.
    writes: u64,
    returns: u64,
    /// The latest values by Region.
    recent: Vec<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    tokens: Vec<u32>,
    next: usize,
}

impl Recent {
    /// How many of the latest values are equal to this one, which then is one of them.
    fn take(&mut self, token: u32) -> (u64, u64) {
        let equal = self
            .tokens
            .iter()
            .filter(|recent| **recent == token)
            .count();
        let compared = self.tokens.len();
        if compared < RECENT {
            self.tokens.push(token);
        } else {
            self.tokens[self.next] = token;
            self.next = (self.next + 1) % RECENT;
        }
        (compared as u64, equal as u64)
    }
}

impl Attributes {
    /// The number of a name; none for a name beyond the most.
    pub(crate) fn number(&mut self, name: &str) -> Option<Name> {
        if let Some(known) = self.by_name.get(name) {
            return Some(*known);
        }
        if self.known.len() == MAX_NAMES {
            return None;
        }
        let number = Name(self.known.len() as u16);
        self.by_name.insert(name.into(), number);
        self.known.push(Statistics {
            name: name.into(),
            changes: 0,
            integers: 0,
            by_one: 0,
            times: 0,
            regions: 0,
            right_regions: 0,
            known_regions: 0,
            compared: 0,
            equal: 0,
            writes: 0,
            returns: 0,
            recent: Vec::new(),
        });
        Some(number)
    }

    /// The name.
    pub(crate) fn name(&self, name: Name) -> &str {
        &self.of(name).name
    }

    fn of(&self, name: Name) -> &Statistics {
        &self.known[usize::from(name.0)]
    }

    /// Takes in a record.
    pub(crate) fn learn(&mut self, entry: &Entry) {
        if entry.old == 0 || entry.new == 0 {
            return;
        }
        self.modifies += 1;
        for change in &entry.changes {
            let known = &mut self.known[usize::from(change.name.0)];
            known.changes += 1;
            match change.shape {
                Shape::Opaque => {}
                Shape::Integer => {}
                Shape::Time => known.times += 1,
                Shape::Region(_) => known.regions += 1,
            }
            if change.step != NO_STEP || change.shape == Shape::Integer {
                known.integers += 1;
                known.by_one += u64::from(change.step == 1);
            }
            let region = usize::from(entry.region);
            if known.recent.len() <= region {
                known.recent.resize_with(region + 1, Recent::default);
            }
            if change.new != NO_VALUE {
                let (compared, equal) = known.recent[region].take(change.new);
                known.compared += compared;
                known.equal += equal;
            }
        }
    }

    /// Takes in a write whose parent is known: which of its changes brought back an earlier value of the item.
    pub(crate) fn learn_write<'c>(&mut self, changes: impl Iterator<Item = (&'c Change, bool)>) {
        for (change, returned) in changes {
            let known = &mut self.known[usize::from(change.name.0)];
            known.writes += 1;
            known.returns += u64::from(returned);
        }
    }

    /// Takes in a write that was surely made in `origin` and set the attribute to a Region's name.
    pub(crate) fn learn_origin(&mut self, name: Name, value: RegionIndex, origin: RegionIndex) {
        let known = &mut self.known[usize::from(name.0)];
        known.known_regions += 1;
        known.right_regions += u64::from(value == origin);
    }

    /// The share of updates that change the attribute, never quite 0 or 1.
    pub(crate) fn change_share(&self, name: Name) -> f64 {
        let share = (self.of(name).changes as f64 + 0.5) / (self.modifies as f64 + 2.0);
        share.clamp(0.001, 0.98)
    }

    /// How likely it is that a write sets the attribute to a given value that the item had elsewhere or before, by
    /// chance: two values of the table are equal, or the item's own values return.
    pub(crate) fn coincidence(&self, name: Name) -> f64 {
        let known = self.of(name);
        let equal = (known.equal as f64 + 0.2) / (known.compared as f64 + 200.0);
        let returns = (known.returns as f64 + 0.2) / (known.writes as f64 + 200.0);
        equal.max(returns).max(1e-6)
    }

    /// Whether a change brought a value that no other write brings by chance: neither one of a few, nor the next number.
    pub(crate) fn is_telling(&self, change: &Change) -> bool {
        change.new != NO_VALUE
            && self.by_one_share(change.name).is_none()
            && self.coincidence(change.name) < COMMON
    }

    /// The share of changes by one, if the attribute holds whole numbers that often change so.
    pub(crate) fn by_one_share(&self, name: Name) -> Option<f64> {
        let known = self.of(name);
        let is_counter = known.changes >= 20
            && known.integers * 10 >= known.changes * 9
            && known.by_one * 10 >= known.integers * 3;
        is_counter.then(|| known.by_one as f64 / known.integers.max(1) as f64)
    }

    /// How often the attribute names another Region than the one written in, if it names the right one as a rule.
    pub(crate) fn wrong_origin_share(&self, name: Name) -> Option<f64> {
        let known = self.of(name);
        let wrong = known.known_regions - known.right_regions;
        let serves = known.known_regions >= 20
            && wrong * 50 <= known.known_regions
            && known.regions * 10 >= known.changes * 9;
        serves.then(|| (wrong as f64 + 0.5) / (known.known_regions as f64 + 1.0))
    }
}

#[cfg(test)]
mod tests;
