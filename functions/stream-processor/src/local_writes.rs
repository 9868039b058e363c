//! The writes that were made in this Region, so that those that are lost later can be looked at once more.
//!
//! A lost write had a record of its own before the one that shows its loss: in the same shard, often in the same batch. A
//! record of this kind costs three numbers. Its text is looked for only once it is lost, in this batch and in the latest
//! ones before it, whose payloads are kept as they came, up to a limit.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use conflict::Stamp;
use serde_json::value::RawValue;

use crate::envelope::{RecordLocation, RecordPlace};
use crate::record::Record;

/// How many bytes of earlier payloads are kept. Half a second of a busy shard, minutes of a quiet one.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

/// How many earlier payloads are kept: each is looked at for each lost write.
const MAX_KEPT_PAYLOADS: usize = 64;

/// A write that was made in this Region: the pair that it gave the item, and where its record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalWrite {
    n: u64,
    t: u64,
    place: RecordPlace,
}

impl LocalWrite {
    /// None where the record has no whole pair for its Region, or cannot be found again.
    pub(crate) fn new(record: &Record<'_>, location: RecordLocation<'_>) -> Option<Self> {
        let stamp = record.new.as_ref()?.stamps.get(&record.region)?;
        Some(Self {
            n: stamp.n?,
            t: stamp.t?,
            place: location.place()?,
        })
    }
}

/// An earlier payload, and the local writes in it.
#[derive(Debug)]
pub(crate) struct KeptPayload {
    payload: Bytes,
    writes: Vec<LocalWrite>,
}

/// The latest payloads that had local writes. All of it is lost with the environment; then fewer entries say what the lost
/// write changed.
#[derive(Debug, Default)]
pub(crate) struct KeptPayloads(Mutex<VecDeque<Arc<KeptPayload>>>);

impl KeptPayloads {
    /// Keeps a payload, in place of the oldest ones if there is no room.
    pub(crate) fn keep(&self, payload: Bytes, mut writes: Vec<LocalWrite>) {
        if writes.is_empty() || payload.len() > MAX_KEPT_BYTES {
            return;
        }
        sort(&mut writes);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Arc::new(KeptPayload { payload, writes }));
        while kept.len() > MAX_KEPT_PAYLOADS
            || kept.iter().map(|kept| kept.payload.len()).sum::<usize>() > MAX_KEPT_BYTES
        {
            kept.pop_front();
        }
    }

    /// What is kept now, the latest first.
    pub(crate) fn latest(&self) -> Vec<Arc<KeptPayload>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().cloned().collect()
    }
}

/// Where the local writes before a record are looked for: its own batch, then earlier ones.
#[derive(Debug)]
pub(crate) struct LocalWrites<'a> {
    /// Each payload with its local writes, sorted by their pairs.
    payloads: Vec<(&'a str, Cow<'a, [LocalWrite]>)>,
}

impl<'a> LocalWrites<'a> {
    pub(crate) fn new(
        payload: &'a [u8],
        writes: &[LocalWrite],
        kept: &'a [Arc<KeptPayload>],
    ) -> Self {
        let mut own = writes.to_vec();
        sort(&mut own);
        let own = [(payload, Cow::Owned(own))];
        let earlier = kept
            .iter()
            .map(|kept| (&kept.payload[..], Cow::Borrowed(&kept.writes[..])));
        let payloads = own.into_iter().chain(earlier);
        let payloads = payloads
            .filter_map(|(payload, writes)| Some((std::str::from_utf8(payload).ok()?, writes)));
        Self {
            payloads: payloads.collect(),
        }
    }

    /// The records of the writes that gave an item this pair. Other items may have the same one.
    pub(crate) fn with_pair(&self, pair: Stamp) -> impl Iterator<Item = &'a RawValue> {
        let key = pair.t.zip(pair.n);
        self.payloads.iter().flat_map(move |(payload, writes)| {
            let first = writes.partition_point(|write| Some((write.t, write.n)) < key);
            let same = writes[first..].iter();
            let same = same.take_while(move |write| Some((write.t, write.n)) == key);
            same.filter_map(|write| RecordLocation::at(payload, write.place).raw())
        })
    }
}

fn sort(writes: &mut [LocalWrite]) {
    writes.sort_unstable_by_key(|write| (write.t, write.n));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_writes(count: usize) -> Vec<LocalWrite> {
        let payload = "x".repeat(count);
        let write = |at: usize| {
            let location = RecordLocation::at(&payload, RecordPlace::of(at));
            LocalWrite {
                n: 1,
                t: 1,
                place: location.place().unwrap(),
            }
        };
        (0..count).map(write).collect()
    }

    #[test]
    fn payloads_are_kept_up_to_a_number_and_a_size() {
        let kept = KeptPayloads::default();
        for number in 0..100u8 {
            kept.keep(Bytes::from(vec![number; 10]), some_writes(1));
        }
        let latest = kept.latest();
        assert_eq!(latest.len(), MAX_KEPT_PAYLOADS);
        assert_eq!(latest[0].payload[0], 99);
        kept.keep(Bytes::from(vec![1; MAX_KEPT_BYTES]), some_writes(1));
        assert_eq!(kept.latest().len(), 1);
        // What is larger than all that may be kept drives nothing out, nor does what has no local write.
        kept.keep(Bytes::from(vec![1; MAX_KEPT_BYTES + 1]), some_writes(1));
        kept.keep(Bytes::from(vec![1; 10]), Vec::new());
        assert_eq!(kept.latest()[0].payload.len(), MAX_KEPT_BYTES);
    }
}
