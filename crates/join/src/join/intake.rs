//! Sightings become entries: names and Regions by number, digests cut to what one item's few values need.

use super::Join;
use super::item::Item;
use crate::digest::{self, Seed};
use crate::entry::{Change, CompactText, Entry, NO_ITEM, NO_STEP, NO_VALUE, Shape, Stamp, token};
use crate::regions::RegionIndex;
use crate::sighting::{AttributeChange, LatestStamp, Reading, Sighting, Value};

/// A time this far from the record's own is none of writing, in seconds.
const ABOUT_NOW: i64 = 86_400;

impl Join {
    /// The number of an item.
    pub(super) fn item(&mut self, key: &str) -> usize {
        if let Some(item) = self.by_key.get(key) {
            return *item;
        }
        let item = self.items.insert(Item {
            key: key.into(),
            order: digest::bytes(Seed::Text, key.as_bytes()),
            waiting: 0,
            base: None,
            entries: Vec::new(),
            due: 0,
            last: 0,
        });
        self.by_key.insert(key.into(), item);
        item
    }

    pub(super) fn entry(&mut self, sighting: &Sighting, region: RegionIndex) -> Entry {
        let bits = |digest: Option<digest::Digest>| digest.map_or(NO_ITEM, digest::Digest::bits);
        let mut changes: Vec<Change> = sighting
            .changes
            .iter()
            .filter_map(|change| self.change(change, sighting.second))
            .collect();
        changes.sort_unstable_by_key(|change| change.name);
        Entry {
            sequence_number: CompactText::new(&sighting.sequence_number),
            event_id: sighting.event_id.as_deref().map(CompactText::new),
            old: bits(sighting.old),
            new: bits(sighting.new),
            second: u32::try_from(sighting.second).unwrap_or(u32::MAX),
            region,
            by_time_to_live: sighting.by_time_to_live,
            marked_deleted: sighting.marked_deleted,
            stamp: sighting.stamp.as_ref().map(|stamp| self.stamp(stamp)),
            changes: changes.into(),
        }
    }

    fn stamp(&self, stamp: &LatestStamp) -> Stamp {
        let region = digest::bytes(Seed::Text, stamp.region.as_bytes());
        let pair = digest::pair(Seed::Member, stamp.n, stamp.t);
        Stamp {
            region: self.regions.find(&stamp.region),
            token: token(digest::pair(Seed::Member, region, pair)),
        }
    }

    fn change(&mut self, change: &AttributeChange, second: u64) -> Option<Change> {
        let name = self.known.attributes.number(&change.name)?;
        let value = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or(NO_VALUE, |value| token(value.digest.bits()))
        };
        let integer = |value: &Option<Value>| match value.as_ref().map(|value| &value.reading) {
            Some(Reading::Integer(integer)) => Some(*integer),
            Some(Reading::Opaque | Reading::Time(_) | Reading::Region(_)) | None => None,
        };
        let step = match (integer(&change.old), integer(&change.new)) {
            (Some(old), Some(new)) => new
                .checked_sub(old)
                .and_then(|step| i8::try_from(step).ok()),
            _ => None,
        };
        Some(Change {
            name,
            step: step.unwrap_or(NO_STEP),
            shape: self.shape(change.new.as_ref(), second),
            old: value(&change.old),
            new: value(&change.new),
        })
    }

    fn shape(&self, value: Option<&Value>, second: u64) -> Shape {
        let now = i64::try_from(second).unwrap_or(i64::MAX);
        let is_about_now = |time: i64| time.abs_diff(now) < ABOUT_NOW as u64;
        match value.map(|value| &value.reading) {
            None | Some(Reading::Opaque) => Shape::Opaque,
            Some(Reading::Time(time)) if is_about_now(*time) => Shape::Time,
            Some(Reading::Time(_)) => Shape::Opaque,
            Some(Reading::Region(region)) => self
                .regions
                .find(region)
                .map_or(Shape::Opaque, Shape::Region),
            // Seconds, milliseconds and microseconds are all in use.
            Some(Reading::Integer(integer)) => {
                let units = [1, 1_000, 1_000_000];
                match units.iter().any(|unit| is_about_now(integer / unit)) {
                    true => Shape::Time,
                    false => Shape::Integer,
                }
            }
        }
    }
}
