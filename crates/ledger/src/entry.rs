//! An entry as a value: what was found, and the two versions.

use std::collections::BTreeMap;

use chrono::serde::ts_seconds_option;
use chrono::{DateTime, SecondsFormat, Utc};
use conflict::{Confidence, Stamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;

use crate::fit::{self, EntryForm, StoredEntry};
use crate::schema::{BUCKET, IMAGE, KEY, LOSER, OPEN_SHARD, RECORD, UNDECODED_ATTRIBUTES, WINNER};
use crate::{
    ConflictId, EntryKind, Evidence, HistoryEvent, Image, ItemKey, Name, PendingSum, Status,
    bucket, json, storage, time,
};

/// An item's key, by attribute name.
pub type Key = BTreeMap<String, AttributeValue>;

/// Attributes by name, each with its text where that is known.
pub(crate) type Undecoded = BTreeMap<String, Option<String>>;

/// An entry of the ledger. Attributes that not every kind of entry has are optional.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// The hash key.
    pub item_key: ItemKey,
    /// The range key.
    pub conflict_id: ConflictId,
    /// The item's key; none for a quarantined record.
    #[serde(skip)]
    pub key: Option<Key>,
    /// The item's table.
    pub table_name: String,
    /// What the entry records.
    pub kind: Name<EntryKind>,
    /// How sure it is.
    pub confidence: Option<Name<Confidence>>,
    /// What it rests on; none where that is the stamps of both versions.
    pub evidence: Option<Name<Evidence>>,
    /// What became of it.
    pub status: Name<Status>,
    /// When it was found. Milliseconds are kept.
    #[serde(with = "time::millis")]
    pub detected_at: DateTime<Utc>,
    /// When it is removed; none if somebody keeps it for good. Seconds are kept.
    #[serde(default, with = "ts_seconds_option")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The record's `eventID`, or the digest that stands for it.
    pub event_id: Option<String>,
    /// The record's sequence number.
    pub sequence_number: Option<String>,
    /// The names of the attributes that differ between the two versions, sorted; stamps and keys are left out.
    pub differing_attributes: Option<Vec<String>>,
    /// How many more differ, of an item with so many that the entry could not name them.
    pub differing_attributes_omitted: Option<u64>,
    /// The names of those that only the winner has, where the images hold nothing but what differs.
    pub winner_only_attributes: Option<Vec<String>>,
    /// How many more only the winner has.
    pub winner_only_attributes_omitted: Option<u64>,
    /// The names of the attributes that the lost writes changed, sorted, as far as the function saw those writes.
    pub changed_attributes: Option<Vec<String>>,
    /// Whether it saw all of them, so that what is not named was not changed.
    pub changed_attributes_complete: Option<bool>,
    /// The names of those that the winner changed too since the common ancestor.
    pub changed_by_both: Option<Vec<String>>,
    /// Of the numbers that the lost writes changed: what they were in the common ancestor, as DynamoDB writes numbers.
    pub ancestor_numbers: Option<BTreeMap<String, String>>,
    /// Whether no attribute differs and the delete marks agree.
    pub identical: Option<bool>,
    /// How many writes were lost at least.
    pub lost_writes: Option<u64>,
    /// The version that was lost.
    #[serde(skip)]
    pub loser: Option<Side>,
    /// The version that won.
    #[serde(skip)]
    pub winner: Option<Side>,
    /// DynamoDB refused the entry with what came from the record: it holds no image, no key and no attribute's name.
    pub images_refused: Option<bool>,
    /// Why a record could not be judged.
    pub reason: Option<String>,
    /// What operators did to it, oldest first.
    pub history: Option<Vec<HistoryEvent>>,
    /// Sums that are being put back: written before the item, so that a put-back that was interrupted adds nothing twice.
    pub pending_sums: Option<Vec<PendingSum>>,
    /// The text of a record that could not be judged, as it came.
    #[serde(skip)]
    pub record: Option<String>,
}

/// One of the two versions of an entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Side {
    /// The Region that wrote it; none where the stream cannot tell.
    pub region: Option<String>,
    /// When, in epoch microseconds by its writer's clock.
    #[serde(default, with = "time::micros")]
    pub written_at: Option<u64>,
    /// Its stamps, by Region.
    #[serde(default)]
    pub stamps: BTreeMap<String, Stamp>,
    /// Its attributes; none if the settings keep none. What is left out of the winner's is told by
    /// [`omitted_bytes`](crate::omitted_bytes).
    #[serde(skip)]
    pub image: Option<Image>,
    /// The attributes that are not DynamoDB JSON as this version knows it, by name, with their text as it stood in the
    /// record; none where that was not read, and of the winner, of which name and size alone are kept.
    #[serde(skip)]
    pub undecoded: Undecoded,
}

