//! Stamps that their writer cannot have meant: which attributes of a record, and what is wrong with each.

use std::collections::BTreeMap;

use conflict::{StampAttribute, StampFault, StampNames, integer};
use serde_dynamo::AttributeValue;

use crate::record::{Decoded, Record};

/// The stamp attributes that a record's new image brought and that have a fault, by name, at `now` in epoch seconds.
pub(crate) fn odd_stamps(
    record: &Record<'_>,
    decoded: &Decoded,
    names: &StampNames,
    now: u64,
) -> BTreeMap<String, StampFault> {
    let created_at = record.created_at.unwrap_or(now);
    let (old, new) = (&decoded.old, &decoded.new);
    let unchanged = |name: &String| {
        old.attributes.get(name) == new.attributes.get(name)
            && old.undecoded.get(name) == new.undecoded.get(name)
    };
    let all = new.attributes.keys().chain(new.undecoded.keys());
    let faults = all.filter(|name| !unchanged(name)).filter_map(|name| {
        let number = match new.attributes.get(name) {
            Some(AttributeValue::N(text)) => integer(text),
            _ => None,
        };
        let fault = match (names.parse(name.as_str())?, number) {
            (StampAttribute::Deleted, _) => None,
            (StampAttribute::Count(_), Some(_)) => None,
            (StampAttribute::Time(_) | StampAttribute::Reset, Some(time)) => {
                StampFault::of_time(time, created_at)
            }
            (_, None) => Some(StampFault::NotAnInteger),
        };
        Some((name.clone(), fault?))
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
        let decoded = Decoded::read(&raw).unwrap();
        let faults = odd_stamps(&record, &decoded, &StampNames::default(), 0);
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
            let decoded = Decoded::read(&raw).unwrap();
            odd_stamps(&record, &decoded, &StampNames::default(), 1_795_600_010).len()
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
