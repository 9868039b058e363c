//! `lastwriter ledger show`.

use chrono::{DateTime, Utc};
use conflict::StampNames;
use ledger::{Entry, Image, StorageForm};
use serde::Serialize;
use serde_json::Value;

use super::key::{ItemKey, KeyPart};
use super::list::{buckets, hours_back};
use super::table::EntryKey;
use super::{Connection, LedgerReadError, LedgerTable, Summary, connect, versions};
use crate::failure::CommandError;
use crate::terminal::{self, Layout};

/// How many hours of the index are searched at once: 16 queries each.
const HOURS_AT_ONCE: usize = 2;

const AFTER_HELP: &str = "\
Examples:
  lastwriter ledger show --ledger my-ledger 2026-11-22T12:33:07.318000Z#c38300004b26640c29c40f9cec1fe989
  lastwriter ledger show --key PK=USER#1001 --key SK=PROFILE ID
  lastwriter ledger show --json ID | jq .loser.image > lost.json
  lastwriter ledger show --quarantine malformed#749761a4...

The id is the one that `lastwriter ledger list` and the function's log name. With the item's key it is read at once;
without, the index is searched: first the hour that the id names and the next one, then the last --hours.

--json prints the entry as `list --json` does, and beside it loser and winner {region, written_at, stamps, image},
image_kept (whole, compressed, in_parts, nowhere), parts, event_id, sequence_number, expires_at, and record, the text
of a quarantined record. Images are DynamoDB JSON.

Exit codes: 0 done, 1 failed (there is no such conflict, ...), 2 bad usage.";

/// Options of `lastwriter ledger show`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ShowArgs {
    /// Which ledger to read.
    #[command(flatten)]
    pub connection: Connection,
    /// The conflict's id
    #[arg(value_name = "CONFLICT_ID")]
    pub conflict_id: String,
    /// The item's key: NAME=VALUE for each key attribute, or the key in DynamoDB JSON
    #[arg(long, value_name = "KEY", value_parser = KeyPart::parse)]
    pub key: Vec<KeyPart>,
    /// The id is a quarantined record's
    #[arg(long, conflicts_with = "key")]
    pub quarantine: bool,
    /// How many hours to search without --key
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=9_600))]
    pub hours: u32,
    /// Which attributes are stamps, to show them last
    #[arg(
        long,
        value_name = "PREFIX",
        env = "STAMP_PREFIX",
        default_value = "lw"
    )]
    pub stamp_prefix: String,
    /// Show long values whole
    #[arg(long)]
    pub full: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which entry to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its `ConflictId`.
    pub conflict_id: String,
    /// Its item, where it is known.
    pub item: Option<ItemKey>,
    /// How many hours of the index to search otherwise.
    pub hours: u32,
}

/// One conflict, whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: Summary,
    /// The record's `eventID`, or the digest that stands for it.
    pub event_id: Option<String>,
    /// The record's sequence number.
    pub sequence_number: Option<String>,
    /// When the entry expires, RFC 3339 UTC.
    pub expires_at: Option<String>,
    /// The version that was lost.
    pub loser: Option<Side>,
    /// The version that won.
    pub winner: Option<Side>,
    /// How the losing image, or the quarantined text, was kept.
    pub image_kept: &'static str,
    /// In how many further items.
    pub parts: usize,
    /// The text of a quarantined record.
    pub record: Option<String>,
    /// The two images, for the table.
    #[serde(skip)]
    pub images: (Option<Image>, Option<Image>),
}

/// One side of a conflict.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Side {
    /// The Region that wrote it; none where the stream could not tell.
    pub region: Option<String>,
    /// When, by its writer's clock.
    pub written_at: Option<String>,
    /// Its stamps, as DynamoDB JSON.
    pub stamps: Option<Value>,
    /// Its attributes, as DynamoDB JSON.
    pub image: Option<Value>,
}

pub(super) async fn command(args: ShowArgs) -> Result<(), CommandError> {
    let quarantined = args.quarantine || args.conflict_id.starts_with("malformed#");
    let item = ItemKey::of(&args.key).map_err(CommandError::bad_input)?;
    let wanted = Wanted {
        conflict_id: args.conflict_id,
        item: item.or_else(|| quarantined.then(ItemKey::quarantine)),
        hours: args.hours,
    };
    let table = connect(&args.connection).await?;
    let conflict = show(&table, &wanted, Utc::now()).await?;
    if args.json {
        return Ok(terminal::print_json(&conflict)?);
    }
    let stamps = StampNames::new(&args.stamp_prefix);
    let layout = Layout::of_stdout();
    Ok(terminal::print(&versions::render(
        &conflict, &stamps, args.full, layout,
    ))?)
}

