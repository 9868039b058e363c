//! A stream record as JSON, read into a sighting without decoding its images.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use conflict::StampNames;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::digest::{self, Attribute, Attributes, Ordered, Scalar, Seed, Unordered};
use crate::sighting::{EventName, MissingImage, Parts, Sighting};

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The text is no stream record. The message names the place, and never the text itself.
    #[error("no DynamoDB stream record: {what} (line {line}, column {column})")]
    NotARecord {
        /// What is wrong.
        what: &'static str,
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
    },
    /// Something that the join needs is not there.
    #[error("no DynamoDB stream record: {0} is missing")]
    Missing(&'static str),
    /// The stream's view type leaves out images.
    #[error(transparent)]
    MissingImage(#[from] MissingImage),
}

impl Sighting {
    /// What the join has to know of a record in the form in which Lambda hands it out: one element of `Records`.
    ///
    /// Required are `eventName`, `awsRegion`, `eventSourceARN` and of `dynamodb` the members `Keys`, `SequenceNumber`,
    /// `ApproximateCreationDateTime` and the images that the event name needs. What is unknown is ignored.
    ///
    /// # Errors
    ///
    /// [`ReadError`], with the place in the text. It holds nothing of the item.
    pub fn from_json(text: &str, names: &StampNames) -> Result<Self, ReadError> {
        let record: Record<'_> = serde_json::from_str(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Eof => "its JSON ends too early",
                serde_json::error::Category::Data => "a member is not of the type it should be",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                    "it is no JSON"
                }
            };
            ReadError::NotARecord {
                what,
                line: error.line(),
                column: error.column(),
            }
        })?;
        let missing = ReadError::Missing;
        let change = record.dynamodb.ok_or(missing("dynamodb"))?;
        let keys = change.keys.ok_or(missing("dynamodb.Keys"))?;
        let arn = record.arn.ok_or(missing("eventSourceARN"))?;
        let table = table_of(&arn.0).ok_or(missing("the table in eventSourceARN"))?;
        let second = change
            .second
            .ok_or(missing("dynamodb.ApproximateCreationDateTime"))?;
        let parts = Parts {
            table: table.to_owned(),
            region: record.region.ok_or(missing("awsRegion"))?.0.into_owned(),
            key: keys.text(),
            is_key: |name: &str| keys.0.contains_key(name),
            event_name: record.event_name.ok_or(missing("eventName"))?,
            event_id: record.event_id.map(|id| id.0.into_owned()),
            sequence_number: change
                .sequence_number
                .ok_or(missing("dynamodb.SequenceNumber"))?
                .0
                .into_owned(),
            // Some emulators give fractions of a second.
            second: second.max(0.0) as u64,
            old: change.old.map(|image| image.0),
            new: change.new.map(|image| image.0),
            by_time_to_live: record.identity.is_some_and(|identity| identity.is_ttl()),
        };
        Ok(Self::of_parts(parts, names)?)
    }
}

/// `arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000` names `orders`.
fn table_of(arn: &str) -> Option<&str> {
    let resource = arn.splitn(6, ':').nth(5)?;
    resource.strip_prefix("table/")?.split('/').next()
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: Option<Text<'a>>,
    #[serde(rename = "eventName")]
    event_name: Option<EventName>,
    #[serde(rename = "awsRegion", borrow)]
    region: Option<Text<'a>>,
    #[serde(rename = "eventSourceARN", borrow)]
    arn: Option<Text<'a>>,
    #[serde(borrow)]
    dynamodb: Option<Change<'a>>,
    #[serde(rename = "userIdentity", borrow)]
    identity: Option<Identity<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(rename = "ApproximateCreationDateTime")]
    second: Option<f64>,
    #[serde(rename = "Keys", borrow)]
    keys: Option<Keys<'a>>,
    #[serde(rename = "OldImage", borrow)]
    old: Option<Image<'a>>,
    #[serde(rename = "NewImage", borrow)]
    new: Option<Image<'a>>,
    #[serde(rename = "SequenceNumber", borrow)]
    sequence_number: Option<Text<'a>>,
}

/// Lambda spells the members in lower case, the API in upper case.
#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(rename = "principalId", alias = "PrincipalId", borrow)]
    principal: Option<Text<'a>>,
    #[serde(rename = "type", alias = "Type", borrow)]
    kind: Option<Text<'a>>,
}

