//! Makes a plan of an entry, the item as it is now, and what was asked for.

use std::collections::BTreeSet;

use conflict::StampNames;
use ledger::{ConflictId, Entry, EntryKind, Image};

use crate::attribute::AttributePlan;
use crate::evidence::Evidence;
use crate::plan::{ItemState, Plan, Step};
use crate::rule::Rules;
use crate::steps::Planner;

/// What was asked for, and what is known of the table.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The rules for the table's attributes.
    pub rules: Rules,
    /// The attributes to put back, whatever became of them since; all others are left. Empty: none is named.
    pub named: BTreeSet<String>,
    /// More attributes to put back, whatever became of them since. Unlike `named`, it says nothing about the others.
    pub forced: BTreeSet<String>,
    /// Whether to put back what has the winner's value still, although it may be the winner's own change.
    pub untouched: bool,
    /// Whether an item that was deleted since is brought back.
    pub recreate: bool,
    /// The table to write to; the entry's own if none.
    pub table: Option<String>,
    /// The Region to write in; the loser's if none.
    pub region: Option<String>,
    /// Which attributes are stamps.
    pub stamps: StampNames,
    /// The table's TTL attribute, if it has one.
    pub ttl_attribute: Option<String>,
    /// The time, in epoch seconds.
    pub now: u64,
}

/// An entry of which no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NothingToPlan {
    /// It is a sample or a quarantined record.
    #[error("{id} is a {kind}: no write was lost, so there is nothing to put back")]
    NoLostWrite {
        /// The entry.
        id: ConflictId,
        /// Its kind.
        kind: String,
    },
    /// It has no images.
    #[error(
        "the ledger has no image of {0} (LEDGER_IMAGES=none, or DynamoDB refused it): there is nothing to put back from"
    )]
    NoImage(ConflictId),
    /// It does not say where the write was lost.
    #[error("{0} does not name the Region that lost the write: name one with --item-region")]
    NoRegion(ConflictId),
    /// Both writes deleted the item.
    #[error(
        "in {0} both writes deleted the item: there is nothing to put back. `lastwriter ledger resolve` closes the entry"
    )]
    BothDeleted(ConflictId),
    /// The versions are equal.
    #[error(
        "in {0} both versions are identical. If a counter lost an update, put it back with --rule NAME=sum; else \
         `lastwriter ledger resolve` closes the entry"
    )]
    Identical(ConflictId),
    /// The ledger has a part of the losing image only.
    #[error(
        "the item of {0} is gone, and the ledger holds only a part of the losing image (LEDGER_IMAGES=diff, or an \
         attribute that could not be decoded): it cannot be created again from here"
    )]
    PartOfImage(ConflictId),
    /// An attribute was named that no write can set.
    #[error("{0} is a part of the key or a stamp: it cannot be put back")]
    NotAnAttribute(String),
}

/// Makes a plan.
///
/// # Errors
///
/// [`NothingToPlan`]
pub fn plan(entry: &Entry, item: Option<&Image>, request: &Request) -> Result<Plan, NothingToPlan> {
    let id = || entry.conflict_id.clone();
    let no_lost_write = || NothingToPlan::NoLostWrite {
        id: id(),
        kind: entry.kind.to_string(),
    };
    let key = entry.key.as_ref().ok_or_else(no_lost_write)?;
    if entry.loser.is_none() {
        return Err(no_lost_write());
    }
    let evidence = Evidence::new(entry).ok_or_else(|| NothingToPlan::NoImage(id()))?;
    let region = request.region.clone().or(evidence.loser.region.clone());
    let mark = request.stamps.deleted();
    let named = request.named.iter().chain(&request.forced);
    if let Some(name) = named
        .filter(|name| **name != mark)
        .find(|name| key.contains_key(*name) || request.stamps.contains(name))
    {
        return Err(NothingToPlan::NotAnAttribute(name.clone()));
    }
    let marked = |image: &Image| image.contains_key(&mark);
    let (was_delete, winner_deleted) = match evidence.kind {
        Some(EntryKind::DeleteUpdate) => (true, false),
        Some(EntryKind::UpdateDelete) => (false, true),
        Some(EntryKind::DeleteDelete) => (true, true),
        Some(
            EntryKind::InsertInsert
            | EntryKind::UpdateUpdate
            | EntryKind::Overwrite
            | EntryKind::StaleOverwrite
            | EntryKind::LocalOverwrite
            | EntryKind::UnstampedSample
            | EntryKind::OddStampSample
            | EntryKind::MalformedRecord,
        )
        | None => {
            let won = evidence.winner.and_then(|winner| winner.image.as_ref());
            (marked(evidence.lost), won.is_some_and(marked))
        }
    };
    let state = match item {
        None => ItemState::Gone,
        Some(item) if marked(item) => ItemState::MarkedDeleted,
        Some(_) => ItemState::Present,
    };
    let planner = Planner {
        mark: &mark,
        evidence,
        key,
        item,
        state,
        request,
    };
    let (step, attributes, unchanged) = match (was_delete, winner_deleted, state) {
        (true, true, _) => return Err(NothingToPlan::BothDeleted(id())),
        (true, false, _) => planner.delete(),
        (false, _, ItemState::Gone) => planner
            .create()
            .ok_or_else(|| NothingToPlan::PartOfImage(id()))?,
        (false, true, ItemState::MarkedDeleted) => planner.revive(),
        (false, false, ItemState::MarkedDeleted) => planner.deleted_since(),
        (false, _, ItemState::Present) => planner.update(),
    };
    if attributes.is_empty() && state == ItemState::Present {
        return Err(NothingToPlan::Identical(id()));
    }
    let writes = attributes.iter().any(AttributePlan::is_written);
    Ok(Plan {
        item_key: entry.item_key.clone(),
        conflict_id: id(),
        kind: entry.kind.to_string(),
        table: request
            .table
            .clone()
            .unwrap_or_else(|| entry.table_name.clone()),
        region: region.ok_or_else(|| NothingToPlan::NoRegion(id()))?,
        key: key.clone(),
        item: state,
        step: if writes { step } else { Step::Nothing },
        attributes,
        unchanged,
    })
}
