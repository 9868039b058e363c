//! What a mapping counts.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of a mapping so far, in records unless said.
///
/// Named and defined as Lambda's metrics are:
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MappingCounts {
    /// `PolledEventCount`: read from the shard.
    pub polled: u64,
    /// `InvokedEventCount`: handed to the function; a record that is retried counts each time.
    pub invoked: u64,
    /// `FailedInvokeEventCount`: handed over in vain: all of a batch after an error, those from the lowest reported
    /// one on after a partial answer. A record that is retried counts each time.
    pub failed: u64,
    /// `DroppedEventCount`: given up for their age or after all retries, and not sent to a destination.
    pub dropped: u64,
    /// `OnFailureDestinationDeliveredEventCount`: given up and sent to the destination.
    pub sent_to_destination: u64,
    /// Gone from the stream, by its 24 hours of retention, before they were done. Lambda does not count these.
    pub expired: u64,
    /// `DestinationDeliveryFailures`: how often the destination could not be written to. Its records are dropped.
    pub destination_failures: u64,
    /// How many invocations there were.
    pub invocations: u64,
}

impl Sum for MappingCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, counts| Self {
            polled: sum.polled + counts.polled,
            invoked: sum.invoked + counts.invoked,
            failed: sum.failed + counts.failed,
            dropped: sum.dropped + counts.dropped,
            sent_to_destination: sum.sent_to_destination + counts.sent_to_destination,
            expired: sum.expired + counts.expired,
            destination_failures: sum.destination_failures + counts.destination_failures,
            invocations: sum.invocations + counts.invocations,
        })
    }
}

/// The counters behind [`MappingCounts`].
#[derive(Debug, Default)]
pub(super) struct MappingCounters {
    pub(super) polled: AtomicU64,
    pub(super) invoked: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) sent_to_destination: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) destination_failures: AtomicU64,
    pub(super) invocations: AtomicU64,
}

impl MappingCounters {
    pub(super) fn read(&self) -> MappingCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MappingCounts {
            polled: read(&self.polled),
            invoked: read(&self.invoked),
            failed: read(&self.failed),
            dropped: read(&self.dropped),
            sent_to_destination: read(&self.sent_to_destination),
            expired: read(&self.expired),
            destination_failures: read(&self.destination_failures),
            invocations: read(&self.invocations),
        }
    }
}

/// Adds a number of records.
pub(super) fn add(counter: &AtomicU64, records: usize) {
    counter.fetch_add(records as u64, Ordering::Relaxed);
}
