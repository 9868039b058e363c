//! Carries out one plan: sums written down, the item written, the entry marked.
//!
//! Each step can be the last one that happens. What is written down before the item says whether a sum took effect; an
//! item that was written while its entry was not marked is found as already there by the next run.

use std::time::Duration;

use chrono::{SubsecRound, Utc};
use conflict::{StampNames, values_equal};
use ledger::{EntryKey, HistoryEvent, Image, OperatorAction, PendingSum, Status};
use put_back::{Action, AttributePlan, ItemWrite, LeftBecause, Plan, State, Step};

use super::super::LedgerTable;
use super::super::change::{ChangeResult, EntryChange, status};
use super::super::operator::Operator;
use super::item_table::{ItemRegion, ItemWriteError, WriteResult};
use super::outcome::{ChangedAttribute, Outcome};
use super::prepare::PutBackError;

/// How often a write is tried that was throttled or not answered.
const ATTEMPTS: u32 = 5;

/// The first wait between two attempts; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// What every plan is carried out with.
pub(in super::super) struct Executor<'a> {
    pub(in super::super) ledger: &'a LedgerTable,
    pub(in super::super) operator: &'a Operator,
    pub(in super::super) stamps: &'a StampNames,
    pub(in super::super) why: Option<&'a str>,
}

/// What became of the item.
enum ItemResult {
    /// It has what the plan gives it.
    Written,
    /// It has not.
    NotWritten(Vec<ChangedAttribute>),
}

impl Executor<'_> {
    /// Carries out a plan, if its entry is still open and its item still as it was read.
    pub(super) async fn carry_out(
        &self,
        plan: &Plan,
        items: &ItemRegion,
    ) -> Result<Outcome, PutBackError> {
        let key = EntryKey {
            item_key: plan.item_key.clone(),
            conflict_id: plan.conflict_id.clone(),
        };
        let entry = match self.ledger.entry_alone(&key).await? {
            Some(entry) if status(&entry) == Some(Status::Open) => entry,
            other => return Ok(Outcome::of_entry(other.as_ref())),
        };
        if let Some(write) = ItemWrite::new(plan, self.stamps)? {
            let sums = Sums::new(plan, entry.pending_sums);
            if let Some(outcome) = self.begin(&key, &sums).await? {
                return Ok(outcome);
            }
            let result = self.write(plan, items, &write, &key, &sums).await?;
            if let ItemResult::NotWritten(changes) = result {
                return Ok(Outcome::ChangedMeanwhile { changes });
            }
        }
        self.mark(plan, &key).await
    }

    /// Writes sums down before the item. Gives the outcome where another put-back is in the way.
    async fn begin(&self, key: &EntryKey, sums: &Sums) -> Result<Option<Outcome>, PutBackError> {
        if let Some(name) = &sums.contradicted {
            return Ok(Some(Outcome::Failed {
                message: format!(
                    "another put-back of {name} was begun and not finished: plan it again, with the same rules"
                ),
            }));
        }
        if sums.after == sums.before {
            return Ok(None);
        }
        match self
            .ledger
            .replace_sums(key, &sums.before, &sums.after)
            .await?
        {
            ChangeResult::Done => Ok(None),
            ChangeResult::Refused(Some(entry)) if status(&entry) == Some(Status::Open) => {
                Ok(Some(Outcome::Failed {
                    message: "another put-back of this entry is under way: plan it again"
                        .to_owned(),
                }))
            }
            ChangeResult::Refused(entry) => Ok(Some(Outcome::of_entry(entry.as_deref()))),
        }
    }

    /// Takes back what was written down: the item was not written, for certain.
    async fn forget(&self, key: &EntryKey, sums: &Sums) -> Result<(), PutBackError> {
        if sums.after != sums.before {
            // Where somebody else has changed the entry meanwhile, it is theirs.
            self.ledger
                .replace_sums(key, &sums.after, &sums.before)
                .await?;
        }
        Ok(())
    }

    /// Writes the item. An attempt whose answer was lost is looked for before the next one.
    async fn write(
        &self,
        plan: &Plan,
        items: &ItemRegion,
        write: &ItemWrite,
        key: &EntryKey,
        sums: &Sums,
    ) -> Result<ItemResult, PutBackError> {
        let micros = u64::try_from(Utc::now().timestamp_micros()).unwrap_or(0);
        // Whether an attempt may have taken effect of which nothing is known.
        let mut in_doubt = false;
        let (mut attempt, mut wait) = (1, FIRST_WAIT);
        loop {
            let failed = match items.write(&plan.table, write, self.stamps, micros).await {
                Ok(WriteResult::Written) => return Ok(ItemResult::Written),
                Ok(WriteResult::ConditionFailed) => {
                    let item = items.read(&plan.table, &plan.key).await?;
                    if is_carried_out(plan, item.as_ref()) {
                        return Ok(ItemResult::Written);
                    }
                    if !in_doubt {
                        self.forget(key, sums).await?;
                    }
                    return Ok(ItemResult::NotWritten(changes(plan, item.as_ref())));
                }
                Ok(WriteResult::Throttled(error)) => error,
                Ok(WriteResult::Unknown(error)) => {
                    in_doubt = true;
                    error
                }
                Err(error) => {
                    if !in_doubt {
                        self.forget(key, sums).await?;
                    }
                    return Err(match error {
                        ItemWriteError::Table(error) => error.into(),
                        ItemWriteError::Write(error) => error.into(),
                    });
                }
            };
            if attempt == ATTEMPTS {
                return Err(failed.into());
            }
            tokio::time::sleep(wait).await;
            (attempt, wait) = (attempt + 1, wait * 2);
        }
    }

    /// Marks the entry: restored, or still open where something is left to decide.
    async fn mark(&self, plan: &Plan, key: &EntryKey) -> Result<Outcome, PutBackError> {
        let (written, attributes, undecided) = (plan.written(), returned(plan), plan.unsettled());
        let settled = plan.settles();
        let done = || match settled {
            true => Outcome::Restored {
                attributes: attributes.clone(),
                written: written.clone(),
            },
            false => Outcome::Left {
                written: written.clone(),
                undecided,
            },
        };
        if !settled && written.is_empty() {
            return Ok(done());
        }
        let change = EntryChange {
            from: Status::Open,
            to: if settled {
                Status::Restored
            } else {
                Status::Open
            },
            event: HistoryEvent {
                action: OperatorAction::PutBack.into(),
                at: Utc::now().trunc_subsecs(3),
                by: self.operator.by.clone(),
                why: self.why.map(str::to_owned),
                attributes: Some(attributes.clone()),
                region: Some(plan.region.clone()),
            },
        };
        match self.ledger.change(key, &change).await? {
            ChangeResult::Done => Ok(done()),
            // Somebody else found the item as it is now, and was quicker to say so.
            ChangeResult::Refused(entry) => Ok(Outcome::of_entry(entry.as_deref())),
        }
    }
}