/// Reads one conflict with all that belongs to it.
///
/// # Errors
///
/// [`LedgerReadError::NoSuchConflict`], or what kept the ledger from being read.
pub async fn show(
    table: &LedgerTable,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<Conflict, LedgerReadError> {
    let key = match &wanted.item {
        Some(ItemKey(item)) => EntryKey {
            item_key: item.clone(),
            conflict_id: wanted.conflict_id.clone(),
        },
        None => find(table, wanted, now).await?,
    };
    let id = &wanted.conflict_id;
    let entry = table.get(&key).await?.ok_or_else(|| {
        LedgerReadError::NoSuchConflict(format!(
            "that item has no conflict {id} in this ledger, or it has expired; `lastwriter ledger list --key ...` \
             lists those that it has"
        ))
    })?;
    if entry.contains_key("Part") {
        return Err(LedgerReadError::NoSuchConflict(format!(
            "{id} is a part of an entry: leave out #part- and what follows"
        )));
    }
    whole(table, &key, entry).await
}

/// Searches the index for the conflict's item.
async fn find(
    table: &LedgerTable,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<EntryKey, LedgerReadError> {
    let id = &wanted.conflict_id;
    for hours in hours_to_search(id, now, wanted.hours).chunks(HOURS_AT_ONCE) {
        let mut found = table.in_buckets(buckets(hours), Some(id)).await?;
        if found.len() > 1 {
            return Err(LedgerReadError::NoSuchConflict(format!(
                "several items have a conflict {id}: give --key"
            )));
        }
        if let Some(key) = found.pop() {
            return Ok(key);
        }
    }
    let hours = wanted.hours;
    Err(LedgerReadError::NoSuchConflict(format!(
        "no conflict {id} was found in the last {hours} hours: give the item's --key, search more --hours, or read \
         another Region's ledger"
    )))
}

/// A conflict is mostly found within the hour of its winner, or in the next: those first, then the last hours.
pub(super) fn hours_to_search(conflict_id: &str, now: DateTime<Utc>, hours: u32) -> Vec<String> {
    let written_at = conflict_id.split('#').next().unwrap_or_default();
    let mut labels = Vec::new();
    if let Ok(written_at) = written_at.parse::<DateTime<Utc>>()
        && written_at.timestamp() > 0
    {
        let next = written_at.checked_add_signed(chrono::TimeDelta::hours(1));
        labels.push(ledger::hour(written_at));
        labels.extend(next.map(ledger::hour));
    }
    for label in hours_back(now, hours) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

/// Puts an entry together from its parts.
async fn whole(
    table: &LedgerTable,
    key: &EntryKey,
    entry: Image,
) -> Result<Conflict, LedgerReadError> {
    let form = StorageForm::from_item(&entry);
    let parts = table.parts(key, form.parts()).await?;
    let read = Entry::read(entry.clone(), &parts)?;
    let losing = read.loser.and_then(|loser| loser.image);
    let winning = read.winner.and_then(|winner| winner.image);
    let item = serde_json::to_value(&entry).unwrap_or_default();
    let text = |name: &str| {
        let value = item.get(name)?.get("S")?.as_str()?;
        Some(value.to_owned())
    };
    let expires_at = item.pointer("/ExpiresAt/N").and_then(Value::as_str);
    let expires_at =
        expires_at.and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0));
    Ok(Conflict {
        summary: Summary::of(&entry),
        event_id: text("EventId"),
        sequence_number: text("SequenceNumber"),
        expires_at: expires_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        loser: side(&item, "Loser", losing.as_ref()),
        winner: side(&item, "Winner", winning.as_ref()),
        image_kept: form.name(),
        parts: form.parts(),
        record: read.record,
        images: (losing, winning),
    })
}

fn side(item: &Value, name: &str, image: Option<&Image>) -> Option<Side> {
    let side = item.get(name)?.get("M")?;
    let text = |name: &str| Some(side.get(name)?.get("S")?.as_str()?.to_owned());
    Some(Side {
        region: text("Region"),
        written_at: text("WrittenAt"),
        stamps: side
            .get("Stamps")
            .and_then(|stamps| stamps.get("M"))
            .cloned(),
        image: image.and_then(|image| serde_json::to_value(image).ok()),
    })
}
