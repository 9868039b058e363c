//! Until when each part of an invocation has to be done.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::log;

/// How long before the invocation's deadline the ledger is left: time for metrics and the answer.
const LEDGER_RESERVE: Duration = Duration::from_millis(500);

/// How long before the deadline metrics are left: time for the answer alone.
const METRICS_RESERVE: Duration = Duration::from_millis(150);

/// The longest that Lambda lets a function run. Source: AWS Lambda Developer Guide, "Lambda quotas".
const MAX_TIMEOUT: Duration = Duration::from_secs(900);

/// Lambda's default timeout, assumed where the machine's clock makes nonsense of the deadline.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

/// The deadlines of one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// What the ledger remembers is asked for until then: half of what it has, as the entries are still to be written.
    pub(crate) recall: Instant,
    /// The ledger is written until then.
    pub(crate) ledger: Instant,
    /// Metrics are sent until then.
    pub(crate) metrics: Instant,
}

impl Deadlines {
    /// The deadlines of an invocation that started at `now` and ends at `deadline_ms` in epoch milliseconds.
    pub(crate) fn new(deadline_ms: u64, now: DateTime<Utc>) -> Self {
        let left = time_left(deadline_ms, now);
        let start = Instant::now();
        let end = start + left;
        Self {
            recall: start + left.saturating_sub(LEDGER_RESERVE) / 2,
            ledger: end - LEDGER_RESERVE,
            metrics: end - METRICS_RESERVE,
        }
    }
}

/// How long the invocation may still take.
fn time_left(deadline_ms: u64, now: DateTime<Utc>) -> Duration {
    let now_ms = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let deadline = Duration::from_millis(deadline_ms);
    // cargo-lambda's emulator says how long, in place of until when.
    if !deadline.is_zero() && deadline <= MAX_TIMEOUT {
        return deadline;
    }
    let left = deadline.saturating_sub(Duration::from_millis(now_ms));
    if left.is_zero() || left > MAX_TIMEOUT {
        log::deadline_not_believed(deadline_ms, now_ms);
        return DEFAULT_TIMEOUT;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_first_minutes_of_1970_is_how_long_the_invocation_may_take() {
        let now = DateTime::from_timestamp_millis(1_795_349_590_000).unwrap();
        assert_eq!(time_left(600_000, now), Duration::from_secs(600));
        assert_eq!(time_left(900_000, now), MAX_TIMEOUT);
        assert_eq!(time_left(900_001, now), DEFAULT_TIMEOUT);
    }

    #[test]
    fn a_deadline_that_makes_no_sense_is_not_believed() {
        let now = DateTime::from_timestamp_millis(1_795_349_590_000).unwrap();
        assert_eq!(time_left(1_795_349_600_000, now), Duration::from_secs(10));
        // The longest that Lambda allows.
        assert_eq!(time_left(1_795_350_490_000, now), MAX_TIMEOUT);
        assert_eq!(time_left(1_795_350_490_001, now), DEFAULT_TIMEOUT);
        let an_hour_off = [
            1_795_349_590_000 - 3_600_000,
            1_795_349_590_000 + 3_600_000,
            0,
        ];
        for deadline in an_hour_off {
            assert_eq!(time_left(deadline, now), DEFAULT_TIMEOUT, "{deadline}");
        }
    }
}
