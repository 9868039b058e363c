//! Embedded metric format: the same metrics as lines of log, which CloudWatch Logs turns into metrics.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};

use super::{Datum, Dimension, TABLE_NAME, Value};

/// The most metrics that one document may define.
const MAX_METRICS: usize = 100;

/// What the data of one document share: the time, the table, and the further dimension if there is one.
type Shared<'a> = (DateTime<Utc>, &'a str, Option<(Dimension, &'a str)>);

/// The data as documents, one a line. Data with the same time and dimensions share a document.
pub(super) fn lines(data: &[Datum<'_>], namespace: &str) -> Vec<String> {
    let mut groups: BTreeMap<Shared<'_>, Vec<&Datum<'_>>> = BTreeMap::new();
    for datum in data {
        groups
            .entry((datum.at, datum.table, datum.dimension))
            .or_default()
            .push(datum);
    }
    groups
        .into_iter()
        .flat_map(|(shared, data)| {
            let documents = data
                .chunks(MAX_METRICS)
                .map(|data| document(shared, data, namespace));
            documents.collect::<Vec<_>>()
        })
        .collect()
}

fn document((at, table, dimension): Shared<'_>, data: &[&Datum<'_>], namespace: &str) -> String {
    let mut members = Map::from_iter([(TABLE_NAME.to_owned(), json!(table))]);
    let mut dimensions = vec![TABLE_NAME];
    if let Some((name, value)) = dimension {
        dimensions.push(name.name());
        members.insert(name.name().to_owned(), json!(value));
    }
    let definitions: Vec<Json> = data
        .iter()
        .map(|datum| json!({"Name": datum.metric.name(), "Unit": datum.metric.unit()}))
        .collect();
    for datum in data {
        members.insert(datum.metric.name().to_owned(), value(&datum.value));
    }
    members.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.timestamp_millis(),
            "CloudWatchMetrics": [
                {"Namespace": namespace, "Dimensions": [dimensions], "Metrics": definitions}
            ],
        }),
    );
    Json::Object(members).to_string()
}

fn value(value: &Value<'_>) -> Json {
    match value {
        Value::Count(count) => json!(count),
        Value::Delays(delays) => {
            let (values, counts): (Vec<f64>, Vec<u32>) = delays.buckets().unzip();
            json!({"Values": values, "Counts": counts})
        }
    }
}
