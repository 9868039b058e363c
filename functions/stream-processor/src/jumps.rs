//! What is remembered of an item's latest jump, and what it settles: from three Regions on, two images alone cannot always
//! tell whether a version has seen this Region's latest write.
//!
//! A batch without a jump costs no request. Lost memory costs nothing but what it would have found: the verdict is then that
//! of the images alone. So a jump that the ledger does not take or does not give fails no record.

use std::collections::HashMap;

use conflict::Landing;
use ledger::{Image, JumpPlace};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::batch::{Batch, Rules};
use crate::entry::EntryOptions;
use crate::in_flight;
use crate::ledger::{Ledger, LedgerError};
use crate::log;
use crate::record::RecordPosition;

/// A record that is a jump, or whose verdict depends on the item's latest one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JumpRecord<'p> {
    /// The record's place in the batch.
    pub(crate) record: usize,
    /// The record as it stands in the payload.
    pub(crate) raw: &'p RawValue,
    /// What is to be done with it.
    pub(crate) role: JumpRole,
}

/// What a record has to do with jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct JumpRole {
    /// Where it landed, if it is a jump.
    pub(crate) landing: Option<Landing>,
    /// Its verdict depends on the item's latest jump before it.
    pub(crate) is_in_doubt: bool,
}

impl JumpRole {
    /// Whether the record has anything to do with jumps.
    pub(crate) fn matters(self) -> bool {
        self.is_in_doubt || self.landing.is_some()
    }
}

/// The jumps of one batch, and those that the ledger remembers.
#[derive(Debug)]
pub(crate) struct Jumps<'a, L> {
    pub(crate) ledger: &'a L,
    pub(crate) rules: &'a Rules,
    pub(crate) options: EntryOptions<'a>,
    pub(crate) concurrency: usize,
}

impl<L: Ledger> Jumps<'_, L> {
    /// Looks up what verdicts of the batch depend on, `until` then, and judges those records once more.
    pub(crate) async fn settle(&self, batch: &mut Batch<'_>, now: u64, until: Instant) {
        // Most batches with conflicts have no doubt, and need no key to be decoded here.
        if !batch.jumps.iter().any(|jump| jump.role.is_in_doubt) {
            return;
        }
        let places = places(batch);
        let (mut doubts, mut landings) = (Vec::new(), HashMap::new());
        for (jump, place) in &places {
            let Some(place) = place else { continue };
            if jump.role.is_in_doubt {
                // A jump of the same batch is seen before it is written.
                doubts.push((*jump, place, landings.get(&place.item()).copied()));
            }
            if let Some(landing) = jump.role.landing {
                landings.insert(place.item(), landing);
            }
        }
        let requests = doubts.into_iter().map(|(jump, place, earlier)| async move {
            let latest = match earlier {
                Some(landing) => Ok(Some(landing)),
                None => self.ledger.latest_jump(place).await,
            };
            (jump, latest)
        });
        let mut lost = None;
        let each = |(jump, latest)| match latest {
            Ok(Some(landing)) => batch.judge_again(jump, landing, self.rules, now),
            Ok(None) => {}
            Err(error) => lost = Some(error),
        };
        let all = in_flight::answer_all(requests, self.concurrency, until, each).await;
        if let Some(error) = lost.or_else(|| all.err().map(|_| LedgerError::time_up())) {
            log::jumps_not_read(&error);
        }
    }

    /// Writes the batch's jumps down, `until` then.
    pub(crate) async fn remember(&self, batch: &Batch<'_>, until: Instant) {
        let places = places(batch);
        let items = places.into_iter().filter_map(|(jump, place)| {
            let (now, days) = (self.options.now, self.options.retention_days);
            Some(place?.to_item(jump.role.landing?, now, days))
        });
        let requests = items.map(|item: Image| self.ledger.remember_jump(item));
        let mut lost = None;
        let each = |result: Result<(), _>| lost = result.err().or(lost.take());
        let all = in_flight::answer_all(requests, self.concurrency, until, each).await;
        if let Some(error) = lost.or_else(|| all.err().map(|_| LedgerError::time_up())) {
            log::jumps_not_kept(&error);
        }
    }
}

/// Where each record that has to do with jumps stands among those of its item; none where that cannot be said.
fn places<'p>(batch: &Batch<'p>) -> Vec<(JumpRecord<'p>, Option<JumpPlace>)> {
    let place = |raw| {
        let position = RecordPosition::read(raw)?;
        JumpPlace::new(
            &position.key,
            &position.stream_arn,
            &position.sequence_number,
        )
    };
    let jumps = batch.jumps.iter();
    jumps.map(|jump| (*jump, place(jump.raw))).collect()
}

#[cfg(test)]
mod tests;
