//! Options that `demo` and `local` share, and how they are read.

use std::time::Duration;

use local_aws::global_table::{Lag, NotARegion, Region};

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

/// The widest spread of delays: beyond it no delay means anything.
const MAX_SIGMA: f64 = 5.0;

/// A value of an option that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptionError {
    /// A Region.
    #[error(transparent)]
    Region(#[from] NotARegion),
    /// A number of Regions.
    #[error("a global table here has 2 to {most} Regions, not {0}", most = DEFAULT_REGIONS.len())]
    RegionCount(usize),
    /// A time.
    #[error("`{0}` is not a duration; give one such as 800ms or 2s")]
    Duration(String),
    /// How widely delays spread.
    #[error("`{0}` is not a spread; give a number such as 0.5")]
    Spread(String),
    /// A spread that is too wide, or less than none.
    #[error("the spread must be from 0 to {MAX_SIGMA}, not {0}")]
    SpreadRange(f64),
    /// A part of a whole.
    #[error("`{0}` is not a share; give a number from 0 to 1")]
    Share(String),
}

/// A list of Regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions(pub Vec<Region>);

/// Reads `us-east-1,eu-west-1`, or a number of Regions.
///
/// # Errors
///
/// What is not a Region's name, or too large a number.
pub fn parse_regions(text: &str) -> Result<Regions, OptionError> {
    let regions = |names: &[&str]| {
        let regions = names.iter().map(|name| parse_region(name.trim()));
        regions.collect::<Result<_, _>>().map(Regions)
    };
    if let Ok(count) = text.parse::<usize>() {
        return match DEFAULT_REGIONS.get(..count) {
            Some(names) if count >= 2 => regions(names),
            _ => Err(OptionError::RegionCount(count)),
        };
    }
    regions(&text.split(',').collect::<Vec<_>>())
}

/// Reads one Region's name.
///
/// # Errors
///
/// What is not a Region's name.
pub fn parse_region(text: &str) -> Result<Region, OptionError> {
    Ok(Region::parse(text)?)
}

/// Reads a lag: a median, and behind a colon how widely the delays spread (the standard deviation of their logarithm).
/// `0` is no lag at all, and a spread of 0 makes every delay the same.
///
/// # Errors
///
/// What is not a duration, or not a spread.
pub fn parse_lag(text: &str) -> Result<Lag, OptionError> {
    let (median, sigma) = match text.split_once(':') {
        Some((median, sigma)) => {
            let wrong = |_| OptionError::Spread(sigma.to_owned());
            (median, sigma.parse().map_err(wrong)?)
        }
        None => (text, DEFAULT_SIGMA),
    };
    let median = parse_duration(median)?;
    if !(0.0..=MAX_SIGMA).contains(&sigma) {
        return Err(OptionError::SpreadRange(sigma));
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
pub fn parse_duration(text: &str) -> Result<Duration, OptionError> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let wrong = || OptionError::Duration(text.to_owned());
    let seconds: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds * unit).map_err(|_| wrong())
}

/// Reads a share from 0 to 1.
///
/// # Errors
///
/// What is none.
pub fn parse_share(text: &str) -> Result<f64, OptionError> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(OptionError::Share(text.to_owned())),
    }
}
