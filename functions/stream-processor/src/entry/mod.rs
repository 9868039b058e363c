//! The ledger entry of a record: which of it is kept, and in what form the settings want it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use conflict::{
    Confidence, Conflict, Stamp, StampNames, Stamps, SuspectedConflict, differing_attributes,
};
use ledger::{ConflictId, Entry, EntryKind, Evidence, Image, ItemKey, Key, Side};
use serde_json::value::RawValue;

use crate::record::{DecodedImage, DecodedRecord, ImageHeader, Record};
use crate::settings::LedgerImages;

/// What every entry needs beside its record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryOptions<'a> {
    /// Which attributes are stamps.
    pub(crate) stamps: &'a StampNames,
    /// What is kept of the images.
    pub(crate) images: LedgerImages,
    /// After how many days an entry expires.
    pub(crate) retention_days: u32,
    /// When the invocation started.
    pub(crate) now: DateTime<Utc>,
}

/// What an entry records.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Finding<'a> {
    /// A write lost to another Region's.
    Conflict(&'a Conflict<'a>),
    /// A write that may be lost to another Region's, by what the item says of its own.
    SuspectedConflict(&'a SuspectedConflict<'a>),
    /// A stale overwrite.
    StaleOverwrite,
    /// A local overwrite.
    LocalOverwrite,
    /// A sample of unstamped writes, so that the writer can be found.
    UnstampedSample,
    /// A sample of writes whose stamps have a fault, so that the writer can be found.
    OddStampSample,
}

impl Finding<'_> {
    /// The entry's `Kind`.
    pub(crate) fn kind(&self) -> EntryKind {
        match self {
            Finding::Conflict(conflict) => conflict.kind.into(),
            Finding::SuspectedConflict(suspected) => suspected.kind.into(),
            Finding::StaleOverwrite => EntryKind::StaleOverwrite,
            Finding::LocalOverwrite => EntryKind::LocalOverwrite,
            Finding::UnstampedSample => EntryKind::UnstampedSample,
            Finding::OddStampSample => EntryKind::OddStampSample,
        }
    }

    fn confidence(&self) -> Confidence {
        match self {
            Finding::Conflict(conflict) => conflict.confidence,
            Finding::SuspectedConflict(_)
            | Finding::StaleOverwrite
            | Finding::LocalOverwrite
            | Finding::UnstampedSample
            | Finding::OddStampSample => Confidence::Probable,
        }
    }

    /// The entry's `Evidence`, where it does not rest on stamps.
    pub(crate) fn evidence(&self) -> Option<Evidence> {
        match self {
            Finding::SuspectedConflict(_) => Some(Evidence::Version),
            Finding::Conflict(_)
            | Finding::StaleOverwrite
            | Finding::LocalOverwrite
            | Finding::UnstampedSample
            | Finding::OddStampSample => None,
        }
    }
}

/// The `ConflictId` of a finding: the winner's time and the record's `eventID`, the same for each delivery.
///
/// Where there is no winner's time, the latest time of either image stands in, and of a suspected conflict the record's own.
pub(crate) fn conflict_id(record: &Record<'_>, finding: Finding<'_>) -> ConflictId {
    let written_at = match finding {
        Finding::Conflict(conflict) => conflict.winner_written_at,
        // Its stamps are older than both versions.
        Finding::SuspectedConflict(_) => record.created_at.map(|seconds| seconds * 1_000_000),
        Finding::StaleOverwrite
        | Finding::LocalOverwrite
        | Finding::UnstampedSample
        | Finding::OddStampSample => [&record.old, &record.new]
            .into_iter()
            .flatten()
            .filter_map(|image| image.stamps.latest_time())
            .max(),
    };
    ConflictId::new(written_at, &event_id(record))
}

fn event_id(record: &Record<'_>) -> String {
    ledger::event_id(
        record.event_id.as_deref(),
        &record.stream_arn,
        &record.sequence_number,
    )
}

/// Makes the entry for a finding.
pub(crate) fn build(
    record: &Record<'_>,
    decoded: DecodedRecord,
    finding: Finding<'_>,
    options: EntryOptions<'_>,
) -> Entry {
    let DecodedRecord { key, old, new } = decoded;
    let differing = differing_names(&old, &new, &key, options.stamps);
    let mut entry = Entry {
        confidence: Some(finding.confidence().into()),
        evidence: finding.evidence().map(Into::into),
        event_id: Some(event_id(record)),
        sequence_number: Some(record.sequence_number.to_string()),
        ..Entry::new(
            finding.kind(),
            ItemKey::from_key(&key),
            conflict_id(record, finding),
            &record.table,
            options.now,
            options.retention_days,
        )
    };
    entry.key = Some(key);
    if !matches!(finding, Finding::UnstampedSample | Finding::OddStampSample) {
        add_sides(
            &mut entry,
            record,
            (old, new),
            &differing,
            finding,
            options.images,
        );
    }
    entry.differing_attributes = Some(differing);
    entry
}

