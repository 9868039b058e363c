//! What CloudWatch refuses.
//!
//! The limits are those of
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html> and
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>. Messages are worded as
//! CloudWatch words them where a public report quotes it. One bad metric refuses the whole request.

use std::time::{Duration, SystemTime};

use super::point::{DataPoint, Dimensions, Samples};
use super::wire::{Datum, Request, Statistics};
use crate::fault::Refusal;

/// Metrics in one request.
pub const MAX_METRICS: usize = 1_000;
/// Bytes of one request, as sent: a compressed body counts compressed.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;
/// Entries of `Values`, and of `Counts`, in one metric.
pub const MAX_VALUES: usize = 150;
/// Dimensions of one metric.
pub const MAX_DIMENSIONS: usize = 30;
/// Characters in a namespace, a metric's name and a dimension's name.
pub const MAX_NAME: usize = 255;
/// Characters in a dimension's value.
pub const MAX_DIMENSION_VALUE: usize = 1_024;

const TWO_WEEKS: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const TWO_HOURS: Duration = Duration::from_secs(2 * 60 * 60);

/// The units of API_MetricDatum.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// Checks a request and turns it into data points: all of them, or the reason to refuse.
pub(super) fn accept(request: Request, now: SystemTime) -> Result<Vec<DataPoint>, Refusal> {
    let namespace = required(request.namespace, "Namespace")?;
    check_name("Namespace", &namespace, MAX_NAME)?;
    if namespace.starts_with("AWS/") {
        return Err(invalid(format!(
            "The value {namespace} for parameter Namespace is invalid: namespaces that begin with AWS/ are reserved."
        )));
    }
    if request.metrics.is_empty() {
        return Err(missing("MetricData"));
    }
    check_size("MetricData", request.metrics.len(), MAX_METRICS)?;
    request
        .metrics
        .into_iter()
        .enumerate()
        .map(|(index, datum)| {
            accept_datum(
                datum,
                &namespace,
                &format!("MetricData.member.{}", index + 1),
                now,
            )
        })
        .collect()
}

fn accept_datum(
    datum: Datum,
    namespace: &str,
    at: &str,
    now: SystemTime,
) -> Result<DataPoint, Refusal> {
    let parameter = |name: &str| format!("{at}.{name}");
    let metric = required(datum.metric_name.clone(), &parameter("MetricName"))?;
    check_name(&parameter("MetricName"), &metric, MAX_NAME)?;
    let dimensions = accept_dimensions(&datum.dimensions, &parameter("Dimensions"))?;
    let timestamp = match datum.timestamp {
        Some(seconds) => accept_timestamp(seconds, &parameter("Timestamp"), now)?,
        None => now,
    };
    if let Some(unit) = &datum.unit
        && !UNITS.contains(&unit.as_str())
    {
        return Err(invalid_value(unit, &parameter("Unit")));
    }
    let storage_resolution = match datum.storage_resolution {
        None => None,
        Some(1.0) => Some(1),
        Some(60.0) => Some(60),
        Some(other) => {
            return Err(invalid_value(
                &other.to_string(),
                &parameter("StorageResolution"),
            ));
        }
    };
    Ok(DataPoint {
        samples: accept_samples(&datum, at)?,
        namespace: namespace.to_owned(),
        metric,
        dimensions,
        unit: datum.unit,
        timestamp,
        storage_resolution,
    })
}

fn accept_dimensions(
    given: &[(Option<String>, Option<String>)],
    at: &str,
) -> Result<Dimensions, Refusal> {
    check_size(at, given.len(), MAX_DIMENSIONS)?;
    let mut dimensions = Dimensions::new();
    for (index, (name, value)) in given.iter().enumerate() {
        let parameter = |field: &str| format!("{at}.member.{}.{field}", index + 1);
        let name = required(name.clone(), &parameter("Name"))?;
        let value = required(value.clone(), &parameter("Value"))?;
        check_name(&parameter("Name"), &name, MAX_NAME)?;
        check_text(&parameter("Value"), &value, MAX_DIMENSION_VALUE)?;
        if dimensions.insert(name, value).is_some() {
            return Err(invalid(
                "No Metric may specify the same dimension name twice.".to_owned(),
            ));
        }
    }
    Ok(dimensions)
}

/// "You can specify time stamps that are as much as two weeks before the current date, and as much as 2 hours after."
fn accept_timestamp(seconds: f64, at: &str, now: SystemTime) -> Result<SystemTime, Refusal> {
    let since_1970 = Duration::try_from_secs_f64(seconds)
        .map_err(|_| invalid_value(&seconds.to_string(), at))?;
    let timestamp = SystemTime::UNIX_EPOCH + since_1970;
    if timestamp + TWO_WEEKS < now {
        return Err(invalid(format!(
            "The parameter {at} must specify a time no more than two weeks in the past."
        )));
    }
    if timestamp > now + TWO_HOURS {
        return Err(invalid(format!(
            "The parameter {at} must specify a time no more than two hours in the future."
        )));
    }
    Ok(timestamp)
}

