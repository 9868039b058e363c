//! Which stream records are of, where they do not say so themselves.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::value::{RawValue, to_raw_value};

/// The stream that records are taken to be of.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Stream {
    /// Take the records as those of this table: for records that name none, as `aws dynamodbstreams get-records` gives them
    #[arg(long, value_name = "NAME", value_parser = parse_table)]
    pub table: Option<String>,
    /// Take the records as those of this Region's stream: for records that name none, or one that AWS does not have, as
    /// DynamoDB Local's do
    #[arg(long, value_name = "REGION", value_parser = parse_region)]
    pub region: Option<String>,
}

/// Something that a record does not say and that was not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The table.
    #[error("record {0} names no table: give --table NAME")]
    Table(usize),
    /// The Region.
    #[error("record {0} names no Region: give --region REGION, the one whose stream it is of")]
    Region(usize),
}

type Members = BTreeMap<String, Box<RawValue>>;

impl Stream {
    /// Whether it says anything.
    pub(super) fn is_given(&self) -> bool {
        self.table.is_some() || self.region.is_some()
    }

    /// A Lambda event of these records, each with its Region and its stream.
    ///
    /// `complete`: each has to have both in the end. What is no object stays as it is.
    pub(super) fn event(
        &self,
        records: &[Box<RawValue>],
        complete: bool,
    ) -> Result<Vec<u8>, Missing> {
        let mut event = String::from("{\"Records\":[");
        for (at, record) in records.iter().enumerate() {
            if at > 0 {
                event.push(',');
            }
            match serde_json::from_str::<Members>(record.get()) {
                Ok(members) => event.push_str(self.record(at, members, complete)?.get()),
                Err(_) => event.push_str(record.get()),
            }
        }
        event.push_str("]}");
        Ok(event.into_bytes())
    }

    /// The same records, each with its Region and its stream. The table is for records that name none.
    pub(super) fn records(
        &self,
        records: Vec<Box<RawValue>>,
        complete: bool,
    ) -> Result<Vec<Box<RawValue>>, Missing> {
        let of_named_table = Self {
            table: None,
            region: self.region.clone(),
        };
        let records = records.into_iter().enumerate();
        let told = |(at, record): (usize, Box<RawValue>)| {
            let Ok(members) = serde_json::from_str::<Members>(record.get()) else {
                return Ok(record);
            };
            match members.contains_key("eventSourceARN") {
                true => of_named_table.record(at, members, complete),
                false => self.record(at, members, complete),
            }
        };
        records.map(told).collect()
    }

    fn record(
        &self,
        at: usize,
        mut members: Members,
        complete: bool,
    ) -> Result<Box<RawValue>, Missing> {
        if let Some(region) = &self.region {
            members.insert("awsRegion".to_owned(), raw(region));
        }
        let region = members
            .get("awsRegion")
            .and_then(|region| serde_json::from_str::<String>(region.get()).ok());
        if let (Some(table), Some(region)) = (&self.table, &region) {
            let arn = format!(
                "arn:aws:dynamodb:{region}:000000000000:table/{table}/stream/1970-01-01T00:00:00.000"
            );
            members.insert("eventSourceARN".to_owned(), raw(&arn));
        }
        if complete {
            if region.is_none() {
                return Err(Missing::Region(at));
            }
            if !members.contains_key("eventSourceARN") {
                return Err(Missing::Table(at));
            }
        }
        if let Some(change) = members.get_mut("dynamodb") {
            number_creation_time(change);
        }
        Ok(raw(&members))
    }
}

/// The AWS CLI writes a time as text, where the event has seconds.
fn number_creation_time(change: &mut Box<RawValue>) {
    const NAME: &str = "ApproximateCreationDateTime";
    let Ok(mut members) = serde_json::from_str::<Members>(change.get()) else {
        return;
    };
    let text = members
        .get(NAME)
        .and_then(|time| serde_json::from_str::<String>(time.get()).ok());
    if let Some(time) = text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok()) {
        members.insert(NAME.to_owned(), raw(&time.timestamp()));
        *change = raw(&members);
    }
}

/// Plain text, numbers, and maps of raw JSON can always be written as JSON.
fn raw<T: serde::Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_default()
}

/// What an option says of a stream that no stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NotOfAStream {
    #[error(
        "it is not a Region's name: words of lowercase letters and a number, joined by hyphens, as in us-east-1"
    )]
    Region,
    #[error("it is not the name of a table: 3 to 255 of a-z, A-Z, 0-9, `_`, `-` and `.`")]
    Table,
}

fn parse_region(text: &str) -> Result<String, NotOfAStream> {
    match conflict::is_region_name(text) {
        true => Ok(text.to_owned()),
        false => Err(NotOfAStream::Region),
    }
}

/// Amazon DynamoDB Developer Guide, "Supported data types and naming rules": 3 to 255 of these characters.
fn parse_table(text: &str) -> Result<String, NotOfAStream> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    match (3..=255).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err(NotOfAStream::Table),
    }
}