/// The names of the attributes that differ, sorted. What cannot be decoded differs where its text does.
pub(crate) fn differing_names(
    old: &DecodedImage,
    new: &DecodedImage,
    key: &Key,
    stamps: &StampNames,
) -> Vec<String> {
    let is_key = |name: &str| key.contains_key(name);
    let decoded = differing_attributes(&old.attributes, &new.attributes, is_key, stamps);
    let undecoded = old.undecoded.keys().chain(new.undecoded.keys());
    let undecoded = undecoded.map(String::as_str).filter(|name| {
        let differ = old.undecoded.get(*name) != new.undecoded.get(*name);
        differ && !is_key(name) && !stamps.contains(name)
    });
    let names: BTreeSet<&str> = decoded.into_iter().chain(undecoded).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Adds the two versions, and how far they are apart.
fn add_sides(
    entry: &mut Entry,
    record: &Record<'_>,
    (old, new): (DecodedImage, DecodedImage),
    differing: &[String],
    finding: Finding<'_>,
    images: LedgerImages,
) {
    let (lost, won) = (stamps_of(&record.old), stamps_of(&record.new));
    let own = |stamps: &Stamps<'_>| stamps.get(&record.region).unwrap_or_default();
    let (winner_region, winner_written_at, lost_writes) = match finding {
        Finding::Conflict(conflict) => (
            Some(conflict.winner_region),
            conflict.winner_written_at,
            conflict.lost_writes,
        ),
        Finding::SuspectedConflict(suspected) => (suspected.winner_region, None, 1),
        Finding::StaleOverwrite
        | Finding::LocalOverwrite
        | Finding::UnstampedSample
        | Finding::OddStampSample => (
            None,
            None,
            own(&lost).count().saturating_sub(own(&won).count()).max(1),
        ),
    };
    entry.identical = Some(differing.is_empty() && lost.deleted == won.deleted);
    entry.lost_writes = Some(lost_writes);
    if images == LedgerImages::Diff {
        let only_winner = differing.iter().filter(|name| !old.contains(name));
        entry.winner_only_attributes = Some(only_winner.cloned().collect());
    }
    let (old_image, old_undecoded) = image_to_keep(old, differing, images);
    let (new_image, new_undecoded) = image_to_keep(new, differing, images);
    entry.loser = Some(Side {
        region: Some(record.region.to_string()),
        written_at: own(&lost).t,
        stamps: pairs(&lost),
        image: old_image,
        undecoded: old_undecoded,
    });
    entry.winner = Some(Side {
        region: winner_region.map(str::to_owned),
        written_at: winner_written_at,
        stamps: pairs(&won),
        image: new_image,
        undecoded: new_undecoded,
    });
}

fn stamps_of<'a>(image: &Option<ImageHeader<'a>>) -> Stamps<'a> {
    image
        .as_ref()
        .map(|header| header.stamps.clone())
        .unwrap_or_default()
}

fn pairs(stamps: &Stamps<'_>) -> BTreeMap<String, Stamp> {
    let pairs = stamps.iter();
    pairs
        .map(|(region, stamp)| (region.to_owned(), stamp))
        .collect()
}

/// What the settings keep of an image: its attributes, and the text of those that cannot be decoded.
fn image_to_keep(
    image: DecodedImage,
    differing: &[String],
    images: LedgerImages,
) -> (Option<Image>, BTreeMap<String, Option<String>>) {
    let DecodedImage {
        mut attributes,
        mut undecoded,
    } = image;
    match images {
        LedgerImages::Full => {}
        LedgerImages::Diff => {
            let differs = |name: &String| differing.binary_search(name).is_ok();
            attributes.retain(|name, _| differs(name));
            undecoded.retain(|name, _| differs(name));
        }
        LedgerImages::None => return (None, BTreeMap::new()),
    }
    let undecoded = undecoded.into_iter();
    let undecoded = undecoded.map(|(name, text)| (name, Some(text)));
    (Some(attributes), undecoded.collect())
}

/// Makes the entry for a record that could not be judged, whose text is kept as it came.
pub(crate) fn quarantine(
    raw: &RawValue,
    table: &str,
    reason: &str,
    options: EntryOptions<'_>,
) -> Entry {
    Entry {
        reason: Some(reason.to_owned()),
        record: Some(raw.get().to_owned()),
        ..Entry::new(
            EntryKind::MalformedRecord,
            ItemKey::quarantine(),
            ConflictId::quarantine(raw.get()),
            table,
            options.now,
            options.retention_days,
        )
    }
}
