//! What an entry and the item say of one attribute.

use std::collections::BTreeSet;

use conflict::{StampNames, Stamps, values_equal};
use ledger::{Entry, EntryKind, Image, Name, Side, omitted_bytes, omitted_image_bytes};
use serde_dynamo::AttributeValue;

use crate::attribute::{ChangedByLostWrite, State};

/// An entry's two versions with their images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) kind: Option<EntryKind>,
    pub(crate) loser: &'a Side,
    pub(crate) lost: &'a Image,
    pub(crate) winner: Option<&'a Side>,
}

/// The winner's value of an attribute, as far as the ledger has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum WinnerValue<'a> {
    Known(Option<&'a AttributeValue>),
    LeftOut,
}

impl<'a> Evidence<'a> {
    /// None where the entry has no losing image.
    pub(crate) fn new(entry: &'a Entry) -> Option<Self> {
        let loser = entry.loser.as_ref()?;
        Some(Self {
            entry,
            kind: match entry.kind {
                Name::Known(kind) => Some(kind),
                Name::Unknown(_) => None,
            },
            loser,
            lost: loser.image.as_ref()?,
            winner: entry.winner.as_ref(),
        })
    }

    /// Whether the images hold only what differs.
    pub(crate) fn is_difference(&self) -> bool {
        self.entry.winner_only_attributes.is_some()
    }

    pub(crate) fn won(&self, name: &str) -> WinnerValue<'a> {
        let Some(winner) = self.winner else {
            return WinnerValue::LeftOut;
        };
        let Some(image) = &winner.image else {
            return WinnerValue::LeftOut;
        };
        if omitted_image_bytes(image).is_some() || winner.undecoded.contains_key(name) {
            return WinnerValue::LeftOut;
        }
        match image.get(name) {
            Some(value) if omitted_bytes(value).is_some() => WinnerValue::LeftOut,
            value => WinnerValue::Known(value),
        }
    }

    /// The names that the two versions differ in, and those that the lost write changed.
    pub(crate) fn names(&self, stamps: &StampNames) -> BTreeSet<String> {
        let differing = self.entry.differing_attributes.iter().flatten();
        let changed = self.entry.changed_attributes.iter().flatten();
        let seen = self.lost.keys().filter(|name| {
            // A list that was too long for the entry was cut.
            match self.won(name) {
                WinnerValue::Known(won) => !equal(self.lost.get(*name), won),
                WinnerValue::LeftOut => false,
            }
        });
        let is_key = |name: &str| {
            self.entry
                .key
                .as_ref()
                .is_some_and(|key| key.contains_key(name))
        };
        let names = differing.chain(changed).chain(seen);
        let names =
            names.filter(|name| !is_key(name) && !stamps.contains(name) && self.is_in_images(name));
        names.cloned().collect()
    }

    /// Whether the images say what an attribute was. Where they hold only what differs, one that is in neither was equal in
    /// both, and nothing more is known of it.
    pub(crate) fn is_in_images(&self, name: &str) -> bool {
        !self.is_difference()
            || self.lost.contains_key(name)
            || self.loser.undecoded.contains_key(name)
            || self
                .entry
                .winner_only_attributes
                .iter()
                .flatten()
                .any(|other| other == name)
    }

    pub(crate) fn changed(&self, name: &str) -> ChangedByLostWrite {
        use ChangedByLostWrite::{AndByWinner, No, Unknown, Yes};
        let contains =
            |names: &Option<Vec<String>>| names.iter().flatten().any(|other| other == name);
        let lost = self.lost.contains_key(name) || self.loser.undecoded.contains_key(name);
        if contains(&self.entry.changed_attributes) {
            return if contains(&self.entry.changed_by_both) {
                AndByWinner
            } else {
                Yes
            };
        }
        if self.entry.changed_attributes_complete == Some(true) {
            return No;
        }
        match self.kind {
            // Neither version descends from the other's, so each wrote all that it has.
            Some(EntryKind::InsertInsert) => match (lost, self.won(name)) {
                (false, _) => No,
                (true, WinnerValue::Known(None)) => Yes,
                (true, WinnerValue::Known(Some(_)) | WinnerValue::LeftOut) => AndByWinner,
            },
            Some(EntryKind::DeleteUpdate | EntryKind::DeleteDelete) => No,
            Some(
                EntryKind::UpdateDelete
                | EntryKind::UpdateUpdate
                | EntryKind::Overwrite
                | EntryKind::StaleOverwrite
                | EntryKind::LocalOverwrite
                | EntryKind::UnstampedSample
                | EntryKind::OddStampSample
                | EntryKind::MalformedRecord,
            )
            | None => Unknown,
        }
    }

    /// The number before the lost writes: whether it is known, and whether there was one.
    pub(crate) fn ancestor(&self, name: &str) -> Option<Option<&'a str>> {
        let numbers = self.entry.ancestor_numbers.as_ref()?;
        match numbers.get(name) {
            Some(number) => Some(Some(number)),
            // All that the lost writes changed is known, and this was no number before them. It was absent, or of another
            // type: a sum then does not fit the lost value either.
            None => {
                let changed = self.entry.changed_attributes.iter().flatten();
                let complete = self.entry.changed_attributes_complete == Some(true);
                (complete && changed.into_iter().any(|other| other == name)).then_some(None)
            }
        }
    }

    pub(crate) fn state(&self, name: &str, now: Option<&AttributeValue>) -> State {
        if !self.loser.undecoded.contains_key(name) && equal(now, self.lost.get(name)) {
            return State::AlreadyThere;
        }
        match self.won(name) {
            WinnerValue::Known(won) if equal(now, won) => State::Untouched,
            WinnerValue::Known(_) | WinnerValue::LeftOut => State::ChangedSince,
        }
    }
}

/// Whether two values are equal, or both absent.
pub(crate) fn equal(left: Option<&AttributeValue>, right: Option<&AttributeValue>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => values_equal(left, right),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// An item's stamps.
pub(crate) fn stamps_of<'a>(item: &'a Image, names: &StampNames) -> Stamps<'a> {
    let mut stamps = Stamps::default();
    for (name, value) in item {
        if let Some(attribute) = names.parse(name.as_str()) {
            let number = match value {
                AttributeValue::N(number) => Some(number.as_str()),
                _ => None,
            };
            stamps.read(attribute, number);
        }
    }
    stamps
}

/// Whether the item has the winner, or what descends from it: replication may not have brought it to this Region yet.
pub fn saw_winner(entry: &Entry, item: &Image, names: &StampNames) -> bool {
    let Some(winner) = &entry.winner else {
        return true;
    };
    let won = winner.region.as_ref().and_then(|region| {
        let stamp = winner.stamps.get(region)?;
        Some((region, stamp.count()))
    });
    let stamps = stamps_of(item, names);
    won.is_none_or(|(region, count)| {
        stamps
            .get(region)
            .is_some_and(|stamp| stamp.count() >= count)
    })
}

/// Whether the item has exactly the winner's stamps: nobody wrote it since, unless without a stamp.
pub(crate) fn has_winners_stamps(winner: Option<&Side>, item: &Image, names: &StampNames) -> bool {
    let Some(winner) = winner else {
        return false;
    };
    let won = winner
        .stamps
        .iter()
        .map(|(region, stamp)| (region.as_str(), *stamp));
    stamps_of(item, names).same_pairs(&won.collect())
}
