//! The command: select, plan, show, ask, carry out, tell.

use chrono::Utc;
use conflict::StampNames;
use futures::stream::{self, StreamExt};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::{ConflictId, EntryKey, ItemKey};
use put_back::Plan;
use serde::Serialize;
use tokio::sync::watch;

use super::super::connect::{Caller, Place};
use super::super::key::item_key;
use super::super::list::{Filter, Listing, Selection, list};
use super::super::operator::Operator;
use super::super::show::{EntryQuery, entry_key};
use super::super::{LedgerReadError, LedgerTable};
use super::args::PutBackArgs;
use super::carry_out::Executor;
use super::confirm::{Answer, ask};
use super::item_table::ItemRegion;
use super::outcome::{EntryOutcome, Outcome, PutBackCounts};
use super::plan_file::{PlanFile, PlanFileError};
use super::prepare::{Planner, Prepared};
use super::render;
use crate::failure::CommandError;
use crate::signals::StopSignals;
use crate::terminal::{self, Layout, printable};

/// How many items are written at once. The plans of one item follow one another.
const CONCURRENCY: usize = 8;

/// Why nothing was written, or not all.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(
        "nothing was written: there is no terminal to ask on. Give --yes, or make a plan with --plan FILE and carry it out with --apply FILE"
    )]
    NobodyToAsk,
    #[error("nothing was written")]
    NotConfirmed,
    #[error("{0} of {1} selected entries are not put back; the table says why")]
    Incomplete(usize, usize),
}