impl Identity<'_> {
    fn is_ttl(&self) -> bool {
        let is =
            |text: &Option<Text<'_>>, wanted| text.as_ref().is_some_and(|text| text.0 == wanted);
        is(&self.kind, "Service") && is(&self.principal, "dynamodb.amazonaws.com")
    }
}

/// Text, borrowed where it holds no escape.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A key: names and values as they stand.
#[derive(Deserialize)]
struct Keys<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, BTreeMap<Cow<'a, str>, Cow<'a, str>>>);

impl Keys<'_> {
    fn text(&self) -> String {
        serde_json::to_string(&self.0).expect("a map of text serialises")
    }
}

/// An image, read into digests.
struct Image<'a>(Attributes<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Image<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ImageVisitor;
        impl<'de> Visitor<'de> for ImageVisitor {
            type Value = Image<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an image in DynamoDB JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Image<'de>, A::Error> {
                let mut attributes = Vec::with_capacity(16);
                while let Some((Text(name), value)) = map.next_entry::<_, Value<'de>>()? {
                    attributes.push(Attribute {
                        name,
                        digest: value.digest,
                        scalar: value.scalar,
                    });
                }
                Ok(Image(Attributes::new(attributes)))
            }
        }
        deserializer.deserialize_map(ImageVisitor)
    }
}

/// A value in DynamoDB JSON: its type and what it holds.
struct Value<'a> {
    digest: u64,
    scalar: Scalar<'a>,
}

impl Value<'_> {
    fn other(digest: u64) -> Self {
        Self {
            digest,
            scalar: Scalar::Other,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;
        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value in DynamoDB JSON, such as {\"S\": \"text\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
                let Some(Text(tag)) = map.next_key()? else {
                    return Err(de::Error::custom("a value has no type"));
                };
                let value = typed(&tag, &mut map)?;
                match map.next_key::<IgnoredAny>()? {
                    None => Ok(value),
                    Some(_) => Err(de::Error::custom("a value has two types")),
                }
            }
        }
        deserializer.deserialize_map(ValueVisitor)
    }
}

fn typed<'de, A: MapAccess<'de>>(tag: &str, map: &mut A) -> Result<Value<'de>, A::Error> {
    Ok(match tag {
        "S" => {
            let Text(text) = map.next_value()?;
            Value {
                digest: digest::bytes(Seed::Text, text.as_bytes()),
                scalar: Scalar::Text(text),
            }
        }
        "N" => {
            let Text(text) = map.next_value()?;
            Value {
                digest: digest::number(&text),
                scalar: Scalar::Number(text),
            }
        }
        "B" => Value::other(digest::base64(&map.next_value::<Text<'de>>()?.0)),
        "BOOL" => Value::other(digest::boolean(map.next_value()?)),
        "NULL" => {
            map.next_value::<bool>()?;
            Value::other(digest::null())
        }
        "L" => Value::other(map.next_value::<List>()?.0),
        "M" => Value::other(map.next_value::<Members>()?.0),
        "SS" => Value::other(set(map, Seed::TextSet, |text| {
            digest::bytes(Seed::Text, text.as_bytes())
        })?),
        "NS" => Value::other(set(map, Seed::NumberSet, digest::number)?),
        "BS" => Value::other(set(map, Seed::BinarySet, digest::base64)?),
        // A type that came after this was written: its JSON text counts, as it stands.
        _ => Value::other(digest::bytes(
            Seed::Unknown,
            map.next_value::<serde_json::Value>()?
                .to_string()
                .as_bytes(),
        )),
    })
}

fn set<'de, A: MapAccess<'de>>(
    map: &mut A,
    seed: Seed,
    digest: impl Fn(&str) -> u64,
) -> Result<u64, A::Error> {
    let mut set = Unordered::default();
    for Text(element) in map.next_value::<Vec<Text<'de>>>()? {
        set.add(digest(&element));
    }
    Ok(set.finish(seed))
}

/// The digest of a list's values.
struct List(u64);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values in DynamoDB JSON")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<List, A::Error> {
                let mut list = Ordered::default();
                while let Some(value) = values.next_element::<Value<'de>>()? {
                    list.add(value.digest);
                }
                Ok(List(list.finish()))
            }
        }
        deserializer.deserialize_seq(ListVisitor)
    }
}

/// The digest of a map's members.
struct Members(u64);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of values in DynamoDB JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
                let mut map = Unordered::default();
                while let Some((Text(name), value)) = members.next_entry::<_, Value<'de>>()? {
                    map.member(&name, value.digest);
                }
                Ok(Members(map.finish(Seed::Map)))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests;
