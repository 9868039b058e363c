//! The structure of requests, from values of either protocol.
//!
//! What CloudWatch accepts is the business of [`super::limits`].

use ciborium::Value;

use crate::fault::Refusal;

/// A PutMetricData request before any check.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) namespace: Option<String>,
    pub(super) metrics: Vec<Datum>,
}

/// A MetricDatum before any check.
#[derive(Debug, Default)]
pub(super) struct Datum {
    pub(super) metric_name: Option<String>,
    pub(super) dimensions: Vec<(Option<String>, Option<String>)>,
    /// Seconds since 1970.
    pub(super) timestamp: Option<f64>,
    pub(super) value: Option<f64>,
    pub(super) statistics: Option<Statistics>,
    pub(super) values: Option<Vec<f64>>,
    pub(super) counts: Option<Vec<f64>>,
    pub(super) unit: Option<String>,
    pub(super) storage_resolution: Option<f64>,
}

/// A StatisticSet before any check.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    pub(super) sample_count: Option<f64>,
    pub(super) sum: Option<f64>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
}

/// Reads a PutMetricData request.
pub(super) fn read(value: Value) -> Result<Request, Refusal> {
    let mut request = Request::default();
    for (name, value) in members(value)? {
        match name.as_str() {
            "Namespace" => request.namespace = Some(text(value)?),
            "MetricData" => request.metrics.extend(data(value)?),
            // Metrics that come with an entity count like all others; the entity is not kept.
            "EntityMetricData" => {
                for entity in list(value)? {
                    for (name, value) in members(entity)? {
                        if name == "MetricData" {
                            request.metrics.extend(data(value)?);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(request)
}

fn data(value: Value) -> Result<Vec<Datum>, Refusal> {
    list(value)?.into_iter().map(datum).collect()
}

fn datum(value: Value) -> Result<Datum, Refusal> {
    let mut datum = Datum::default();
    for (name, value) in members(value)? {
        match name.as_str() {
            "MetricName" => datum.metric_name = Some(text(value)?),
            "Dimensions" => {
                datum.dimensions = list(value)?
                    .into_iter()
                    .map(dimension)
                    .collect::<Result<_, _>>()?;
            }
            "Timestamp" => datum.timestamp = Some(timestamp(value)?),
            "Value" => datum.value = Some(number(&value)?),
            "StatisticValues" => datum.statistics = Some(statistics(value)?),
            "Values" => datum.values = Some(numbers(value)?),
            "Counts" => datum.counts = Some(numbers(value)?),
            "Unit" => datum.unit = Some(text(value)?),
            "StorageResolution" => datum.storage_resolution = Some(number(&value)?),
            _ => {}
        }
    }
    Ok(datum)
}

pub(super) fn dimension(value: Value) -> Result<(Option<String>, Option<String>), Refusal> {
    let mut dimension = (None, None);
    for (name, value) in members(value)? {
        match name.as_str() {
            "Name" => dimension.0 = Some(text(value)?),
            "Value" => dimension.1 = Some(text(value)?),
            _ => {}
        }
    }
    Ok(dimension)
}

fn statistics(value: Value) -> Result<Statistics, Refusal> {
    let mut statistics = Statistics::default();
    for (name, value) in members(value)? {
        let field = match name.as_str() {
            "SampleCount" => &mut statistics.sample_count,
            "Sum" => &mut statistics.sum,
            "Minimum" => &mut statistics.minimum,
            "Maximum" => &mut statistics.maximum,
            _ => continue,
        };
        *field = Some(number(&value)?);
    }
    Ok(statistics)
}

/// The members of a structure. A null member is an absent one.
pub(super) fn members(value: Value) -> Result<Vec<(String, Value)>, Refusal> {
    let entries = value
        .into_map()
        .map_err(|_| malformed("a map is expected"))?;
    entries
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| Ok((text(name)?, value)))
        .collect()
}

pub(super) fn list(value: Value) -> Result<Vec<Value>, Refusal> {
    value
        .into_array()
        .map_err(|_| malformed("an array is expected"))
}

pub(super) fn text(value: Value) -> Result<String, Refusal> {
    value
        .into_text()
        .map_err(|_| malformed("a string is expected"))
}

fn numbers(value: Value) -> Result<Vec<f64>, Refusal> {
    list(value)?.iter().map(number).collect()
}

/// A number of any CBOR form: an encoder may shorten a double to an integer.
pub(super) fn number(value: &Value) -> Result<f64, Refusal> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Integer(number) => Ok(i128::from(*number) as f64),
        _ => Err(malformed("a number is expected")),
    }
}

/// Seconds since 1970: tag 1 in CBOR, a plain number in JSON.
pub(super) fn timestamp(value: Value) -> Result<f64, Refusal> {
    match value {
        Value::Tag(1, seconds) => number(&seconds),
        Value::Float(_) | Value::Integer(_) => number(&value),
        _ => Err(malformed("a timestamp is expected")),
    }
}

pub(super) fn malformed(what: &str) -> Refusal {
    Refusal::new(
        400,
        "SerializationException",
        format!("not readable: {what}"),
    )
}
