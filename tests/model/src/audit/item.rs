//! Items with contents: what applications keep in them, and how their writes change it.

use conflict::StampNames;
use fastrand::Rng;
use join::{EventName, Image, Sighting, StreamRecord};
use serde_dynamo::AttributeValue;

use super::history::{History, Record};
use crate::plan::REGION_NAMES;

/// Attributes with values of their own in every write.
pub const FIELDS: usize = 8;
/// Where the further attributes stand.
const COUNT: usize = FIELDS;
const STATUS: usize = FIELDS + 1;
const FLAG: usize = FIELDS + 2;
const VERSION: usize = FIELDS + 3;
const ATTRIBUTES: usize = FIELDS + 4;

/// Names of the attributes, in their order.
const NAMES: [&str; ATTRIBUTES] = [
    "address", "basket", "comment", "customer", "delivery", "email", "payment", "phone", "count",
    "status", "flag", "version",
];

const STATUSES: [&str; 5] = ["NEW", "PAID", "PACKED", "SENT", "DONE"];

/// An item: a number for each attribute's value, 0 where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item([u64; ATTRIBUTES]);

/// What a request does to the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Sets fields to new values: one bit each.
    Update(u8),
    /// Reads the item so many microseconds before, changes fields, and puts all of it.
    Put(u8, u64),
    /// Adds one to a counter.
    Count,
    /// Goes on to the next status.
    Status,
    /// Sets a flag to this.
    Flag(bool),
    /// Sets fields and adds one to a version number, on the condition that it is the one that was read.
    Lock(u8),
    /// DeleteItem.
    Delete,
    /// Sets the item back to the version before.
    Undo,
    /// Sets a field to one of a few values that others set, too.
    Identical(u64),
}

impl Item {
    /// A new item.
    pub fn new(rng: &mut Rng) -> Self {
        let mut values = [1; ATTRIBUTES];
        for value in &mut values[..FIELDS] {
            *value = rng.u64(..);
        }
        Self(values)
    }

    fn with_fields(mut self, fields: u8, fresh: &mut Rng) -> Self {
        for (field, value) in self.0[..FIELDS].iter_mut().enumerate() {
            if fields >> field & 1 == 1 {
                *value = fresh.u64(1..);
            }
        }
        self
    }

    fn with(mut self, attribute: usize, change: impl FnOnce(u64) -> u64) -> Self {
        self.0[attribute] = change(self.0[attribute]);
        self
    }

    /// What an action makes of the item that the replica holds; `read` is what the writer read, `before` the version
    /// before the replica's.
    pub fn after(
        action: Action,
        held: Option<Item>,
        read: Option<Item>,
        before: Option<Item>,
        fresh: &mut Rng,
    ) -> Option<Item> {
        // An UpdateItem creates the item where there is none, with what it sets.
        let base = held.unwrap_or(Item([0; ATTRIBUTES]));
        match action {
            Action::Update(fields) => Some(base.with_fields(fields, fresh)),
            Action::Put(fields, _) => {
                let base = read.or(held).unwrap_or_else(|| Item::new(fresh));
                Some(base.with_fields(fields, fresh))
            }
            Action::Count => Some(base.with(COUNT, |count| count + 1)),
            Action::Status => Some(base.with(STATUS, |status| status % STATUSES.len() as u64 + 1)),
            Action::Flag(set) => Some(base.with(FLAG, |_| 1 + u64::from(set))),
            Action::Lock(fields) => {
                let item = base.with(VERSION, |version| version + 1);
                Some(item.with_fields(fields, fresh))
            }
            Action::Delete => None,
            Action::Undo => before.or(held),
            Action::Identical(value) => Some(base.with(0, |_| 1 + value)),
        }
    }

    fn image(&self, number: usize) -> Image {
        let mut image = key(number);
        for (attribute, value) in self.0.iter().enumerate().filter(|(_, value)| **value > 0) {
            let value = match attribute {
                COUNT | VERSION => AttributeValue::N(value.to_string()),
                STATUS => AttributeValue::S(STATUSES[*value as usize - 1].to_owned()),
                FLAG => AttributeValue::Bool(*value == 2),
                _ => AttributeValue::S(format!("{value:x}")),
            };
            image.insert(NAMES[attribute].to_owned(), value);
        }
        image
    }
}

/// An item's key.
fn key(number: usize) -> Image {
    Image::from([(
        "id".to_owned(),
        AttributeValue::S(format!("ORDER#{number:08}")),
    )])
}

/// The stream record that a replica shows.
pub fn sighting(history: &History, record: &Record, number: usize, sequence: u64) -> Sighting {
    let image = |item: Option<Item>| item.map(|item| item.image(number));
    let old = image(
        record
            .before
            .and_then(|version| history.versions[version].item),
    );
    let new = image(history.versions[record.after].item);
    let event_name = match (&old, &new) {
        (None, _) => EventName::Insert,
        (Some(_), Some(_)) => EventName::Modify,
        (Some(_), None) => EventName::Remove,
    };
    let record = StreamRecord {
        table: "orders",
        region: REGION_NAMES[record.region],
        event_name,
        event_id: None,
        sequence_number: &sequence.to_string(),
        second: record.second,
        keys: &key(number),
        old: old.as_ref(),
        new: new.as_ref(),
        by_time_to_live: false,
    };
    Sighting::new(&record, &StampNames::default()).expect("the model gives both images")
}
