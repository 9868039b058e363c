//! Times in ISO 8601, as applications keep them in items.

use chrono::NaiveDateTime;

/// How long a time to the second is: `2026-11-22T12:34:56`.
const LENGTH: usize = 19;

/// The epoch seconds of a text like `2026-11-22T12:34:56`, whatever follows the seconds. Offsets are not looked at: what
/// is asked of the time is whether it is about now.
pub(crate) fn epoch_seconds(text: &str) -> Option<i64> {
    let seconds = text.get(..LENGTH)?;
    // Most text is no time: look at two bytes before a parser does.
    let format = match (seconds.as_bytes()[4], seconds.as_bytes()[10]) {
        (b'-', b'T') => "%Y-%m-%dT%H:%M:%S",
        (b'-', b' ') => "%Y-%m-%d %H:%M:%S",
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(seconds, format).ok()?;
    Some(time.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_second() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-22T12:13:07.123456+00:00", 1_795_349_587),
            ("2024-02-29 23:59:59", 1_709_251_199),
        ] {
            assert_eq!(epoch_seconds(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_time() {
        for text in [
            "",
            "2026-11-22",
            "20261122T121307",
            "2026-13-01T00:00:00Z",
            "tomorrow at noon, about",
            "für-immer-und-ewigé",
        ] {
            assert_eq!(epoch_seconds(text), None, "{text}");
        }
    }
}
