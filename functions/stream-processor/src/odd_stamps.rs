//! Stamps that their writer cannot have meant: which attributes of a record, and what is wrong with each.

use std::collections::BTreeMap;

use conflict::{StampAttribute, StampFault, StampNames, integer};
use serde_json::value::RawValue;

use crate::record::{Record, number_text, stamp_texts};

/// The stamp attributes that a record's new image brought and that have a fault, by name, at `now` in epoch seconds.
///
/// `raw` is the record's text, of which the stamps alone are read. DynamoDB writes both images of a record in one form, so
/// an attribute whose text is the same in both is an older version's.
pub(crate) fn odd_stamps(
    record: &Record<'_>,
    raw: &RawValue,
    names: &StampNames,
    now: u64,
) -> BTreeMap<String, StampFault> {
    let created_at = record.created_at.unwrap_or(now);
    let Some((old, new)) = stamp_texts(raw, names) else {
        return BTreeMap::new();
    };
    let brought = new
        .iter()
        .filter(|(name, text)| old.get(*name).is_none_or(|old| old.get() != text.get()));
    let faults = brought.filter_map(|(name, text)| {
        let number = number_text(text).as_deref().and_then(integer);
        let fault = match (names.parse(name.as_ref())?, number) {
            (StampAttribute::Deleted, _) => None,
            (StampAttribute::Count(_), Some(_)) => None,
            (StampAttribute::Time(_) | StampAttribute::Reset, Some(time)) => {
                StampFault::of_time(time, created_at)
            }
            (_, None) => Some(StampFault::NotAnInteger),
        };
        Some((name.clone().into_owned(), fault?))
    });
    faults.collect()
}

/// What an entry says of faults, for the person who looks for the writer.
pub(crate) fn describe(faults: &BTreeMap<String, StampFault>) -> String {
    let each = faults.iter().map(|(name, fault)| {
        let what = match fault {
            StampFault::NotAnInteger => {
                "is no integer from 0 to 253402300799999999 of type N, as stamps are"
            }
            StampFault::Seconds => "is in seconds, and stamps are in microseconds",
            StampFault::Milliseconds => "is in milliseconds, and stamps are in microseconds",
            StampFault::Future => {
                "lies more than 15 minutes ahead of the record: the writer's clock or unit is wrong"
            }
        };
        format!("{name} {what}")
    });
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;
    use crate::record::Attributes;

    fn described(old: serde_json::Value, new: serde_json::Value) -> String {
        let raw = to_raw_value(&json!({
            "eventName": "MODIFY",
            "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x",
            "dynamodb": {"Keys": {"PK": {"S": "1"}}, "SequenceNumber": "1", "OldImage": old, "NewImage": new,
                "ApproximateCreationDateTime": 1_795_600_010},
        }))
        .unwrap();
        let record = Record::read(&raw, &Attributes::default()).unwrap();
        let faults = odd_stamps(&record, &raw, &StampNames::default(), 0);
        assert_eq!(record.may_have_odd_stamp(0), !faults.is_empty());
        describe(&faults)
    }

    #[test]
    fn each_attribute_is_named_with_what_is_wrong() {
        let text = described(
            json!({}),
            json!({
                "lw:t:us-east-1": {"N": "1795600000"},
                "lw:t:eu-west-1": {"N": "1795600000400"},
                "lw:t:sa-east-1": {"N": "1795700000000000"},
                "lw:n:us-east-1": {"S": "1"},
                "lw:n:eu-west-1": {"VEC": [1]},
                "lw:deleted": {"BOOL": true},
            }),
        );
        let expected = "lw:n:eu-west-1 is no integer from 0 to 253402300799999999 of type N, as stamps are; \
            lw:n:us-east-1 is no integer from 0 to 253402300799999999 of type N, as stamps are; \
            lw:t:eu-west-1 is in milliseconds, and stamps are in microseconds; \
            lw:t:sa-east-1 lies more than 15 minutes ahead of the record: the writer's clock or unit is wrong; \
            lw:t:us-east-1 is in seconds, and stamps are in microseconds";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_an_older_version_had_is_not_this_writers() {
        let odd = json!({"N": "1795600000400"});
        let raw = json!({"lw:t:eu-west-1": odd, "lw:n:us-east-1": {"N": "1"}});
        let faults = |old, new| {
            let raw = to_raw_value(&json!({
                "eventName": "MODIFY", "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x",
                "dynamodb": {"Keys": {}, "SequenceNumber": "1", "OldImage": old, "NewImage": new},
            }))
            .unwrap();
            let record = Record::read(&raw, &Attributes::default()).unwrap();
            odd_stamps(&record, &raw, &StampNames::default(), 1_795_600_010).len()
        };
        assert_eq!(faults(json!({"lw:t:eu-west-1": odd}), raw.clone()), 0);
        assert_eq!(faults(json!({}), raw), 1);
    }

    #[test]
    fn good_stamps_have_no_fault() {
        let new = json!({"lw:t:us-east-1": {"N": "1795600000400000"}, "lw:n:us-east-1": {"N": "7"}, "x": {"S": "lw"}});
        assert_eq!(described(json!({}), new), "");
    }
}
