//! Options that `demo` and `local` share, and how they are read.

use std::time::Duration;

use local_aws::global_table::{Lag, Region};

/// The Regions that a number stands for: the first so many of these.
pub const DEFAULT_REGIONS: [&str; 5] = [
    "us-east-1",
    "eu-west-1",
    "ap-southeast-2",
    "us-west-2",
    "eu-central-1",
];

/// The spread of the delays where only a median is given. One write in a hundred takes over three times the median.
const DEFAULT_SIGMA: f64 = 0.5;

/// A list of Regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions(pub Vec<Region>);

/// Reads `us-east-1,eu-west-1`, or a number of Regions.
///
/// # Errors
///
/// A name that AWS does not have, or too large a number.
pub fn parse_regions(text: &str) -> Result<Regions, String> {
    let regions = |names: &[&str]| {
        let regions = names.iter().map(|name| Region::parse(name.trim()));
        let regions: Result<_, _> = regions.collect();
        regions.map(Regions).map_err(|error| error.to_string())
    };
    if let Ok(count) = text.parse::<usize>() {
        return match DEFAULT_REGIONS.get(..count) {
            Some(names) if count >= 2 => regions(names),
            _ => Err(format!(
                "a global table here has 2 to {} Regions, not {count}",
                DEFAULT_REGIONS.len()
            )),
        };
    }
    regions(&text.split(',').collect::<Vec<_>>())
}

/// Reads one Region's name.
///
/// # Errors
///
/// A name that AWS does not have.
pub fn parse_region(text: &str) -> Result<Region, String> {
    Region::parse(text).map_err(|error| error.to_string())
}

/// Reads a lag: a median, and behind a colon how widely the delays spread (the standard deviation of their logarithm).
/// `0` is no lag at all, and a spread of 0 makes every delay the same.
///
/// # Errors
///
/// What is no duration.
pub fn parse_lag(text: &str) -> Result<Lag, String> {
    let (median, sigma) = match text.split_once(':') {
        Some((median, sigma)) => {
            let wrong = |_| format!("`{sigma}` is not a spread; give a number such as 0.5");
            (median, sigma.parse().map_err(wrong)?)
        }
        None => (text, DEFAULT_SIGMA),
    };
    let median = parse_duration(median)?;
    if !(0.0..=5.0).contains(&sigma) {
        return Err(format!("the spread must be from 0 to 5, not {sigma}"));
    }
    Ok(if sigma == 0.0 || median.is_zero() {
        Lag::Fixed(median)
    } else {
        Lag::LogNormal { median, sigma }
    })
}

/// Reads `800ms`, `0.8s` or `0.8`, which is seconds.
///
/// # Errors
///
/// What is none of these.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let wrong = || format!("`{text}` is not a duration; give one such as 800ms or 2s");
    let seconds: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds * unit).map_err(|_| wrong())
}

/// Reads a share from 0 to 1.
///
/// # Errors
///
/// What is none.
pub fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!(
            "`{text}` is not a share; give a number from 0 to 1"
        )),
    }
}
