//! Times as the ledger writes them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// RFC 3339 UTC with microseconds, as in `2026-11-22T12:33:07.051000Z`.
///
/// A time beyond what a stamp may hold is the year 1970.
pub(crate) fn rfc3339_micros(epoch_micros: u64) -> String {
    let micros = i64::try_from(epoch_micros).unwrap_or(0);
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The second `days` after `time`.
pub(crate) fn seconds_after(time: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    let seconds = (time + TimeDelta::days(i64::from(days))).timestamp();
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn parse<E: serde::de::Error>(text: &str) -> Result<DateTime<Utc>, E> {
    let time = text.parse();
    time.map_err(|error| E::custom(format_args!("{text:?} is not an RFC 3339 time: {error}")))
}

/// `DetectedAt`: RFC 3339 UTC with milliseconds.
pub(crate) mod millis {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        time: &DateTime<Utc>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        super::parse(&String::deserialize(deserializer)?)
    }
}

/// `WrittenAt`: epoch microseconds as RFC 3339 UTC with microseconds.
pub(crate) mod micros {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        micros: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        micros.map(super::rfc3339_micros).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u64>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let micros = super::parse::<D::Error>(&text)?.timestamp_micros();
        Ok(u64::try_from(micros).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_written_with_microseconds() {
        assert_eq!(
            rfc3339_micros(1_795_349_587_051_000),
            "2026-11-22T12:13:07.051000Z"
        );
        assert_eq!(rfc3339_micros(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            rfc3339_micros(253_402_300_799_999_999),
            "9999-12-31T23:59:59.999999Z"
        );
        assert_eq!(rfc3339_micros(u64::MAX), rfc3339_micros(0));
    }

    #[test]
    fn an_entry_expires_whole_days_later_on_a_whole_second() {
        let time = "2026-11-22T12:30:00.999Z".parse().unwrap();
        let expected: DateTime<Utc> = "2026-12-22T12:30:00Z".parse().unwrap();
        assert_eq!(seconds_after(time, 30), expected);
    }
}
