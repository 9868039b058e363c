//! `lastwriter ledger show`.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use conflict::StampNames;
use ledger::{ConflictId, Entry, EntryKey, Image, ItemKey, Side, StorageForm};
use serde::Serialize;
use serde_json::Value;

use super::key::{KeyPart, item_key};
use super::list::{buckets, hours_back};
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

--json prints the entry as `list --json` does, and beside it loser and winner {region, written_at, stamps, image,
undecoded}, image_kept (whole, compressed, in_parts, nowhere), parts, event_id, sequence_number, expires_at, and record,
the text of a quarantined record. Images are DynamoDB JSON; undecoded has what this program cannot decode, by name: the
text as it came, or null where the ledger does not keep it.

Exit codes: 0 done, 1 failed (there is no such conflict, ...), 2 bad usage.";

/// An empty id, as from a variable that is not set, would search the whole index for nothing.
#[derive(Debug, thiserror::Error)]
#[error("it is empty; give the id that `lastwriter ledger list` prints")]
pub(super) struct EmptyId;

pub(super) fn parse_id(text: &str) -> Result<String, EmptyId> {
    if text.trim().is_empty() {
        return Err(EmptyId);
    }
    Ok(text.to_owned())
}

/// Options of `lastwriter ledger show`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ShowArgs {
    /// Which ledger to read.
    #[command(flatten)]
    pub connection: Connection,
    /// The conflict's id
    #[arg(value_name = "CONFLICT_ID", value_parser = parse_id)]
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
pub struct EntryQuery {
    /// Its `ConflictId`.
    pub conflict_id: ConflictId,
    /// Its item, where it is known.
    pub item: Option<ItemKey>,
    /// How many hours of the index to search otherwise.
    pub hours: u32,
}

/// An entry as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct EntryJson {
    /// What a list shows of it.
    #[serde(flatten)]
    summary: Summary,
    event_id: Option<String>,
    sequence_number: Option<String>,
    /// RFC 3339 UTC.
    expires_at: Option<String>,
    loser: Option<SideJson>,
    winner: Option<SideJson>,
    /// How the losing image, or the quarantined text, is kept.
    image_kept: &'static str,
    /// In how many further items.
    parts: usize,
    /// The text of a quarantined record.
    record: Option<String>,
}

/// A version as `--json` prints it. Stamps and image are DynamoDB JSON.
#[derive(Debug, Serialize)]
struct SideJson {
    region: Option<String>,
    written_at: Option<String>,
    stamps: Value,
    image: Option<Value>,
    undecoded: BTreeMap<String, Option<String>>,
}

pub(super) async fn command(args: ShowArgs) -> Result<(), CommandError> {
    let conflict_id = ConflictId::from(args.conflict_id);
    let quarantined = args.quarantine || conflict_id.is_quarantine();
    let item = item_key(&args.key).map_err(CommandError::bad_input)?;
    let query = EntryQuery {
        conflict_id,
        item: item.or_else(|| quarantined.then(ItemKey::quarantine)),
        hours: args.hours,
    };
    let table = connect(&args.connection).await?;
    let (entry, form) = show(&table, &query, Utc::now()).await?;
    if args.json {
        return Ok(terminal::print_json(&EntryJson::new(entry, form))?);
    }
    let stamps = StampNames::new(&args.stamp_prefix);
    let layout = Layout::of_stdout();
    let text = versions::render(&entry, form, &stamps, args.full, layout);
    Ok(terminal::print(&text)?)
}

/// Reads one entry with all that belongs to it, and how it is kept.
///
/// # Errors
///
/// [`LedgerReadError::NoSuchConflict`] and its like, or what kept the ledger from being read.
pub async fn show(
    table: &LedgerTable,
    query: &EntryQuery,
    now: DateTime<Utc>,
) -> Result<(Entry, StorageForm), LedgerReadError> {
    let key = entry_key(table, query, now).await?;
    let entry = table.entry(&key).await?;
    entry.ok_or(LedgerReadError::NoSuchConflict(key.conflict_id))
}

/// The primary key of an entry: as it was given, or from the index.
pub(super) async fn entry_key(
    table: &LedgerTable,
    query: &EntryQuery,
    now: DateTime<Utc>,
) -> Result<EntryKey, LedgerReadError> {
    match query.item.clone() {
        Some(item_key) => Ok(EntryKey {
            item_key,
            conflict_id: query.conflict_id.clone(),
        }),
        None => find(table, query, now).await,
    }
}

/// Searches the index for the conflict's item.
async fn find(
    table: &LedgerTable,
    query: &EntryQuery,
    now: DateTime<Utc>,
) -> Result<EntryKey, LedgerReadError> {
    let id = &query.conflict_id;
    for hours in hours_to_search(id, now, query.hours).chunks(HOURS_AT_ONCE) {
        let mut keys = table.in_buckets(buckets(hours), Some(id)).await?;
        if keys.len() > 1 {
            return Err(LedgerReadError::SeveralItems(id.clone()));
        }
        if let Some(key) = keys.pop() {
            return Ok(key);
        }
    }
    Err(LedgerReadError::NotInIndex {
        id: id.clone(),
        hours: query.hours,
    })
}

/// A conflict is mostly found within the hour of its winner, or in the next: those first, then the last hours.
pub(super) fn hours_to_search(id: &ConflictId, now: DateTime<Utc>, hours: u32) -> Vec<String> {
    let mut labels = Vec::new();
    if let Some(written_at) = id.written_at() {
        let next = written_at.checked_add_signed(TimeDelta::hours(1));
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

impl EntryJson {
    pub(super) fn new(entry: Entry, form: StorageForm) -> Self {
        Self {
            summary: Summary::from(&entry),
            expires_at: entry.expires_at_text(),
            event_id: entry.event_id,
            sequence_number: entry.sequence_number,
            loser: entry.loser.map(SideJson::from),
            winner: entry.winner.map(SideJson::from),
            image_kept: form.name(),
            parts: form.parts(),
            record: entry.record,
        }
    }
}

impl From<Side> for SideJson {
    fn from(side: Side) -> Self {
        // By way of a value, whose names are sorted.
        let json = |image: Image| serde_json::to_value(image).unwrap_or_default();
        Self {
            written_at: side.written_at_text(),
            region: side.region,
            stamps: serde_dynamo::to_item(side.stamps).map_or(Value::Null, json),
            image: side.image.map(json),
            undecoded: side.undecoded,
        }
    }
}
