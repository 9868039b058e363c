//! How the options' values are read.

use std::time::Duration;

/// Reads `90s`, `10m`, `1.5h`, or `90`, which is seconds.
///
/// # Errors
///
/// What is none of these, or no time at all.
pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)];
    let unit = units.iter().find_map(|(name, seconds)| {
        let number = text.strip_suffix(name)?;
        number
            .ends_with(|c: char| c.is_ascii_digit())
            .then_some((number, *seconds))
    });
    let (number, seconds) = unit.unwrap_or((text, 1.0));
    let time = number.parse::<f64>().ok();
    let time = time.and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    time.filter(|time| !time.is_zero()).ok_or_else(|| {
        format!("`{text}` is not a length of time; give one such as 90s, 10m or 24h")
    })
}

/// Reads a window: whole seconds, from 1 to a day.
///
/// # Errors
///
/// What is none.
pub(super) fn parse_window(text: &str) -> Result<u32, String> {
    let seconds = parse_time(text)?.as_secs_f64().ceil();
    match seconds {
        seconds if seconds <= 86_400.0 => Ok(seconds as u32),
        _ => Err("a window is a day at most: streams keep records for 24 hours".to_owned()),
    }
}

/// Reads `512K`, `256M` or `1G`; a number alone is bytes.
///
/// # Errors
///
/// What is none of these.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let units = [('K', 10), ('M', 20), ('G', 30)];
    let unit = units.iter().find_map(|(name, bits)| {
        let number = text.strip_suffix([*name, name.to_ascii_lowercase()])?;
        Some((number, *bits))
    });
    let (number, bits) = unit.unwrap_or((text, 0));
    let bytes = number.parse::<u64>().ok();
    let bytes = bytes.and_then(|number| number.checked_mul(1 << bits));
    bytes.ok_or_else(|| format!("`{text}` is not a size; give one such as 256M or 1G"))
}

/// Reads a rate: a number of reads a second.
///
/// # Errors
///
/// What is no number from 0.01 to 1,000.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=1_000.0).contains(&rate) => Ok(rate),
        _ => Err(format!(
            "`{text}` is not a rate; give reads a second from 0.01 to 1000, such as 2"
        )),
    }
}

/// Reads one Region's name.
///
/// # Errors
///
/// What is no Region's name.
pub(super) fn parse_region(text: &str) -> Result<String, String> {
    match conflict::is_region_name(text) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{text}` is not the name of an AWS Region, such as us-east-1"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit_and_nothing_else_is() {
        for (text, seconds) in [
            ("90", 90.0),
            ("1.5h", 5_400.0),
            ("10m", 600.0),
            ("24h", 86_400.0),
            ("500ms", 0.5),
        ] {
            assert_eq!(parse_time(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for wrong in ["", "0", "m", "-5s", "1d", "10 minutes", "NaN", "inf"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_window("500ms"), Ok(1));
        assert!(parse_window("25h").is_err());
    }

    #[test]
    fn sizes_are_read_with_their_unit_and_nothing_else_is() {
        assert_eq!(parse_bytes("256M"), Ok(256 << 20));
        assert_eq!(parse_bytes("1g"), Ok(1 << 30));
        assert_eq!(parse_bytes("10"), Ok(10));
        for wrong in ["", "M", "1T", "-1M", "99999999999G"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
