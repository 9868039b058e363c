//! When which Region is cut off.

use std::time::Duration;

use local_aws::global_table::{NotARegion, Region};

/// What `--cut` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CutOption {
    /// No Region is cut off.
    Off,
    /// This one is.
    On(Cut),
}

/// One Region, cut off for some time, both counted from the start of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The Region.
    pub region: Region,
    /// When it is cut off.
    pub from: Duration,
    /// When it is joined again.
    pub to: Duration,
}

/// A `--cut` that cannot be read.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum ParseCutError {
    #[error("give REGION:FROM:TO, the times in seconds, or off")]
    Form,
    #[error("`{0}` is not a time in seconds")]
    Seconds(String),
    #[error(transparent)]
    Region(#[from] NotARegion),
    #[error("{from:?} is not before {to:?}")]
    Backwards { from: Duration, to: Duration },
}

/// Reads `REGION:FROM:TO`, the times in seconds, or `off`.
pub(super) fn parse(text: &str) -> Result<CutOption, ParseCutError> {
    if text == "off" {
        return Ok(CutOption::Off);
    }
    let mut parts = text.split(':');
    let (Some(region), Some(from), Some(to), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ParseCutError::Form);
    };
    let seconds = |text: &str| {
        let wrong = || ParseCutError::Seconds(text.to_owned());
        let seconds: f64 = text.parse().map_err(|_| wrong())?;
        Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
    };
    let region = Region::parse(region)?;
    let (from, to) = (seconds(from)?, seconds(to)?);
    if from >= to {
        return Err(ParseCutError::Backwards { from, to });
    }
    Ok(CutOption::On(Cut { region, from, to }))
}

/// A cut that the table or the traffic has no room for.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum CutError {
    #[error("--cut {0}: the table has no replica there; name one of --regions")]
    NoReplica(Region),
    #[error("--cut starts after {from:?}, when the traffic of {length:?} is over")]
    AfterTheTraffic { from: Duration, length: Duration },
}

/// The cut of a run: the one that was asked for, or else the second Region's, in the middle of the run.
pub(super) fn planned(
    option: Option<CutOption>,
    regions: &[Region],
    seconds: u64,
) -> Result<Option<Cut>, CutError> {
    let length = Duration::from_secs(seconds);
    let cut = match option {
        Some(CutOption::Off) => return Ok(None),
        Some(CutOption::On(cut)) => cut,
        None => {
            let Some(region) = regions.get(1).copied() else {
                return Ok(None);
            };
            Cut {
                region,
                from: length / 3,
                to: length * 7 / 12,
            }
        }
    };
    if !regions.contains(&cut.region) {
        return Err(CutError::NoReplica(cut.region));
    }
    if cut.from >= length {
        let from = cut.from;
        return Err(CutError::AfterTheTraffic { from, length });
    }
    Ok(Some(Cut {
        to: cut.to.min(length),
        ..cut
    }))
}
