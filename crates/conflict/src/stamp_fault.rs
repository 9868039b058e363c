//! What is wrong with a stamp that its writer cannot have meant.

use strum::IntoStaticStr;

/// How far a stamp's time may lie ahead of the replica's: AWS refuses requests that are signed by a clock further off.
///
/// Source: AWS IAM User Guide, "Troubleshoot AWS API request signing": 15 minutes are the most that any service allows.
const MAX_AHEAD_SECONDS: u64 = 15 * 60;

/// Why a part of a stamp is not what a stamp holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StampFault {
    /// It is not of type N, or no integer from 0 to the end of the year 9999 in microseconds.
    NotAnInteger,
    /// The time is in seconds.
    Seconds,
    /// The time is in milliseconds.
    Milliseconds,
    /// The time lies more than 15 minutes ahead of the record's.
    Future,
}

impl StampFault {
    /// What is wrong with the time `t` of a stamp, in a record of `created_at` in epoch seconds.
    ///
    /// Seconds and milliseconds are told by their size: as microseconds they would lie before the year 1974.
    pub fn of_time(t: u64, created_at: u64) -> Option<Self> {
        /// As seconds the year 5138, as milliseconds March 1973.
        const MAX_SECONDS: u64 = 100_000_000_000;
        /// As milliseconds the year 5138, as microseconds March 1973.
        const MAX_MILLISECONDS: u64 = 100_000_000_000_000;
        match t {
            // No clock says so: a test's, or a writer that counts.
            0..1_000_000_000 => None,
            1_000_000_000..MAX_SECONDS => Some(StampFault::Seconds),
            MAX_SECONDS..MAX_MILLISECONDS => Some(StampFault::Milliseconds),
            _ if t / 1_000_000 > created_at.saturating_add(MAX_AHEAD_SECONDS) => {
                Some(StampFault::Future)
            }
            _ => None,
        }
    }

    /// The name in the ledger.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_by_its_size() {
        let now = 1_795_600_000;
        for (t, fault) in [
            (0, None),
            (999_999_999, None),
            (1_000_000_000, Some(StampFault::Seconds)),
            (now, Some(StampFault::Seconds)),
            (99_999_999_999, Some(StampFault::Seconds)),
            (100_000_000_000, Some(StampFault::Milliseconds)),
            (now * 1_000, Some(StampFault::Milliseconds)),
            (99_999_999_999_999, Some(StampFault::Milliseconds)),
            (100_000_000_000_000, None),
            (now * 1_000_000, None),
            ((now + 900) * 1_000_000 + 999_999, None),
            ((now + 901) * 1_000_000, Some(StampFault::Future)),
        ] {
            assert_eq!(StampFault::of_time(t, now), fault, "{t}");
        }
        assert_eq!(StampFault::of_time(u64::MAX, u64::MAX), None);
        // What no clock says is not in the future either, however early the record is.
        assert_eq!(StampFault::of_time(999_999_999, 0), None);
    }

    #[test]
    fn faults_have_names() {
        assert_eq!(StampFault::NotAnInteger.name(), "not_an_integer");
        assert_eq!(StampFault::Milliseconds.name(), "milliseconds");
    }
}