/// The sums that an entry says are being put back: before this plan, and with it.
struct Sums {
    before: Vec<PendingSum>,
    after: Vec<PendingSum>,
    /// One that was begun with other numbers.
    contradicted: Option<String>,
}

impl Sums {
    fn new(plan: &Plan, begun: Option<Vec<PendingSum>>) -> Self {
        let (before, planned) = (begun.unwrap_or_default(), plan.sums());
        let of_name = |name: &str| before.iter().find(|sum| sum.name == name);
        let contradicted = planned
            .iter()
            .find(|sum| of_name(&sum.name).is_some_and(|begun| begun != *sum))
            .map(|sum| sum.name.clone());
        let new = planned.iter().filter(|sum| of_name(&sum.name).is_none());
        Self {
            after: before.iter().chain(new).cloned().collect(),
            contradicted,
            before,
        }
    }
}

/// What has the lost write's value once the plan is carried out.
fn returned(plan: &Plan) -> Vec<String> {
    let is_back = |attribute: &&AttributePlan| match &attribute.action {
        Action::Set(_) | Action::Remove => true,
        Action::Leave(LeftBecause::AlreadyThere) => {
            attribute.state == State::AlreadyThere || attribute.rule.is_some()
        }
        Action::Leave(_) => false,
    };
    let back = plan.attributes.iter().filter(is_back);
    back.map(|attribute| attribute.name.clone()).collect()
}

/// Whether the item has all that the plan gives it.
fn is_carried_out(plan: &Plan, item: Option<&Image>) -> bool {
    item.is_some_and(|item| {
        plan.attributes
            .iter()
            .filter(|attribute| attribute.is_written())
            .all(|attribute| is_equal(item.get(&attribute.name), attribute.after()))
    })
}

/// What is not as it was read.
fn changes(plan: &Plan, item: Option<&Image>) -> Vec<ChangedAttribute> {
    let is = |name: &str| item.and_then(|item| item.get(name)).cloned();
    let written = plan
        .attributes
        .iter()
        .filter(|attribute| attribute.is_written());
    let read = written.map(|attribute| (attribute.name.clone(), attribute.now.clone()));
    let others = plan
        .unchanged
        .iter()
        .map(|expected| (expected.name.clone(), expected.value.clone()));
    let mut changes: Vec<ChangedAttribute> = read
        .chain(others)
        .map(|(name, was)| ChangedAttribute {
            is: is(&name),
            name,
            was,
        })
        .filter(|change| !is_equal(change.was.as_ref(), change.is.as_ref()))
        .collect();
    if item.is_none() && plan.step != Step::Create && changes.is_empty() {
        // All that it touches was absent, and now the item is gone.
        let key = plan.key.iter().next();
        changes.extend(key.map(|(name, value)| ChangedAttribute {
            name: name.clone(),
            was: Some(value.clone()),
            is: None,
        }));
    }
    changes
}

fn is_equal(
    left: Option<&serde_dynamo::AttributeValue>,
    right: Option<&serde_dynamo::AttributeValue>,
) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => values_equal(left, right),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
