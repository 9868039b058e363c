//! Times as the ledger writes them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// RFC 3339 UTC with microseconds, as in `2026-11-22T12:33:07.051000Z`; the year 1970 if the time is unknown.
pub(crate) fn rfc3339_micros(epoch_micros: Option<u64>) -> String {
    let micros = epoch_micros
        .and_then(|micros| i64::try_from(micros).ok())
        .unwrap_or(0);
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// RFC 3339 UTC with milliseconds.
pub(crate) fn rfc3339_millis(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The hour that a ledger bucket stands for, as in `2026-11-22T12`.
pub fn hour(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H").to_string()
}

/// Epoch seconds, `days` after `time`.
pub(crate) fn epoch_seconds_after(time: DateTime<Utc>, days: u32) -> i64 {
    (time + TimeDelta::days(i64::from(days))).timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_written_with_microseconds() {
        assert_eq!(
            rfc3339_micros(Some(1_795_349_587_051_000)),
            "2026-11-22T12:13:07.051000Z"
        );
        assert_eq!(rfc3339_micros(None), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            rfc3339_micros(Some(253_402_300_799_999_999)),
            "9999-12-31T23:59:59.999999Z"
        );
    }
}
