//! Reading metrics back: ListMetrics and GetMetricData.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>. Metric math is not known
//! here, and every answer is one page.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use ciborium::Value;

use super::point::{DataPoint, Dimensions, Samples};
use super::wire::{dimension, list, members, number, text, timestamp};
use crate::fault::Refusal;

/// The members of an answer.
pub(super) type Members = Vec<(&'static str, Value)>;

/// Answers ListMetrics: every metric that was sent, with its dimensions.
pub(super) fn list_metrics(request: Value, points: &[DataPoint]) -> Result<Members, Refusal> {
    let (mut namespace, mut metric, mut filters) = (None, None, Vec::new());
    for (name, value) in members(request)? {
        match name.as_str() {
            "Namespace" => namespace = Some(text(value)?),
            "MetricName" => metric = Some(text(value)?),
            "Dimensions" => {
                filters = list(value)?
                    .into_iter()
                    .map(dimension)
                    .collect::<Result<_, _>>()?
            }
            _ => {}
        }
    }
    let is_asked_for = |point: &&DataPoint| {
        namespace.as_ref().is_none_or(|asked| *asked == point.namespace)
            && metric.as_ref().is_none_or(|asked| *asked == point.metric)
            // A filter without a value asks for the dimension, whatever its value.
            && filters.iter().all(|(name, value): &(Option<String>, Option<String>)| {
                let found = name.as_ref().and_then(|name| point.dimensions.get(name));
                found.is_some_and(|found| value.as_ref().is_none_or(|asked| asked == found))
            })
    };
    let metrics: BTreeSet<_> = points
        .iter()
        .filter(is_asked_for)
        .map(|point| (&point.namespace, &point.metric, &point.dimensions))
        .collect();
    let metrics = metrics.into_iter().map(|(namespace, metric, dimensions)| {
        map(vec![
            ("Namespace", namespace.as_str().into()),
            ("MetricName", metric.as_str().into()),
            ("Dimensions", dimensions_value(dimensions)),
        ])
    });
    Ok(vec![("Metrics", Value::Array(metrics.collect()))])
}

/// One metric that GetMetricData asks for.
#[derive(Debug, Default)]
struct MetricQuery {
    id: String,
    label: Option<String>,
    namespace: String,
    metric: String,
    dimensions: Dimensions,
    period: u64,
    statistic: String,
}

/// Answers GetMetricData: a statistic of each metric for each period.
pub(super) fn get_metric_data(request: Value, points: &[DataPoint]) -> Result<Members, Refusal> {
    let (mut queries, mut start, mut end, mut ascending) = (Vec::new(), None, None, false);
    for (name, value) in members(request)? {
        match name.as_str() {
            "MetricDataQueries" => {
                queries = list(value)?
                    .into_iter()
                    .map(metric_query)
                    .collect::<Result<_, _>>()?;
            }
            "StartTime" => start = Some(timestamp(value)?),
            "EndTime" => end = Some(timestamp(value)?),
            "ScanBy" => ascending = text(value)? == "TimestampAscending",
            _ => {}
        }
    }
    let (Some(start), Some(end)) = (start, end) else {
        return Err(missing("StartTime and EndTime"));
    };
    let mut results = Vec::new();
    for query in queries {
        let mut values = query.values(points, start, end)?;
        if !ascending {
            values.reverse();
        }
        let (timestamps, values): (Vec<_>, Vec<_>) = values
            .into_iter()
            .map(|(at, value)| {
                (
                    Value::Tag(1, Box::new(Value::Float(at as f64))),
                    Value::Float(value),
                )
            })
            .unzip();
        let label = query.label.unwrap_or(query.metric);
        results.push(map(vec![
            ("Id", query.id.into()),
            ("Label", label.into()),
            ("Timestamps", Value::Array(timestamps)),
            ("Values", Value::Array(values)),
            ("StatusCode", "Complete".into()),
        ]));
    }
    Ok(vec![
        ("MetricDataResults", Value::Array(results)),
        ("Messages", Value::Array(Vec::new())),
    ])
}

impl MetricQuery {
    /// The start of each period that has data, in seconds since 1970, and the statistic over it.
    fn values(
        &self,
        points: &[DataPoint],
        start: f64,
        end: f64,
    ) -> Result<Vec<(u64, f64)>, Refusal> {
        let mut periods: BTreeMap<u64, Vec<&Samples>> = BTreeMap::new();
        for point in points {
            let at = seconds(point.timestamp);
            let is_asked_for = point.namespace == self.namespace
                && point.metric == self.metric
                && point.dimensions == self.dimensions;
            if is_asked_for && start <= at && at < end {
                let period = at as u64 / self.period * self.period;
                periods.entry(period).or_default().push(&point.samples);
            }
        }
        let value =
            |(at, samples): (u64, Vec<&Samples>)| Ok((at, statistic(&self.statistic, &samples)?));
        periods.into_iter().map(value).collect()
    }
}

fn metric_query(value: Value) -> Result<MetricQuery, Refusal> {
    let mut query = MetricQuery::default();
    let mut has_metric = false;
    for (name, value) in members(value)? {
        match name.as_str() {
            "Id" => query.id = text(value)?,
            "Label" => query.label = Some(text(value)?),
            "MetricStat" => {
                metric_stat(value, &mut query)?;
                has_metric = true;
            }
            _ => {}
        }
    }
    if !has_metric {
        return Err(invalid(
            "metric math is not known here: each query needs a MetricStat",
        ));
    }
    if query.period == 0 {
        return Err(invalid("MetricStat.Period must be at least 1 second"));
    }
    Ok(query)
}

fn metric_stat(value: Value, query: &mut MetricQuery) -> Result<(), Refusal> {
    for (name, value) in members(value)? {
        match name.as_str() {
            "Period" => query.period = number(&value)? as u64,
            "Stat" => query.statistic = text(value)?,
            "Metric" => {
                for (name, value) in members(value)? {
                    match name.as_str() {
                        "Namespace" => query.namespace = text(value)?,
                        "MetricName" => query.metric = text(value)?,
                        "Dimensions" => {
                            for value in list(value)? {
                                let (Some(name), Some(value)) = dimension(value)? else {
                                    return Err(missing("a dimension's Name and Value"));
                                };
                                query.dimensions.insert(name, value);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A statistic over samples: Sum, SampleCount, Average, Minimum, Maximum or a percentile such as p99.
fn statistic(name: &str, samples: &[&Samples]) -> Result<f64, Refusal> {
    let sum = || samples.iter().map(|samples| samples.sum()).sum::<f64>();
    let count = || samples.iter().map(|samples| samples.count()).sum::<f64>();
    let extremes = samples.iter().map(|samples| samples.extremes());
    match name {
        "Sum" => Ok(sum()),
        "SampleCount" => Ok(count()),
        "Average" => Ok(sum() / count()),
        "Minimum" => Ok(extremes
            .map(|(least, _)| least)
            .fold(f64::INFINITY, f64::min)),
        "Maximum" => Ok(extremes
            .map(|(_, most)| most)
            .fold(f64::NEG_INFINITY, f64::max)),
        percentile => {
            let share = percentile
                .strip_prefix('p')
                .and_then(|share| share.parse::<f64>().ok());
            let share = share.filter(|share| (0.0..=100.0).contains(share));
            let share =
                share.ok_or_else(|| invalid(&format!("the statistic {name} is not known here")))?;
            self::percentile(share / 100.0, samples)
        }
    }
}

/// The least value that this share of the samples does not exceed. A statistic set does not tell its values.
fn percentile(share: f64, samples: &[&Samples]) -> Result<f64, Refusal> {
    let mut values: Vec<(f64, f64)> = Vec::new();
    for samples in samples {
        match samples {
            Samples::Values(more) => values.extend(more),
            Samples::Statistics { .. } => {
                return Err(invalid("a statistic set has no percentiles"));
            }
        }
    }
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|(_, count)| count).sum();
    let mut seen = 0.0;
    let mut found = 0.0;
    for (value, count) in values {
        found = value;
        seen += count;
        if seen >= total * share {
            break;
        }
    }
    Ok(found)
}

fn dimensions_value(dimensions: &Dimensions) -> Value {
    let dimensions = dimensions.iter().map(|(name, value)| {
        map(vec![
            ("Name", name.as_str().into()),
            ("Value", value.as_str().into()),
        ])
    });
    Value::Array(dimensions.collect())
}

fn map(members: Members) -> Value {
    let members = members.into_iter();
    Value::Map(members.map(|(name, value)| (name.into(), value)).collect())
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn missing(what: &str) -> Refusal {
    Refusal::new(
        400,
        "MissingParameter",
        format!("The request must contain {what}."),
    )
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(400, "ValidationError", what)
}
