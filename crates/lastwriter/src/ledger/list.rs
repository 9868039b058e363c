//! `lastwriter ledger list`.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::builder::PossibleValuesParser;
use comfy_table::{ColumnConstraint, Width};
use ledger::{Entry, EntryKey, EntryKind, Image, ItemKey};

use super::key::{KeyPart, item_key};
use super::{Connection, LedgerReadError, LedgerTable, Summary, connect};
use crate::failure::CommandError;
use crate::terminal::{self, Layout, printable};

/// How far a function's clock may be ahead of this machine's.
const CLOCK_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// How many hours of the index are read at once: 16 queries each.
const HOURS_AT_ONCE: usize = 2;

/// The widest `ConflictId` that is kept on one line: a quarantined record's.
const WIDEST_ID: usize = 74;

/// What is said of an entry that DynamoDB took without its images alone.
const IMAGES_REFUSED: &str = "no images: DynamoDB refused them";

const AFTER_HELP: &str = "\
Examples:
  lastwriter ledger list --ledger my-ledger --region us-east-1
  lastwriter ledger list --hours 1 --kind update_update --kind insert_insert --status open
  lastwriter ledger list --key PK=USER#1001 --key SK=PROFILE
  lastwriter ledger list --key '{\"PK\":{\"S\":\"USER#1001\"},\"SK\":{\"S\":\"PROFILE\"}}'
  lastwriter ledger list --quarantine
  lastwriter ledger list --json | jq -r '.[].conflict_id'

The last hours are counted by when a conflict was found. The entries of one item come by when the winner was written,
and go back as far as the ledger does.

--json prints a list of {conflict_id, item_key, key, table, kind, confidence, status, detected_at, loser_region,
loser_written_at, winner_region, winner_written_at, lost_writes, differing_attributes, identical, reason,
images_refused, undecoded_attributes}, and evidence: join of what an audit found, version of what the item's own
version number speaks for.

Exit codes: 0 done (also if there is nothing to list), 1 failed, 2 bad usage.";

/// Options of `lastwriter ledger list`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ListArgs {
    /// Which ledger to read.
    #[command(flatten)]
    pub connection: Connection,
    /// How many hours to go back
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=9_600))]
    pub hours: u32,
    /// The entries of one item: NAME=VALUE for each key attribute, or the key in DynamoDB JSON
    #[arg(long, value_name = "KEY", value_parser = KeyPart::parse, conflicts_with = "hours")]
    pub key: Vec<KeyPart>,
    /// The quarantined records
    #[arg(long, conflicts_with_all = ["key", "hours"])]
    pub quarantine: bool,
    /// Only this kind; may be given several times
    #[arg(long, value_parser = PossibleValuesParser::new(EntryKind::ALL.iter().map(|kind| kind.name())))]
    pub kind: Vec<String>,
    /// Only conflicts that this Region lost or won
    #[arg(long, value_name = "REGION")]
    pub involving: Option<String>,
    /// Only this status, such as open
    #[arg(long)]
    pub status: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which entries to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Those found in the last hours before a time.
    Since {
        /// How many hours.
        hours: u32,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Those of one item.
    Item(ItemKey),
}

/// Which of them to keep.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Kinds; all if empty.
    pub kinds: Vec<String>,
    /// A Region that lost or won.
    pub region: Option<String>,
    /// A status.
    pub status: Option<String>,
}

impl Filter {
    pub(super) fn keeps(&self, entry: &Summary) -> bool {
        let finding = &entry.finding;
        let is = |value: &Option<String>, wanted: &String| value.as_ref() == Some(wanted);
        (self.kinds.is_empty() || self.kinds.iter().any(|kind| is(&finding.kind, kind)))
            && self.region.as_ref().is_none_or(|region| {
                is(&finding.loser_region, region) || is(&finding.winner_region, region)
            })
            && self
                .status
                .as_ref()
                .is_none_or(|status| entry.status == *status)
    }
}

pub(super) async fn command(args: ListArgs) -> Result<(), CommandError> {
    let key = item_key(&args.key).map_err(CommandError::bad_input)?;
    let selection = match key {
        Some(key) => Selection::Item(key),
        None if args.quarantine => Selection::Item(ItemKey::quarantine()),
        None => Selection::Since {
            hours: args.hours,
            now: Utc::now(),
        },
    };
    let filter = Filter {
        kinds: args.kind,
        region: args.involving,
        status: args.status,
    };
    let table = connect(&args.connection).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let Listing {
        entries,
        unreadable,
    } = list(&table, &selection, &filter, limit).await?;
    for error in unreadable {
        eprintln!("lastwriter: {}", printable(&error.to_string()));
    }
    if args.json {
        return Ok(terminal::print_json(&entries)?);
    }
    let shown = if entries.is_empty() {
        nothing_found(&selection, &filter)
    } else {
        render(&entries, limit, Layout::of_stdout())
    };
    Ok(terminal::print(&shown)?)
}

/// What to try where there is no entry.
fn nothing_found(selection: &Selection, filter: &Filter) -> String {
    let mut text = match selection {
        Selection::Since { hours, .. } => {
            format!("No entry of the last {hours} hours. `--hours` looks further back")
        }
        Selection::Item(key) if key.is_quarantine() => "No quarantined record".to_owned(),
        Selection::Item(key) => format!(
            "No entry of the item {}. Give every key attribute with the name and type that the table has (NAME:N= for a \
             number, NAME:B= for binary)",
            printable(key.as_str())
        ),
    };
    if !filter.kinds.is_empty() || filter.region.is_some() || filter.status.is_some() {
        text.push_str("; without --kind, --involving and --status more is listed");
    }
    text.push_str(". A lost write is in the ledger of the Region where it was made: each Region has its own.\n");
    text
}

