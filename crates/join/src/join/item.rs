//! An item in the window.

use crate::entry::Entry;

/// What is held of an item.
#[derive(Debug)]
pub(super) struct Item {
    /// The key in DynamoDB JSON.
    pub(super) key: Box<str>,
    /// The key's digest: items of one second are taken in this order.
    pub(super) order: u64,
    /// Records that have not been taken into the window yet.
    pub(super) waiting: u32,
    /// The digest of the version before the entries, where it is known.
    pub(super) base: Option<u64>,
    /// The records in the window, each Region's in the order of its stream.
    pub(super) entries: Vec<Entry>,
    /// The second at which the item is looked at next; 0 if none.
    pub(super) due: u64,
    /// The second of the last arrival.
    pub(super) last: u64,
}

impl Item {
    /// Takes in a record, unless it is here already; gives it as it is held.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<&Entry> {
        let number = entry.sequence_number.number();
        let mut at = self.entries.len();
        // Almost always the record is the latest of its Region, and nothing moves.
        for (index, other) in self.entries.iter().enumerate().rev() {
            if other.region != entry.region {
                continue;
            }
            if other.sequence_number == entry.sequence_number {
                return None;
            }
            match (other.sequence_number.number(), number) {
                (Some(other), Some(this)) if other > this => at = index,
                _ => break,
            }
        }
        if self.entries.len() == self.entries.capacity() {
            // Most items have a record or two of each Region: what a vector would take at once is held for nothing.
            let more = (self.entries.len() / 2).max(2);
            self.entries.reserve_exact(more);
        }
        self.entries.insert(at, entry);
        self.entries.get(at)
    }
}