/// An item that is not an entry that can be read.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// An attribute is missing or not what it should be.
    #[error("{attribute}: {source}")]
    Attribute {
        /// Where, as a document path; empty for the entry as a whole.
        attribute: String,
        /// What is wrong.
        source: serde_dynamo::Error,
    },
    /// A part was not given, or has expired.
    #[error(
        "part {number} of {count} is missing: read all items whose ConflictId starts with the entry's and #part-"
    )]
    PartMissing {
        /// Which part, from 1.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// The compressed bytes are damaged.
    #[error("the compressed image is damaged: {0}")]
    Damaged(#[source] std::io::Error),
    /// The text is not DynamoDB JSON.
    #[error("the compressed image is not DynamoDB JSON: {0}")]
    NotAnImage(#[source] serde_json::Error),
}

impl Entry {
    /// An open entry with what every entry has, found at `now`.
    pub fn new(
        kind: EntryKind,
        item_key: ItemKey,
        conflict_id: ConflictId,
        table_name: &str,
        now: DateTime<Utc>,
        retention_days: u32,
    ) -> Self {
        Self {
            item_key,
            conflict_id,
            key: None,
            table_name: table_name.to_owned(),
            kind: kind.into(),
            confidence: None,
            evidence: None,
            status: Status::Open.into(),
            detected_at: now,
            expires_at: Some(time::seconds_after(now, retention_days)),
            event_id: None,
            sequence_number: None,
            differing_attributes: None,
            differing_attributes_omitted: None,
            winner_only_attributes: None,
            winner_only_attributes_omitted: None,
            changed_attributes: None,
            changed_attributes_complete: None,
            changed_by_both: None,
            ancestor_numbers: None,
            identical: None,
            lost_writes: None,
            loser: None,
            winner: None,
            images_refused: None,
            reason: None,
            history: None,
            pending_sums: None,
            record: None,
        }
    }

    /// Where the index of open entries has it; none for one that is not open, or never has to be closed.
    pub fn open_shard(&self) -> Option<String> {
        let waits = match self.kind {
            Name::Known(kind) => kind.waits_for_an_operator(),
            Name::Unknown(_) => true,
        };
        let is_open = self.status == Name::Known(Status::Open);
        (waits && is_open).then(|| bucket::open_shard(&self.conflict_id))
    }

    /// The entry as items of the table, none larger or deeper than DynamoDB takes.
    pub fn into_items(self) -> StoredEntry {
        self.into_items_in(EntryForm::Full)
    }

    /// The same in a form that DynamoDB may take where it refused a larger one for what is in it.
    pub fn into_items_in(mut self, form: EntryForm) -> StoredEntry {
        let (key, record) = (self.key.take(), self.record.take());
        let sides = [(LOSER, self.loser.take()), (WINNER, self.winner.take())];
        let mut main = attributes(&self);
        let bucket = bucket::bucket(self.detected_at, &self.conflict_id);
        main.insert(BUCKET.to_owned(), AttributeValue::S(bucket));
        if let Some(shard) = self.open_shard() {
            main.insert(OPEN_SHARD.to_owned(), AttributeValue::S(shard));
        }
        if let Some(key) = key {
            main.insert(KEY.to_owned(), AttributeValue::M(key.into_iter().collect()));
        }
        let mut undecoded = Undecoded::new();
        for (name, side) in sides {
            if let Some(mut side) = side {
                let mut image = side.image.take();
                let mut map = attributes(&side);
                if !side.undecoded.is_empty() {
                    let names = side.undecoded.keys().cloned().map(AttributeValue::S);
                    let names = AttributeValue::L(names.collect());
                    map.insert(UNDECODED_ATTRIBUTES.to_owned(), names);
                    if name == LOSER {
                        undecoded = side.undecoded;
                        image.get_or_insert_default();
                    } else if let Some(image) = &mut image {
                        for (name, text) in side.undecoded {
                            let note = || fit::omission(text.map_or(0, |text| text.len()));
                            image.entry(name).or_insert_with(note);
                        }
                    }
                }
                map.extend(image.map(|image| (IMAGE.to_owned(), AttributeValue::M(image))));
                main.insert(name.to_owned(), AttributeValue::M(map));
            }
        }
        main.extend(record.map(|text| (RECORD.to_owned(), AttributeValue::S(text))));
        fit::fit(main, &undecoded, form)
    }

    /// Reads an item back, with its parts in the order of their numbers; how many they are
    /// [`StorageForm`](crate::StorageForm) says. What was not read of it
    /// ([`PATHS_WITHOUT_IMAGES`](crate::PATHS_WITHOUT_IMAGES)) is none.
    ///
    /// # Errors
    ///
    /// [`EntryError`]
    pub fn read(item: Image, parts: &[Image]) -> Result<Self, EntryError> {
        Self::read_with(item, |map, name| storage::decompress(map, name, parts))
    }

    /// Reads an entry's own item alone: what it holds compressed or in parts is none.
    ///
    /// # Errors
    ///
    /// [`EntryError::Attribute`]
    pub fn read_alone(item: Image) -> Result<Self, EntryError> {
        Self::read_with(item, |_, _| Ok(None))
    }

    fn read_with(
        mut item: Image,
        decompress: impl Fn(&Image, &str) -> Result<Option<Vec<u8>>, EntryError>,
    ) -> Result<Self, EntryError> {
        let key = map(item.remove(KEY));
        let record = match item.remove(RECORD) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => decompress(&item, RECORD)?.map(|text| String::from_utf8_lossy(&text).into_owned()),
        };
        let loser = map(item.remove(LOSER)).map(|mut loser| {
            let image = match map(loser.remove(IMAGE)) {
                Some(image) => Some((image, Undecoded::new())),
                None => decompress(&loser, IMAGE)?
                    .map(|text| json::read_image(&text).map_err(EntryError::NotAnImage))
                    .transpose()?,
            };
            side(LOSER, loser, image)
        });
        let winner = map(item.remove(WINNER)).map(|mut winner| {
            let image = map(winner.remove(IMAGE)).map(|image| (image, Undecoded::new()));
            side(WINNER, winner, image)
        });
        let entry: Self = parse("", item)?;
        Ok(Self {
            key: key.map(|key| key.into_iter().collect()),
            loser: loser.transpose()?,
            winner: winner.transpose()?,
            record,
            ..entry
        })
    }
}

impl Entry {
    /// When it was found, as the ledger writes it.
    pub fn detected_at_text(&self) -> String {
        self.detected_at
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// When it is removed, in RFC 3339.
    pub fn expires_at_text(&self) -> Option<String> {
        let seconds = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.expires_at.map(seconds)
    }
}

impl Side {
    /// When it was written, as the ledger writes it.
    pub fn written_at_text(&self) -> Option<String> {
        self.written_at.map(time::rfc3339_micros)
    }
}

fn side(
    name: &str,
    mut attributes: Image,
    image: Option<(Image, Undecoded)>,
) -> Result<Side, EntryError> {
    let undecoded_names = match attributes.remove(UNDECODED_ATTRIBUTES) {
        Some(AttributeValue::L(names)) => names,
        _ => Vec::new(),
    };
    let side: Side = parse(name, attributes)?;
    let (image, undecoded) = image.unzip();
    let mut undecoded = undecoded.unwrap_or_default();
    for name in undecoded_names {
        let AttributeValue::S(name) = name else {
            continue;
        };
        // What an older version could not decode, this one may.
        let value = image.as_ref().and_then(|image| image.get(&name));
        if value.is_none_or(|value| fit::omitted_bytes(value).is_some()) {
            undecoded.entry(name).or_default();
        }
    }
    Ok(Side {
        image,
        undecoded,
        ..side
    })
}

/// What of a value serde_dynamo writes, without what is none.
///
/// Images are not among it: serde would turn attribute values into maps of their own.
fn attributes(value: &impl Serialize) -> Image {
    let item = serde_dynamo::to_item(value).expect("entries have names and no keys of other types");
    let mut item: Image = item;
    item.retain(|_, value| !matches!(value, AttributeValue::Null(_)));
    item
}

fn parse<T: DeserializeOwned>(within: &str, item: Image) -> Result<T, EntryError> {
    let item = serde_dynamo::Deserializer::from_attribute_value(AttributeValue::M(item));
    serde_path_to_error::deserialize(item).map_err(|error| {
        let path = [within, &error.path().to_string()].join(".");
        EntryError::Attribute {
            attribute: path.trim_matches('.').to_owned(),
            source: error.into_inner(),
        }
    })
}

fn map(value: Option<AttributeValue>) -> Option<Image> {
    match value {
        Some(AttributeValue::M(map)) => Some(map),
        _ => None,
    }
}
