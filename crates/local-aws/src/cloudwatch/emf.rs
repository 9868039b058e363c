//! The embedded metric format: metrics that CloudWatch reads out of a log line.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::limits::{
    MAX_DIMENSION_VALUE, MAX_DIMENSIONS, MAX_NAME, check_name, check_text, check_value,
};
use super::point::{DataPoint, Dimensions, Samples};

/// Metric definitions in one directive, and values in one metric.
pub const MAX_EMF_ENTRIES: usize = 100;
/// Bytes of one log line: 256 KB, the limit of a CloudWatch Logs event that the specification names.
pub const MAX_EMF_BYTES: usize = 256 * 1024;

/// Why a line that claims to hold metrics holds none. CloudWatch drops such a line's metrics without telling the sender.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EmfError {
    /// The line is too long.
    #[error("{0} bytes, and a log event has at most {MAX_EMF_BYTES}")]
    TooLong(usize),
    /// `_aws` does not have the form of the specification.
    #[error("the _aws member is not as the specification says: {0}")]
    Malformed(String),
    /// A member that the metadata names is missing or of the wrong type.
    #[error("{member}: {problem}")]
    Member {
        /// The member's name.
        member: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A limit is passed.
    #[error("{count} {what}, and at most {largest} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        largest: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    dimensions: Vec<Vec<String>>,
    metrics: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
    storage_resolution: Option<u32>,
}

/// Reads a log line. `Ok(None)` is a line that is no embedded metric document: other text, or JSON without `_aws`.
///
/// Each dimension set of each directive gives one data point per metric, as PutMetricData would have been given, so
/// that both sinks can be compared. Lambda may put its own text before the document; that is skipped.
///
/// # Errors
///
/// [`EmfError`] for a document that CloudWatch would not read metrics from.
pub fn parse_emf(line: &str) -> Result<Option<Vec<DataPoint>>, EmfError> {
    let Some(start) = line.find('{') else {
        return Ok(None);
    };
    let Ok(Value::Object(document)) = serde_json::from_str::<Value>(line[start..].trim()) else {
        return Ok(None);
    };
    let Some(metadata) = document.get("_aws") else {
        return Ok(None);
    };
    if line.len() > MAX_EMF_BYTES {
        return Err(EmfError::TooLong(line.len()));
    }
    let metadata =
        Metadata::deserialize(metadata).map_err(|error| EmfError::Malformed(error.to_string()))?;
    let timestamp = SystemTime::UNIX_EPOCH + Duration::from_millis(metadata.timestamp);
    let mut points = Vec::new();
    for directive in &metadata.cloud_watch_metrics {
        read_directive(directive, &document, timestamp, &mut points)?;
    }
    Ok(Some(points))
}

fn read_directive(
    directive: &Directive,
    document: &Map<String, Value>,
    timestamp: SystemTime,
    points: &mut Vec<DataPoint>,
) -> Result<(), EmfError> {
    at_most(
        "metric definitions",
        directive.metrics.len(),
        MAX_EMF_ENTRIES,
    )?;
    named("Namespace", &directive.namespace)?;
    for names in &directive.dimensions {
        at_most("dimensions", names.len(), MAX_DIMENSIONS)?;
        let dimensions = names
            .iter()
            .map(|name| Ok((name.clone(), dimension_value(document, name)?)))
            .collect::<Result<Dimensions, EmfError>>()?;
        for definition in &directive.metrics {
            named("Name", &definition.name)?;
            points.push(DataPoint {
                namespace: directive.namespace.clone(),
                metric: definition.name.clone(),
                dimensions: dimensions.clone(),
                unit: definition.unit.clone(),
                timestamp,
                storage_resolution: definition.storage_resolution,
                samples: samples(document, &definition.name)?,
            });
        }
    }
    Ok(())
}

fn dimension_value(document: &Map<String, Value>, name: &str) -> Result<String, EmfError> {
    named("a dimension's name", name)?;
    let value = document
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| member(name, "a dimension needs a string member of its name"))?;
    check_text(name, value, MAX_DIMENSION_VALUE).map_err(|error| member(name, &error.message))?;
    Ok(value.to_owned())
}

/// A metric's value: a number, or an array of at most 100 numbers.
fn samples(document: &Map<String, Value>, name: &str) -> Result<Samples, EmfError> {
    let values: Vec<f64> = match document.get(name) {
        Some(Value::Array(values)) => values
            .iter()
            .map(Value::as_f64)
            .collect::<Option<_>>()
            .ok_or_else(|| member(name, "an entry of the array is no number"))?,
        Some(Value::Object(distribution)) => return distribution_samples(name, distribution),
        Some(value) => vec![
            value
                .as_f64()
                .ok_or_else(|| member(name, "a metric is a number or an array of numbers"))?,
        ],
        None => return Err(member(name, "the metric has no member of its name")),
    };
    at_most("values", values.len(), MAX_EMF_ENTRIES)?;
    if values.is_empty() {
        return Err(member(name, "the array is empty"));
    }
    with_counts(name, values.into_iter().map(|value| (value, 1.0)).collect())
}

/// `{"Values": [...], "Counts": [...]}`: a distribution as PutMetricData has it. The specification does not name it, but
/// writers of embedded metric format use it, OpenTelemetry's `awsemfexporter` and AWS's metrique among them.
fn distribution_samples(
    name: &str,
    distribution: &Map<String, Value>,
) -> Result<Samples, EmfError> {
    let numbers = |field: &str| -> Option<Vec<f64>> {
        let values = distribution.get(field)?.as_array()?;
        values.iter().map(Value::as_f64).collect()
    };
    let (Some(values), Some(counts)) = (numbers("Values"), numbers("Counts")) else {
        return Err(member(
            name,
            "an object needs number arrays Values and Counts",
        ));
    };
    at_most("values", values.len(), MAX_EMF_ENTRIES)?;
    if values.is_empty() || values.len() != counts.len() {
        return Err(member(
            name,
            "Values and Counts differ in length, or are empty",
        ));
    }
    with_counts(name, values.into_iter().zip(counts).collect())
}

fn with_counts(name: &str, values: Vec<(f64, f64)>) -> Result<Samples, EmfError> {
    for (value, count) in &values {
        check_value(*value, name)
            .and_then(|()| check_value(*count, name))
            .map_err(|error| member(name, &error.message))?;
    }
    Ok(Samples::Values(values))
}

fn named(what: &str, name: &str) -> Result<(), EmfError> {
    check_name(what, name, MAX_NAME).map_err(|error| member(name, &error.message))
}

fn at_most(what: &'static str, count: usize, largest: usize) -> Result<(), EmfError> {
    if count > largest {
        return Err(EmfError::TooMany {
            what,
            count,
            largest,
        });
    }
    Ok(())
}

fn member(member: &str, problem: &str) -> EmfError {
    EmfError::Member {
        member: member.to_owned(),
        problem: problem.to_owned(),
    }
}