/// What a list found.
#[derive(Debug, Default)]
pub struct Listing {
    /// The entries, newest first.
    pub entries: Vec<Summary>,
    /// Entries that somebody or something damaged.
    pub unreadable: Vec<LedgerReadError>,
}

impl Listing {
    pub(super) fn add(&mut self, items: Vec<Image>, keeps: impl Fn(&Summary) -> bool) {
        for item in items {
            let key = EntryKey::from_item(&item);
            match Entry::read(item, &[]) {
                Ok(entry) => self
                    .entries
                    .extend(Some(Summary::from(&entry)).filter(&keeps)),
                Err(source) => {
                    let id = key.map_or_else(|| String::new().into(), |key| key.conflict_id);
                    self.unreadable.push(LedgerReadError::Entry { id, source });
                }
            }
        }
    }
}

/// Lists entries, newest first.
///
/// # Errors
///
/// [`LedgerReadError`] if the ledger cannot be read.
pub async fn list(
    table: &LedgerTable,
    selection: &Selection,
    filter: &Filter,
    limit: usize,
) -> Result<Listing, LedgerReadError> {
    let mut listing = Listing::default();
    match selection {
        Selection::Item(key) => {
            let page_read = |page| {
                listing.add(page, |entry| filter.keeps(entry));
                listing.entries.len() >= limit
            };
            table.entries_of_item(key, page_read).await?;
        }
        Selection::Since { hours, now } => {
            let since = (*now - TimeDelta::hours(i64::from(*hours)))
                .to_rfc3339_opts(SecondsFormat::Millis, true);
            for hours in hours_back(*now, *hours).chunks(HOURS_AT_ONCE) {
                let keys = table.in_buckets(buckets(hours), None).await?;
                let read_before = listing.entries.len();
                listing.add(table.entries(&keys).await?, |entry| {
                    filter.keeps(entry) && entry.detected_at >= since
                });
                // Hours come newest first, so sorting within them sorts the whole.
                listing.entries[read_before..].sort_by(|a, b| {
                    (&b.detected_at, b.conflict_id()).cmp(&(&a.detected_at, a.conflict_id()))
                });
                if listing.entries.len() >= limit {
                    break;
                }
            }
        }
    }
    listing.entries.truncate(limit);
    Ok(listing)
}

/// The hours that a ledger's buckets stand for, from the newest on.
pub(super) fn hours_back(now: DateTime<Utc>, hours: u32) -> Vec<String> {
    let newest = now + CLOCK_AHEAD;
    let mut labels: Vec<String> = (0..=hours + 1)
        .map(|back| newest - TimeDelta::hours(i64::from(back)))
        .take_while(|time| {
            ledger::hour(*time) >= ledger::hour(now - TimeDelta::hours(i64::from(hours)))
        })
        .map(ledger::hour)
        .collect();
    labels.dedup();
    labels
}

/// The index's keys for these hours.
pub(super) fn buckets(hours: &[String]) -> Vec<String> {
    hours
        .iter()
        .flat_map(|hour| ledger::buckets(hour))
        .collect()
}

pub(super) fn render(entries: &[Summary], limit: usize, layout: Layout) -> String {
    let headings = [
        "found",
        "conflict and item",
        "kind",
        "lost by, to",
        "differing attributes",
    ];
    let mut table = layout.table(&headings);
    table.load_preset(comfy_table::presets::UTF8_FULL);
    for entry in entries {
        let finding = &entry.finding;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut differing = match (
            &finding.reason,
            finding.identical,
            &finding.differing_attributes,
        ) {
            (Some(reason), _, _) => reason.clone(),
            (None, Some(true), _) => "none: identical".to_owned(),
            (None, _, Some(names)) => names.join(", "),
            (None, _, None) => String::new(),
        };
        let notes = [
            entry.images_refused.then(|| IMAGES_REFUSED.to_owned()),
            entry
                .undecoded_text()
                .map(|names| format!("not decoded: {names}")),
        ];
        for note in notes.into_iter().flatten() {
            let separator = if differing.is_empty() { "" } else { "\n" };
            differing = format!("{differing}{separator}{note}");
        }
        let evidence = entry.evidence.iter();
        let marks = finding.confidence.iter().chain(evidence);
        let marks = marks.chain([&entry.status]);
        let marks: Vec<&str> = marks.map(String::as_str).collect();
        table.add_row(vec![
            layout.cell(&entry.detected_at.replace('T', "\n")),
            layout.cell(&format!("{}\n{}", entry.conflict_id(), entry.key_text())),
            layout.cell(&format!("{}\n{}", text(&finding.kind), marks.join(", "))),
            layout.cell(&format!(
                "{}\n{}",
                text(&finding.loser_region),
                text(&finding.winner_region)
            )),
            layout.cell(&differing),
        ]);
    }
    if let Some(column) = table.column_mut(1) {
        // An id that is wrapped cannot be copied. The cell has a space on each side.
        let ids = entries.iter().map(|entry| entry.conflict_id().len());
        let widest = ids.max().unwrap_or(0).min(WIDEST_ID) + 2;
        let width = Width::Fixed(u16::try_from(widest).unwrap_or(u16::MAX));
        column.set_constraint(ColumnConstraint::LowerBoundary(width));
    }
    let mut shown = format!("{table}\n");
    if entries.len() == limit {
        shown.push_str(&format!("The newest {limit}; --limit shows more.\n"));
    }
    shown
}
