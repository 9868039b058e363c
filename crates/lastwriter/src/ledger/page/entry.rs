//! One entry with its item as it is now, and the plan of putting it back.

use chrono::{DateTime, Utc};
use ledger::{Entry, EntryKey, Image, Status, StorageForm};
use tokio::sync::watch;

use super::super::change::status;
use super::super::put_back::{Executor, Outcome, Planner, Prepared, carry_out};
use super::super::{LedgerReadError, PutBackArgs, Summary};
use super::regions::RegionLedger;
use super::state::{Choice, Choices, PageState, ShownPlan};
use conflict::StampNames;
use indicatif::ProgressBar;
use put_back::Plan;

/// The item of an entry.
#[derive(Debug)]
pub(super) enum ItemNow {
    /// It is there.
    There(Image),
    /// It is not.
    Gone,
    /// It could not be read, for this reason.
    Unreadable(String),
    /// The entry names none.
    None,
}

/// What can be done about an entry.
#[derive(Debug)]
pub(super) enum Possible {
    /// This plan, under the name that it is carried out by.
    Plan(String, Box<Plan>),
    /// Nothing, for this reason.
    Nothing(String),
    /// It is not open.
    Closed,
}

/// One entry, as the page shows it.
#[derive(Debug)]
pub(super) struct EntryView {
    /// What stands for it in addresses.
    pub(super) name: String,
    pub(super) ledger: usize,
    pub(super) entry: Entry,
    pub(super) form: StorageForm,
    pub(super) item: ItemNow,
    pub(super) read_at: DateTime<Utc>,
    pub(super) possible: Possible,
    pub(super) choices: Choices,
}

impl PageState {
    /// Reads an entry and its item, and makes the plan.
    pub(super) async fn view(
        &self,
        name: &str,
        (ledger, key): (usize, EntryKey),
        choices: Choices,
    ) -> Result<EntryView, LedgerReadError> {
        let of = &self.regions.ledgers[ledger];
        let read_at = Utc::now();
        let read = of.table.entry(&key).await?;
        let (entry, form) =
            read.ok_or_else(|| LedgerReadError::NoSuchConflict(key.conflict_id.clone()))?;
        self.catalog.note(ledger, Summary::from(&entry)).await;
        let (item, possible) = match status(&entry) {
            Some(Status::Open) => {
                let item = self.item_now(of, &entry).await;
                let possible = self.possible(name, of, &entry, &key, &choices).await;
                (item, possible)
            }
            Some(Status::Restored | Status::Dismissed) | None => {
                (self.item_now(of, &entry).await, Possible::Closed)
            }
        };
        Ok(EntryView {
            name: name.to_owned(),
            ledger,
            entry,
            form,
            item,
            read_at,
            possible,
            choices,
        })
    }

    async fn item_now(&self, ledger: &RegionLedger, entry: &Entry) -> ItemNow {
        let region = entry
            .loser
            .as_ref()
            .and_then(|loser| loser.region.as_deref());
        let (Some(region), Some(key)) = (region, &entry.key) else {
            return ItemNow::None;
        };
        let items = match self.regions.items(ledger, region).await {
            Ok(items) => items,
            Err(error) => return ItemNow::Unreadable(error.to_string()),
        };
        match items.read(&entry.table_name, key).await {
            Ok(Some(item)) => ItemNow::There(item),
            Ok(None) => ItemNow::Gone,
            Err(error) => ItemNow::Unreadable(error.to_string()),
        }
    }

    async fn possible(
        &self,
        name: &str,
        ledger: &RegionLedger,
        entry: &Entry,
        key: &EntryKey,
        choices: &Choices,
    ) -> Possible {
        let args = self.put_back_args(ledger, choices, None);
        let prepared = match self.planner(&args, ledger, entry).await {
            Ok(mut planner) => planner
                .prepare(&ledger.table, key)
                .await
                .map_err(|error| error.to_string()),
            Err(message) => Err(message),
        };
        match prepared {
            Ok(Prepared::Plan(plan)) => {
                let id = self.plans.keep(ShownPlan {
                    entry: name.to_owned(),
                    plan: (*plan).clone(),
                    choices: choices.clone(),
                });
                Possible::Plan(id, plan)
            }
            Ok(Prepared::Done(Outcome::Impossible { message })) => Possible::Nothing(message),
            Ok(Prepared::Done(_)) => Possible::Closed,
            Err(message) => Possible::Nothing(message),
        }
    }

    fn put_back_args(
        &self,
        ledger: &RegionLedger,
        choices: &Choices,
        why: Option<String>,
    ) -> PutBackArgs {
        let attributes = choices.attributes.iter();
        let (mut forced, mut rules) = (Vec::new(), Vec::new());
        for (name, choice) in attributes {
            match choice {
                Choice::LostValue => forced.push(name.clone()),
                Choice::Rule(rule) => rules.push((name.clone(), *rule)),
            }
        }
        PutBackArgs {
            forced,
            rule: rules,
            untouched: choices.untouched,
            recreate: choices.recreate,
            why,
            stamp_prefix: self.args.stamp_prefix.clone(),
            ttl_attribute: self.args.ttl_attribute.clone(),
            ..PutBackArgs::of_open(ledger.connection.clone())
        }
    }

    async fn planner<'a>(
        &self,
        args: &'a PutBackArgs,
        ledger: &RegionLedger,
        entry: &Entry,
    ) -> Result<Planner<'a>, String> {
        let planner = Planner::new(args).map_err(|error| error.to_string())?;
        let region = entry
            .loser
            .as_ref()
            .and_then(|loser| loser.region.as_deref());
        match region {
            Some(region) => {
                let items = self.regions.items(ledger, region).await;
                Ok(planner.with_region(items.map_err(|error| error.to_string())?))
            }
            None => Ok(planner),
        }
    }

    /// Carries out a plan exactly as it was shown.
    pub(super) async fn put_back(
        &self,
        ledger: usize,
        shown: &ShownPlan,
        why: Option<String>,
    ) -> Outcome {
        let ledger = &self.regions.ledgers[ledger];
        let failed = |message: String| Outcome::Failed { message };
        let (plan, Some(operator)) = (&shown.plan, &ledger.operator) else {
            return failed("the page is read-only".to_owned());
        };
        let args = self.put_back_args(ledger, &shown.choices, why);
        let items = match self.regions.items(ledger, &plan.region).await {
            Ok(items) => items,
            Err(error) => return failed(error.to_string()),
        };
        let mut planner = match Planner::new(&args) {
            Ok(planner) => planner.with_region(items),
            Err(error) => return failed(error.to_string()),
        };
        let stamps = StampNames::new(&args.stamp_prefix);
        let executor = Executor {
            ledger: &ledger.table,
            operator,
            stamps: &stamps,
            why: args.why.as_deref(),
        };
        let (_stop, never_stopped) = watch::channel(false);
        let plans = std::slice::from_ref(plan);
        let outcomes = carry_out(
            plans,
            &executor,
            &mut planner,
            never_stopped,
            &ProgressBar::hidden(),
        )
        .await;
        match outcomes {
            Ok(outcomes) => outcomes
                .into_iter()
                .next()
                .map_or(Outcome::NotReached, |entry| entry.outcome),
            Err(error) => failed(error.to_string()),
        }
    }
}
