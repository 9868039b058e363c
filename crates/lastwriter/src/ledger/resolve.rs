//! `lastwriter ledger resolve` and `lastwriter ledger reopen`.

use chrono::{SubsecRound, Utc};
use ledger::{ConflictId, Entry, HistoryEvent, ItemKey, OperatorAction, Status};

use super::change::{ChangeResult, EntryChange, last_event, status};
use super::connect::{Caller, Place};
use super::key::{KeyPart, item_key};
use super::operator::Operator;
use super::show::{EntryQuery, entry_key, parse_id};
use super::{Connection, LedgerReadError, LedgerTable};
use crate::failure::CommandError;
use crate::terminal::{self, printable};

const RESOLVE_HELP: &str = "\
Examples:
  lastwriter ledger resolve ID --why 'the customer ordered again'
  lastwriter ledger resolve ID --key PK=USER#1001 --key SK=PROFILE --why 'test data'

The entry gets status `dismissed`, with when, by whom and why: nothing is put back. `lastwriter ledger reopen` undoes it.

It needs dynamodb:UpdateItem on the ledger, beside what `ledger list` needs.

Exit codes: 0 done (also if it was resolved before), 1 failed (it is restored, there is no such conflict, ...), 2 bad usage.";

const REOPEN_HELP: &str = "\
Examples:
  lastwriter ledger reopen ID
  lastwriter ledger reopen ID --why 'it was lost again'

The entry gets status `open`; what was done to it stays in its history. The item is not touched: a put-back is not undone.

It needs dynamodb:UpdateItem on the ledger, beside what `ledger list` needs.

Exit codes: 0 done (also if it is open), 1 failed (there is no such conflict, ...), 2 bad usage.";

/// Which entry.
#[derive(Debug, clap::Args)]
pub struct EntryArgs {
    /// Which ledger to read.
    #[command(flatten)]
    pub connection: Connection,
    /// The conflict's id
    #[arg(value_name = "CONFLICT_ID", value_parser = parse_id)]
    pub conflict_id: String,
    /// The item's key: NAME=VALUE for each key attribute, or the key in DynamoDB JSON
    #[arg(long, value_name = "KEY", value_parser = KeyPart::parse)]
    pub key: Vec<KeyPart>,
    /// How many hours to search without --key
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=9_600))]
    pub hours: u32,
}

/// Options of `lastwriter ledger resolve`.
#[derive(Debug, clap::Args)]
#[command(after_help = RESOLVE_HELP)]
pub struct ResolveArgs {
    /// Which entry.
    #[command(flatten)]
    pub entry: EntryArgs,
    /// Why nothing is put back
    #[arg(long, value_name = "TEXT", value_parser = parse_why)]
    pub why: String,
}

/// Options of `lastwriter ledger reopen`.
#[derive(Debug, clap::Args)]
#[command(after_help = REOPEN_HELP)]
pub struct ReopenArgs {
    /// Which entry.
    #[command(flatten)]
    pub entry: EntryArgs,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = parse_why)]
    pub why: Option<String>,
}

/// A reason has words: whoever reads the entry next has only these.
pub(super) fn parse_why(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty; say why in a few words".to_owned()),
        why if why.len() > 1_000 => Err("it is longer than 1,000 bytes".to_owned()),
        why => Ok(why.to_owned()),
    }
}

/// An entry that cannot get this status.
#[derive(Debug, thiserror::Error)]
pub(super) enum StatusError {
    #[error(transparent)]
    Ledger(#[from] LedgerReadError),
    #[error(
        "the entry {id} is {status}{by}, so it cannot become {to}: reopen it first (`lastwriter ledger reopen`)"
    )]
    NotFrom {
        id: ConflictId,
        status: String,
        by: String,
        to: &'static str,
    },
    #[error("somebody else changed the entry {id} at the same moment: it is {status}{by}")]
    Meanwhile {
        id: ConflictId,
        status: String,
        by: String,
    },
}

pub(super) async fn resolve_command(args: ResolveArgs) -> Result<(), CommandError> {
    let act = Act {
        action: OperatorAction::Resolve,
        to: Status::Dismissed,
        why: Some(args.why),
    };
    command(args.entry, act).await
}

pub(super) async fn reopen_command(args: ReopenArgs) -> Result<(), CommandError> {
    let act = Act {
        action: OperatorAction::Reopen,
        to: Status::Open,
        why: args.why,
    };
    command(args.entry, act).await
}

/// What is done to an entry.
pub(super) struct Act {
    pub(super) action: OperatorAction,
    pub(super) to: Status,
    pub(super) why: Option<String>,
}

async fn command(args: EntryArgs, act: Act) -> Result<(), CommandError> {
    let conflict_id = ConflictId::from(args.conflict_id);
    let quarantined = conflict_id.is_quarantine();
    let item = item_key(&args.key).map_err(CommandError::bad_input)?;
    let query = EntryQuery {
        conflict_id,
        item: item.or_else(|| quarantined.then(ItemKey::quarantine)),
        hours: args.hours,
    };
    let caller = Caller::new(&args.connection, Place::of_ledger(&args.connection)).await?;
    let table = caller.ledger(&args.connection);
    let operator = Operator::of(&caller).await;
    let told = set_status(&table, &query, &act, &operator).await;
    let told = told.map_err(CommandError::failed)?;
    Ok(terminal::print(&printable(&told))?)
}

/// Gives an entry a status, and says what came of it. An entry that has it already stays as it is.
pub(super) async fn set_status(
    table: &LedgerTable,
    query: &EntryQuery,
    act: &Act,
    operator: &Operator,
) -> Result<String, StatusError> {
    let key = entry_key(table, query, Utc::now()).await?;
    let id = key.conflict_id.clone();
    let entry = table.entry_alone(&key).await?;
    let entry = entry.ok_or_else(|| LedgerReadError::NoSuchConflict(id.clone()))?;
    let word = ledger::Name::Known(act.to).as_str().to_owned();
    let now = match status(&entry) {
        Some(now) if now == act.to => {
            return Ok(format!("{id} is {word} already{}.\n", by(&entry)));
        }
        Some(now) if now.may_become(act.to) => now,
        Some(_) | None => {
            return Err(StatusError::NotFrom {
                id,
                status: entry.status.to_string(),
                by: by(&entry),
                to: act.to.into(),
            });
        }
    };
    let change = EntryChange {
        from: now,
        to: act.to,
        event: HistoryEvent {
            action: act.action.into(),
            at: Utc::now().trunc_subsecs(3),
            by: operator.by.clone(),
            why: act.why.clone(),
            attributes: None,
            region: None,
        },
    };
    match table.change(&key, &change).await? {
        ChangeResult::Done => Ok(format!("{id} is {word} now; it was {}.\n", entry.status)),
        ChangeResult::Refused(Some(entry)) => Err(StatusError::Meanwhile {
            id,
            status: entry.status.to_string(),
            by: by(&entry),
        }),
        ChangeResult::Refused(None) => Err(LedgerReadError::NoSuchConflict(id).into()),
    }
}

/// Who did something to an entry last: ` (by arn:... at 2026-11-22T...)`.
fn by(entry: &Entry) -> String {
    last_event(entry).map_or(String::new(), |event| {
        format!(" (by {} at {})", event.by, event.at_text())
    })
}
