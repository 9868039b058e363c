//! A stream record in the form in which Lambda hands it to a function.
//!
//! The form is that of AWS's example event
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>).

use std::collections::BTreeMap;

use dynoxide::AttributeValue;
use dynoxide::actions::get_records::Record;
use dynoxide::types::item_size;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Region;
use super::item::Item;
use crate::streams::StreamViewType;

/// What is the same in every record of a replica's stream.
#[derive(Debug)]
pub(super) struct RecordFormat {
    region: Region,
    arn: String,
    view_type: StreamViewType,
}

impl RecordFormat {
    /// The form of the records of one table's stream. A stream's label is the time at which it was enabled.
    pub(super) fn new(
        region: Region,
        account: &str,
        table: &str,
        label: &str,
        view_type: StreamViewType,
    ) -> Self {
        Self {
            region,
            view_type,
            arn: format!(
                "{}table/{table}/stream/{label}",
                arn_prefix(region, account)
            ),
        }
    }

    /// The stream's ARN.
    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// One record as JSON. `expired` is true for a deletion that TTL made in this Region: only such a record carries
    /// `userIdentity` (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>).
    pub(super) fn json(
        &self,
        record: &Record,
        expired: bool,
    ) -> Result<Box<RawValue>, serde_json::Error> {
        let change = &record.dynamodb;
        let new_image = change.new_image.as_ref();
        let new_image = new_image.filter(|_| self.view_type.has_new_image());
        let old_image = change.old_image.as_ref();
        let old_image = old_image.filter(|_| self.view_type.has_old_image());
        let size = [new_image, old_image, Some(&change.keys)];
        to_raw_value(&RecordJson {
            event_id: &record.event_id,
            event_name: &record.event_name,
            event_version: "1.1",
            event_source: "aws:dynamodb",
            aws_region: self.region.name(),
            dynamodb: StreamRecord {
                // Whole seconds, as Lambda gives them.
                approximate_creation_date_time: change.approximate_creation_date_time as i64,
                keys: sorted(&change.keys),
                new_image: new_image.map(sorted),
                old_image: old_image.map(sorted),
                sequence_number: &change.sequence_number,
                size_bytes: size.into_iter().flatten().map(item_size).sum(),
                stream_view_type: self.view_type.name(),
            },
            event_source_arn: &self.arn,
            user_identity: expired.then_some(TTL_SERVICE),
        })
    }
}

/// What every ARN of a Region's tables begins with.
pub(super) fn arn_prefix(region: Region, account: &str) -> String {
    let partition = match region.name() {
        name if name.starts_with("cn-") => "aws-cn",
        name if name.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:dynamodb:{region}:{account}:")
}

const TTL_SERVICE: UserIdentity = UserIdentity {
    kind: "Service",
    principal_id: "dynamodb.amazonaws.com",
};

fn sorted(item: &Item) -> Image<'_> {
    item.iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}

type Image<'a> = BTreeMap<&'a str, &'a AttributeValue>;

#[derive(Serialize)]
struct RecordJson<'a> {
    #[serde(rename = "eventID")]
    event_id: &'a str,
    #[serde(rename = "eventName")]
    event_name: &'a str,
    #[serde(rename = "eventVersion")]
    event_version: &'a str,
    #[serde(rename = "eventSource")]
    event_source: &'a str,
    #[serde(rename = "awsRegion")]
    aws_region: &'a str,
    dynamodb: StreamRecord<'a>,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    #[serde(rename = "userIdentity", skip_serializing_if = "Option::is_none")]
    user_identity: Option<UserIdentity>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamRecord<'a> {
    approximate_creation_date_time: i64,
    keys: Image<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_image: Option<Image<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_image: Option<Image<'a>>,
    sequence_number: &'a str,
    size_bytes: usize,
    stream_view_type: &'a str,
}

#[derive(Serialize)]
struct UserIdentity {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "principalId")]
    principal_id: &'static str,
}