impl From<PlanFileError> for CommandError {
    fn from(error: PlanFileError) -> Self {
        Self::bad_input(error)
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    plans: &'a [Plan],
    outcomes: &'a [EntryOutcome],
}

pub(in super::super) async fn command(args: PutBackArgs) -> Result<(), CommandError> {
    let mut planner = Planner::new(&args)?;
    let file = match &args.apply {
        Some(path) => Some(PlanFile::read(path, &args.connection.ledger)?),
        None => None,
    };
    let caller = Caller::new(&args.connection, Place::of_ledger(&args.connection)).await?;
    let ledger = caller.ledger(&args.connection);
    let (plans, mut outcomes) = match file {
        Some(file) => (file.plans, Vec::new()),
        None => make_plans(&args, &ledger, &mut planner).await?,
    };
    let layout = Layout::of_stdout();
    let only_shown = args.dry_run || args.plan.is_some();
    if !args.json {
        terminal::print(&render::plans(&plans, &outcomes, layout))?;
    } else if only_shown {
        terminal::print_json(&Report {
            plans: &plans,
            outcomes: &outcomes,
        })?;
    }
    if let Some(path) = &args.plan {
        let count = plans.len();
        PlanFile::new(&args.connection.ledger, plans).write(path)?;
        eprintln!(
            "The plan of {} entries is in {}. Carry it out with: lastwriter ledger put-back --apply {}",
            count,
            path.display(),
            path.display()
        );
        return Ok(());
    }
    if only_shown {
        return Ok(());
    }
    let writes = plans.iter().filter(|plan| plan.writes()).count();
    if writes > 0 && !args.yes && args.apply.is_none() {
        match ask(&format!("Write {writes} items?")) {
            Answer::Yes => {}
            Answer::No => return Err(CommandError::failed(RunError::NotConfirmed)),
            Answer::NobodyThere => return Err(CommandError::bad_input(RunError::NobodyToAsk)),
        }
    }
    outcomes.extend(carry_out_until_stopped(&plans, &args, &caller, &mut planner).await?);
    if args.json {
        terminal::print_json(&Report {
            plans: &plans,
            outcomes: &outcomes,
        })?;
    } else {
        let text = render::outcomes(&outcomes, layout) + &render::totals(&outcomes);
        terminal::print(&text)?;
    }
    let incomplete = outcomes.iter().filter(|entry| !entry.outcome.is_restored());
    match incomplete.count() {
        0 => Ok(()),
        count => Err(CommandError::failed(RunError::Incomplete(
            count,
            outcomes.len(),
        ))),
    }
}

/// Plans and carries out what the arguments select, without a question.
pub(crate) async fn put_back_open(args: &PutBackArgs) -> Result<PutBackCounts, CommandError> {
    let mut planner = Planner::new(args)?;
    let caller = Caller::new(&args.connection, Place::of_ledger(&args.connection)).await?;
    let ledger = caller.ledger(&args.connection);
    let (plans, mut outcomes) = make_plans(args, &ledger, &mut planner).await?;
    outcomes.extend(carry_out_until_stopped(&plans, args, &caller, &mut planner).await?);
    Ok(PutBackCounts::new(&outcomes))
}

/// The entries that were asked for.
async fn selected(args: &PutBackArgs, ledger: &LedgerTable) -> Result<Vec<EntryKey>, CommandError> {
    let item = item_key(&args.key).map_err(CommandError::bad_input)?;
    let hours = args.hours.unwrap_or(24);
    if let Some(id) = &args.conflict_id {
        let query = EntryQuery {
            conflict_id: ConflictId::from(id.clone()),
            item,
            hours,
        };
        return Ok(vec![entry_key(ledger, &query, Utc::now()).await?]);
    }
    let selection = match item {
        Some(item) => Selection::Item(item),
        None => Selection::Since {
            hours,
            now: Utc::now(),
        },
    };
    let filter = Filter {
        kinds: args.kind.clone(),
        region: args.involving.clone(),
        status: Some("open".to_owned()),
    };
    let limit = args.limit.and_then(|limit| usize::try_from(limit).ok());
    let Listing {
        entries,
        unreadable,
    } = list(ledger, &selection, &filter, limit.unwrap_or(usize::MAX)).await?;
    for error in unreadable {
        eprintln!("lastwriter: {}", printable(&error.to_string()));
    }
    // The newest first: of one item, what an older write lost does not take the place of what a newer one did.
    let keys = entries.iter().map(|entry| EntryKey {
        item_key: entry.item_key.clone(),
        conflict_id: ConflictId::from(entry.conflict_id().to_owned()),
    });
    Ok(keys.collect())
}

async fn make_plans(
    args: &PutBackArgs,
    ledger: &LedgerTable,
    planner: &mut Planner<'_>,
) -> Result<(Vec<Plan>, Vec<EntryOutcome>), CommandError> {
    let keys = selected(args, ledger).await?;
    let is_one = args.conflict_id.is_some();
    let progress = progress(keys.len(), "planned");
    let (mut plans, mut outcomes) = (Vec::new(), Vec::new());
    for key in &keys {
        match planner.prepare(ledger, key).await {
            Ok(Prepared::Plan(plan)) => plans.push(*plan),
            Ok(Prepared::Done(outcome)) => outcomes.push(EntryOutcome::new(key, outcome)),
            Err(error) if is_one => return Err(CommandError::failed(error)),
            Err(error) => outcomes.push(EntryOutcome::new(
                key,
                Outcome::Failed {
                    message: error.to_string(),
                },
            )),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok((plans, outcomes))
}

/// Carries out plans as the caller. Ctrl-C lets those end that have begun, and begins no other.
async fn carry_out_until_stopped(
    plans: &[Plan],
    args: &PutBackArgs,
    caller: &Caller,
    planner: &mut Planner<'_>,
) -> Result<Vec<EntryOutcome>, CommandError> {
    let ledger = caller.ledger(&args.connection);
    let operator = Operator::of(caller).await;
    let stamps = StampNames::new(&args.stamp_prefix);
    let executor = Executor {
        ledger: &ledger,
        operator: &operator,
        stamps: &stamps,
        why: args.why.as_deref(),
    };
    let mut signals = StopSignals::listen()?;
    let (stop, stopped) = watch::channel(false);
    let progress = progress(plans.len(), "carried out");
    let mut all = std::pin::pin!(carry_out(plans, &executor, planner, stopped, &progress));
    let outcomes = loop {
        tokio::select! {
            outcomes = &mut all => break outcomes,
            () = signals.received() => {
                eprintln!("Stopping: what has begun is finished.");
                // Nobody listens any more only when all is done.
                let _ = stop.send(true);
            }
        }
    };
    progress.finish_and_clear();
    Ok(outcomes?)
}

/// Carries out plans, several items at a time: for the commands and for the page.
pub(in super::super) async fn carry_out(
    plans: &[Plan],
    executor: &Executor<'_>,
    planner: &mut Planner<'_>,
    stopped: watch::Receiver<bool>,
    progress: &ProgressBar,
) -> Result<Vec<EntryOutcome>, LedgerReadError> {
    let mut by_item: Vec<(&ItemKey, Vec<(&Plan, ItemRegion)>)> = Vec::new();
    for plan in plans {
        let region = planner.region(&plan.region).await?;
        match by_item.iter_mut().find(|(item, _)| **item == plan.item_key) {
            Some((_, same)) => same.push((plan, region)),
            None => by_item.push((&plan.item_key, vec![(plan, region)])),
        }
    }
    let items = by_item.into_iter().map(|(_, plans)| {
        let (stopped, progress) = (stopped.clone(), progress.clone());
        carry_out_in_turn(plans, executor, stopped, progress)
    });
    let items: Vec<_> = items.collect();
    let outcomes = stream::iter(items).buffered(CONCURRENCY).concat();
    Ok(outcomes.await)
}

/// Carries out the plans of one item, one after the other.
async fn carry_out_in_turn(
    plans: Vec<(&Plan, ItemRegion)>,
    executor: &Executor<'_>,
    stopped: watch::Receiver<bool>,
    progress: ProgressBar,
) -> Vec<EntryOutcome> {
    let mut outcomes = Vec::new();
    for (plan, region) in plans {
        let key = EntryKey {
            item_key: plan.item_key.clone(),
            conflict_id: plan.conflict_id.clone(),
        };
        let is_stopped = *stopped.borrow();
        let outcome = if is_stopped {
            Outcome::NotReached
        } else {
            let result = executor.carry_out(plan, &region).await;
            result.unwrap_or_else(|error| Outcome::Failed {
                message: error.to_string(),
            })
        };
        outcomes.push(EntryOutcome::new(&key, outcome));
        progress.inc(1);
    }
    outcomes
}

/// A bar on standard error, for more than a handful.
fn progress(count: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    if count <= CONCURRENCY {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} {msg}, {eta} left");
    // The template is a constant.
    let bar = match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    bar.with_message(what)
}
