//! `lastwriter ledger`: reads the conflict ledger, in AWS or at any endpoint, and gives lost writes back.

mod change;
mod connect;
mod error;
mod key;
mod list;
mod operator;
mod page;
mod put_back;
mod resolve;
mod show;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod top;
mod versions;

use clap::Subcommand;

pub use connect::{Connection, connect};
pub use error::LedgerReadError;
pub use key::{KeyError, KeyPart, item_key};
pub use list::{Filter, ListArgs, Listing, Selection, list};
// A crate has this name, too.
pub(crate) use self::put_back::put_back_open;
pub use self::put_back::{PutBackArgs, PutBackCounts};
pub use page::PageArgs;
pub(crate) use page::{RegionUrl, command as serve_page};
pub use resolve::{EntryArgs, ReopenArgs, ResolveArgs};
pub use show::{EntryQuery, ShowArgs, show};
pub use summary::Summary;
pub use table::LedgerTable;
pub use top::{Count, Top, TopArgs, top};

use crate::failure::CommandError;

const AFTER_HELP: &str = "\
Examples:
  export LEDGER_TABLE=lastwriter-dev-conflicts
  lastwriter ledger list --profile prod --region us-east-1
  lastwriter ledger list --hours 2 --kind update_update --involving eu-west-1
  lastwriter ledger show 2026-11-22T12:33:07.318000Z#c38300004b26640c29c40f9cec1fe989
  lastwriter ledger put-back 2026-11-22T12:33:07.318000Z#c38300004b26640c29c40f9cec1fe989
  lastwriter ledger resolve ID --why 'the customer ordered again'
  lastwriter ledger top --hours 168
  lastwriter ledger page --regions us-east-1,eu-west-1 --write
  lastwriter ledger list --endpoint-url http://127.0.0.1:8000

Every Region has its own ledger, with the writes that were lost in that Region: read each. `page` shows them together.

Reading needs dynamodb:Query on the table and its index ByTime, dynamodb:BatchGetItem, dynamodb:GetItem, and
kms:Decrypt on the table's key. put-back, resolve and reopen also need dynamodb:UpdateItem; put-back's help says what
it needs on the items' table.

Exit codes: 0 done, 1 failed (no credentials, no such table or conflict, ...), 2 bad usage or input.";

/// Options of `lastwriter ledger`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// What to read.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands of `lastwriter ledger`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the conflicts of the last hours, or of one item, newest first
    List(ListArgs),
    /// Show one conflict whole, its two versions side by side
    Show(ShowArgs),
    /// Give lost writes back: one conflict's, or all that the filters select
    PutBack(Box<PutBackArgs>),
    /// Close an entry without putting anything back, and say why
    Resolve(ResolveArgs),
    /// Open an entry again
    Reopen(ReopenArgs),
    /// Count the items, attributes, Regions and hours that lose most, and what is resolved
    Top(TopArgs),
    /// Serve a page on this machine that shows the ledgers of all Regions and, with --write, gives lost writes back
    Page(Box<PageArgs>),
}

/// Runs `lastwriter ledger`.
///
/// # Errors
///
/// [`CommandError`] says what failed and what to do.
pub async fn command(args: Args) -> Result<(), CommandError> {
    match args.command {
        Command::List(args) => list::command(args).await,
        Command::Show(args) => show::command(args).await,
        Command::PutBack(args) => put_back::command(*args).await,
        Command::Resolve(args) => resolve::resolve_command(args).await,
        Command::Reopen(args) => resolve::reopen_command(args).await,
        Command::Top(args) => top::command(args).await,
        Command::Page(args) => page::command(*args).await,
    }
}
