//! A stream record as the SDK hands it out, made a sighting.

use std::collections::BTreeMap;

use aws_sdk_dynamodbstreams::types::{OperationType, Record};
use conflict::StampNames;
use join::{EventName, Image, MissingImage, Sighting, StreamRecord};

/// What a record gave.
#[derive(Debug)]
pub(super) enum Reading {
    /// A sighting, and the image that the record left as DynamoDB JSON, where it is wanted and there is one.
    Sighting(Box<Sighting>, Option<String>),
    /// The images that an audit needs are not there.
    NoImage,
    /// Something else that every record has is not there.
    Unreadable,
}

/// Reads a record of one Region's stream of a table.
pub(super) fn read(
    record: Record,
    (table, region): (&str, &str),
    stamps: &StampNames,
    with_image: bool,
) -> Reading {
    let by_time_to_live = record.user_identity.as_ref().is_some_and(|identity| {
        identity.r#type() == Some("Service")
            && identity.principal_id() == Some("dynamodb.amazonaws.com")
    });
    let event_name = match record.event_name {
        Some(OperationType::Insert) => EventName::Insert,
        Some(OperationType::Modify) => EventName::Modify,
        Some(OperationType::Remove) => EventName::Remove,
        _ => return Reading::Unreadable,
    };
    let Some(change) = record.dynamodb else {
        return Reading::Unreadable;
    };
    let (Some(keys), Some(sequence_number), Some(created)) = (
        change.keys,
        change.sequence_number,
        change.approximate_creation_date_time,
    ) else {
        return Reading::Unreadable;
    };
    let image = |image: std::collections::HashMap<_, _>| -> Image {
        let attributes = image.into_iter();
        attributes
            .map(
                |(name, value): (String, aws_sdk_dynamodbstreams::types::AttributeValue)| {
                    (name, value.into())
                },
            )
            .collect()
    };
    let (keys, old, new) = (
        image(keys),
        change.old_image.map(image),
        change.new_image.map(image),
    );
    let sighting = Sighting::new(
        &StreamRecord {
            table,
            region,
            event_name,
            event_id: record.event_id.as_deref(),
            sequence_number: &sequence_number,
            second: u64::try_from(created.secs()).unwrap_or(0),
            keys: &keys,
            old: old.as_ref(),
            new: new.as_ref(),
            by_time_to_live,
        },
        stamps,
    );
    match sighting {
        Ok(sighting) => {
            let image = new.filter(|_| with_image);
            // Names sorted, as everywhere.
            let image = image.map(|image| image.into_iter().collect::<BTreeMap<_, _>>());
            let json = image.and_then(|image| serde_json::to_string(&image).ok());
            Reading::Sighting(Box::new(sighting), json)
        }
        Err(MissingImage) => Reading::NoImage,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodbstreams::primitives::DateTime;
    use aws_sdk_dynamodbstreams::types::{AttributeValue, Identity, StreamRecord as SdkChange};

    use super::*;

    fn change() -> SdkChange {
        SdkChange::builder()
            .keys("id", AttributeValue::S("7".to_owned()))
            .sequence_number("42")
            .approximate_creation_date_time(DateTime::from_secs(1_795_000_000))
            .old_image("id", AttributeValue::S("7".to_owned()))
            .new_image("id", AttributeValue::S("7".to_owned()))
            .new_image("n", AttributeValue::N("1".to_owned()))
            .build()
    }

    fn reading(event_name: OperationType, change: SdkChange) -> Reading {
        let record = Record::builder()
            .event_id("e")
            .event_name(event_name)
            .dynamodb(change)
            .user_identity(
                Identity::builder()
                    .principal_id("dynamodb.amazonaws.com")
                    .r#type("Service")
                    .build(),
            );
        read(
            record.build(),
            ("orders", "us-east-1"),
            &StampNames::default(),
            true,
        )
    }

    #[test]
    fn a_record_gives_its_sighting_and_the_image_that_it_left() {
        let Reading::Sighting(sighting, image) = reading(OperationType::Modify, change()) else {
            panic!("no sighting");
        };
        assert_eq!(image.as_deref(), Some(r#"{"id":{"S":"7"},"n":{"N":"1"}}"#));
        assert_eq!(
            (&*sighting.table, &*sighting.region, sighting.second),
            ("orders", "us-east-1", 1_795_000_000)
        );
        assert_eq!(sighting.key, r#"{"id":{"S":"7"}}"#);
        assert_eq!(sighting.sequence_number, "42");
        let names: Vec<&str> = sighting.changes.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["n"]);
    }

    #[test]
    fn a_delete_by_time_to_live_leaves_no_image() {
        let Reading::Sighting(sighting, image) = reading(OperationType::Remove, change()) else {
            panic!("no sighting");
        };
        assert!(sighting.by_time_to_live && sighting.new.is_none());
        // A REMOVE has no NewImage; where an emulator gives one, the sighting says that it was removed.
        assert!(image.is_some());
    }

    #[test]
    fn what_lacks_an_image_is_told_from_what_is_no_record() {
        let mut without_images = change();
        (without_images.old_image, without_images.new_image) = (None, None);
        assert!(matches!(
            reading(OperationType::Modify, without_images),
            Reading::NoImage
        ));
        let mut without_number = change();
        without_number.sequence_number = None;
        assert!(matches!(
            reading(OperationType::Modify, without_number),
            Reading::Unreadable
        ));
        assert!(matches!(
            reading("RENAME".into(), change()),
            Reading::Unreadable
        ));
    }
}
