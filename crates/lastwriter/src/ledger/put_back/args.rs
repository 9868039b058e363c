//! Options of `lastwriter ledger put-back`.

use std::path::PathBuf;

use clap::ArgGroup;
use clap::builder::PossibleValuesParser;
use ledger::EntryKind;
use put_back::{Rule, Rules};

use super::super::Connection;
use super::super::key::KeyPart;
use super::super::show::parse_id;

const AFTER_HELP: &str = "\
Examples:
  lastwriter ledger put-back ID                        show the plan, ask, put back
  lastwriter ledger put-back ID --dry-run              show the plan alone
  lastwriter ledger put-back ID --attribute address    this attribute, whatever became of it since
  lastwriter ledger put-back ID --rule tags=union --rule stock=sum
  lastwriter ledger put-back --hours 2 --plan plan.json    every open entry of two hours, for review
  lastwriter ledger put-back --apply plan.json             exactly that, unless it has changed since
  lastwriter ledger put-back --kind update_delete --hours 6 --rules rules.json --yes

What is put back: the attributes that the lost write changed (the entry names them where the function saw that write),
as long as the item still has the winner's value and the winner did not change them too. What was changed since, what
both changed, and what the entry knows nothing about is left for you: name it with --attribute, or give it a rule.

Rules: lost and won (that version's value), union and intersection (sets), max and min (numbers and texts), sum (adds
what the lost write added; the entry must know the number before it), keep (leave it, and ask no more). A file has them
by table: {\"orders\": {\"tags\": \"union\", \"*\": \"keep\"}}; --rule goes before the file.

Deletes: an update that was lost to a delete mark revives the item. A delete that was lost to an update marks it
again. An item that is gone is created again only with --recreate.

It is one conditional, stamped write for each item: it takes effect only while every attribute that it touches is as
it was read, and it may itself lose to a write elsewhere, which then is found as a conflict of its own. The entry gets
status `restored` once nothing of it is left to decide, with when, by whom and which attributes.

It needs, on the ledger: what `ledger list` needs, and dynamodb:UpdateItem. On the item's table: dynamodb:GetItem,
dynamodb:UpdateItem, with --recreate dynamodb:PutItem, and for deletes dynamodb:DescribeTimeToLive or --ttl-attribute;
kms:Decrypt on both keys.

Exit codes: 0 all that was selected is put back (or was only shown), 1 something is not: the table says what, 2 bad
usage or input.";

/// Options of `lastwriter ledger put-back`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = AFTER_HELP,
    group = ArgGroup::new("selection")
        .required(true)
        .multiple(true)
        .args(["conflict_id", "hours", "key", "kind", "involving", "apply"])
)]
pub struct PutBackArgs {
    /// Which ledger to read.
    #[command(flatten)]
    pub connection: Connection,
    /// The conflict's id; without one, all open entries that the filters select
    #[arg(value_name = "CONFLICT_ID", value_parser = parse_id)]
    pub conflict_id: Option<String>,
    /// How many hours to go back; with an id, to search for it [default: 24]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=9_600))]
    pub hours: Option<u32>,
    /// The item's key: NAME=VALUE for each key attribute, or the key in DynamoDB JSON
    #[arg(long, value_name = "KEY", value_parser = KeyPart::parse)]
    pub key: Vec<KeyPart>,
    /// Only this kind; may be given several times
    #[arg(long, conflicts_with = "conflict_id", value_parser = PossibleValuesParser::new(EntryKind::ALL.iter().map(|kind| kind.name())))]
    pub kind: Vec<String>,
    /// Only conflicts that this Region lost or won
    #[arg(long, value_name = "REGION", conflicts_with = "conflict_id")]
    pub involving: Option<String>,
    /// At most so many entries, the newest [default: all]
    #[arg(long, conflicts_with = "conflict_id", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Put back this attribute and no other, whatever became of it since; may be given several times
    #[arg(long, value_name = "NAME")]
    pub attribute: Vec<String>,
    /// Put back these too, whatever became of them since: unlike --attribute it says nothing about the others.
    #[arg(skip)]
    pub forced: Vec<String>,
    /// What an attribute becomes, as in tags=union; may be given several times
    #[arg(long, value_name = "NAME=RULE", value_parser = Rules::parse_one)]
    pub rule: Vec<(String, Rule)>,
    /// A file of rules, by table and attribute
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Put back also what may be the winner's own change, where the entry does not know
    #[arg(long)]
    pub untouched: bool,
    /// Bring back items that were deleted since
    #[arg(long)]
    pub recreate: bool,
    /// Why, for the entry's history
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// Show the plan, write nothing
    #[arg(long, conflicts_with_all = ["plan", "apply", "yes"])]
    pub dry_run: bool,
    /// Write the plan to a file for review, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["apply", "yes"])]
    pub plan: Option<PathBuf>,
    /// Carry out a plan file, and refuse what has changed since
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "conflict_id", "hours", "key", "kind", "involving", "limit", "attribute", "rule", "rules", "untouched",
        "recreate", "table", "item_region",
    ])]
    pub apply: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// The table to put back into [default: the entry's]
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// The Region whose replica to read and write [default: the one that lost the write]
    #[arg(long, value_name = "REGION")]
    pub item_region: Option<String>,
    /// Another DynamoDB endpoint for the item's table
    #[arg(long, value_name = "URL")]
    pub item_endpoint_url: Option<String>,
    /// What stamp attributes begin with
    #[arg(
        long,
        value_name = "PREFIX",
        env = "STAMP_PREFIX",
        default_value = "lw"
    )]
    pub stamp_prefix: String,
    /// The table's TTL attribute [default: what DescribeTimeToLive says]
    #[arg(long, value_name = "NAME", env = "TTL_ATTRIBUTE")]
    pub ttl_attribute: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl PutBackArgs {
    /// All open entries of the last day, without a question and without a word.
    pub fn of_open(connection: Connection) -> Self {
        Self {
            connection,
            conflict_id: None,
            hours: Some(24),
            key: Vec::new(),
            kind: Vec::new(),
            involving: None,
            limit: None,
            attribute: Vec::new(),
            forced: Vec::new(),
            rule: Vec::new(),
            rules: None,
            untouched: false,
            recreate: false,
            why: None,
            dry_run: false,
            plan: None,
            apply: None,
            yes: true,
            table: None,
            item_region: None,
            item_endpoint_url: None,
            stamp_prefix: "lw".to_owned(),
            ttl_attribute: None,
            json: false,
        }
    }
}
