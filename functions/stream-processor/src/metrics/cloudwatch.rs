//! PutMetricData: one request for what is due, more only where CloudWatch would refuse one.

use super::{Datum, TABLE_NAME, Value};
use aws_sdk_cloudwatch::primitives::DateTime as AwsDateTime;
use aws_sdk_cloudwatch::types::{Dimension as AwsDimension, MetricDatum, StandardUnit};

/// The most metrics a request may hold. Source: Amazon CloudWatch API Reference, "PutMetricData".
const MAX_METRICS: usize = 1_000;

/// The most bytes that a request is let grow to. CloudWatch takes 1 MB; estimates leave room.
const MAX_BYTES: usize = 900_000;

/// The data, request by request.
pub(super) fn requests<'d, 'a>(data: &'d [Datum<'a>]) -> Vec<&'d [Datum<'a>]> {
    let mut requests = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, datum) in data.iter().enumerate() {
        let size = estimated_size(datum);
        if at - start == MAX_METRICS || (at > start && bytes + size > MAX_BYTES) {
            requests.push(&data[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    requests.push(&data[start..]);
    requests.retain(|request| !request.is_empty());
    requests
}

/// More than the datum takes in CBOR.
fn estimated_size(datum: &Datum<'_>) -> usize {
    const FRAME: usize = 200;
    const VALUE_AND_COUNT: usize = 18;
    let values = match &datum.value {
        Value::Count(_) => 1,
        Value::Delays(delays) => delays.buckets().count(),
    };
    let dimension = datum.dimension.map_or(0, |(dimension, value)| {
        dimension.name().len() + value.len() + 32
    });
    FRAME + datum.table.len() + dimension + values * VALUE_AND_COUNT
}

/// A datum as CloudWatch takes it.
pub(super) fn metric_datum(datum: &Datum<'_>) -> MetricDatum {
    let mut builder = MetricDatum::builder()
        .metric_name(datum.metric.name())
        .unit(StandardUnit::from(datum.metric.unit()))
        .timestamp(AwsDateTime::from_millis(datum.at.timestamp_millis()))
        .dimensions(dimension(TABLE_NAME, datum.table));
    if let Some((name, value)) = datum.dimension {
        builder = builder.dimensions(dimension(name.name(), value));
    }
    match &datum.value {
        Value::Count(count) => builder = builder.value(*count as f64),
        Value::Delays(delays) => {
            for (milliseconds, count) in delays.buckets() {
                builder = builder.values(milliseconds).counts(f64::from(count));
            }
        }
    }
    builder.build()
}

fn dimension(name: &str, value: &str) -> AwsDimension {
    AwsDimension::builder().name(name).value(value).build()
}