fn accept_samples(datum: &Datum, at: &str) -> Result<Samples, Refusal> {
    let forms = [
        ("Value", datum.value.is_some()),
        ("Values", datum.values.is_some()),
        ("StatisticValues", datum.statistics.is_some()),
    ];
    let given: Vec<&str> = forms
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect();
    if let [first, second, ..] = given[..] {
        return Err(Refusal::new(
            400,
            "InvalidParameterCombination",
            format!(
                "The parameters {at}.{first} and {at}.{second} are mutually exclusive and you have specified both."
            ),
        ));
    }
    if datum.counts.is_some() && datum.values.is_none() {
        return Err(Refusal::new(
            400,
            "InvalidParameterCombination",
            format!("The parameter {at}.Counts needs the parameter {at}.Values."),
        ));
    }
    if let Some(value) = datum.value {
        check_value(value, &format!("{at}.Value"))?;
        Ok(Samples::Values(vec![(value, 1.0)]))
    } else if let Some(values) = &datum.values {
        accept_values(values, datum.counts.as_deref(), at)
    } else if let Some(statistics) = &datum.statistics {
        accept_statistics(statistics, &format!("{at}.StatisticValues"))
    } else {
        Err(missing(&format!("{at}.Value")))
    }
}

fn accept_values(values: &[f64], counts: Option<&[f64]>, at: &str) -> Result<Samples, Refusal> {
    check_size(&format!("{at}.Values"), values.len(), MAX_VALUES)?;
    if values.is_empty() {
        return Err(missing(&format!("{at}.Values")));
    }
    for (index, value) in values.iter().enumerate() {
        check_value(*value, &format!("{at}.Values.member.{}", index + 1))?;
    }
    let Some(counts) = counts else {
        return Ok(Samples::Values(values.iter().map(|v| (*v, 1.0)).collect()));
    };
    // "It must include the same amount of values as the Values array."
    if counts.len() != values.len() {
        return Err(invalid(format!(
            "The parameters {at}.Values and {at}.Counts must be of the same size: {} and {}.",
            values.len(),
            counts.len()
        )));
    }
    for (index, count) in counts.iter().enumerate() {
        let parameter = format!("{at}.Counts.member.{}", index + 1);
        check_value(*count, &parameter)?;
        if *count < 0.0 {
            return Err(invalid_value(&count.to_string(), &parameter));
        }
    }
    Ok(Samples::Values(
        values.iter().copied().zip(counts.iter().copied()).collect(),
    ))
}

fn accept_statistics(statistics: &Statistics, at: &str) -> Result<Samples, Refusal> {
    let field = |value: Option<f64>, name: &str| {
        let parameter = format!("{at}.{name}");
        let value = value.ok_or_else(|| missing(&parameter))?;
        check_value(value, &parameter)?;
        Ok(value)
    };
    let (minimum, maximum) = (
        field(statistics.minimum, "Minimum")?,
        field(statistics.maximum, "Maximum")?,
    );
    if minimum > maximum {
        return Err(invalid_value(
            &minimum.to_string(),
            &format!("{at}.Minimum"),
        ));
    }
    Ok(Samples::Statistics {
        count: field(statistics.sample_count, "SampleCount")?,
        sum: field(statistics.sum, "Sum")?,
        minimum,
        maximum,
    })
}

/// "Values must be in the range of -2^360 to 2^360. In addition, special values are not supported."
pub(super) fn check_value(value: f64, at: &str) -> Result<(), Refusal> {
    if value.is_finite() && value.abs() <= 2f64.powi(360) {
        Ok(())
    } else {
        Err(invalid_value(&value.to_string(), at))
    }
}

/// A namespace, a metric's or a dimension's name: a text that does not start with a colon.
pub(super) fn check_name(at: &str, name: &str, longest: usize) -> Result<(), Refusal> {
    check_text(at, name, longest)?;
    if name.starts_with(':') {
        return Err(invalid_value(name, at));
    }
    Ok(())
}

/// "Must contain only ASCII characters, must include at least one non-whitespace character; ASCII control characters
/// are not supported."
pub(super) fn check_text(at: &str, text: &str, longest: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(invalid(format!("The parameter {at} must not be empty.")));
    }
    if text.len() > longest {
        return Err(invalid(format!(
            "The parameter {at} must be shorter than {} characters.",
            longest + 1
        )));
    }
    if !text.chars().all(|c| c.is_ascii() && !c.is_ascii_control()) {
        return Err(invalid(format!(
            "The parameter {at} must contain only ASCII characters that are not control characters."
        )));
    }
    Ok(())
}

fn check_size(at: &str, size: usize, largest: usize) -> Result<(), Refusal> {
    if size > largest {
        return Err(invalid(format!(
            "The collection {at} must not have a size greater than {largest}."
        )));
    }
    Ok(())
}

fn required(value: Option<String>, at: &str) -> Result<String, Refusal> {
    value.ok_or_else(|| missing(at))
}

fn missing(at: &str) -> Refusal {
    Refusal::new(
        400,
        "MissingParameter",
        format!("The parameter {at} is required."),
    )
}

fn invalid_value(value: &str, at: &str) -> Refusal {
    invalid(format!("The value {value} for parameter {at} is invalid."))
}

fn invalid(message: String) -> Refusal {
    Refusal::new(400, "InvalidParameterValue", message)
}
