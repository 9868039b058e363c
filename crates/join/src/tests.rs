//! Tests of the whole way from records to findings.

mod digests;
mod findings;
mod window;

use conflict::StampNames;
use serde_dynamo::AttributeValue;

use crate::{EventName, Finding, Image, Join, Options, Sighting, StreamRecord, Summary};

#[track_caller]
pub(crate) fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

/// Attributes with text.
type Content<'a> = &'a [(&'a str, &'a str)];

fn image(content: Content<'_>) -> Image {
    let attributes = content.iter().map(|(name, value)| {
        let value = match value.parse::<i64>() {
            Ok(_) => AttributeValue::N((*value).to_owned()),
            Err(_) => AttributeValue::S((*value).to_owned()),
        };
        ((*name).to_owned(), value)
    });
    attributes.collect()
}

/// A record of one Region's stream: the item before and after; none where there is no item.
#[derive(Debug, Clone, Copy)]
struct Shown<'a> {
    region: &'a str,
    second: u64,
    old: Option<Content<'a>>,
    new: Option<Content<'a>>,
}

/// A sighting of the item `key`.
fn sighting(key: &str, sequence: usize, shown: Shown<'_>) -> Sighting {
    let (old, new) = (shown.old.map(image), shown.new.map(image));
    let record = StreamRecord {
        table: "orders",
        region: shown.region,
        event_name: match (&old, &new) {
            (None, _) => EventName::Insert,
            (Some(_), Some(_)) => EventName::Modify,
            (Some(_), None) => EventName::Remove,
        },
        event_id: None,
        sequence_number: &sequence.to_string(),
        second: shown.second,
        keys: &image(&[("id", key)]),
        old: old.as_ref(),
        new: new.as_ref(),
        by_time_to_live: false,
    };
    Sighting::new(&record, &StampNames::default()).expect("both images are there")
}

/// Everything that happens to one item, in order.
fn item(key: &str, records: &[Shown<'_>]) -> Vec<Sighting> {
    let numbered = records.iter().enumerate();
    numbered
        .map(|(at, shown)| sighting(key, at + 1, *shown))
        .collect()
}

fn regions(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Streams that begin and end with the table.
const WHOLE: Options = Options {
    window: 20,
    whole: true,
};

fn join(names: &[&str], sightings: &[Sighting]) -> (Vec<Finding>, Summary) {
    let mut join = Join::new("orders", regions(names), WHOLE).expect("a few Regions");
    for sighting in sightings {
        join.add(sighting).expect("a record of this table");
    }
    join.finish()
}
