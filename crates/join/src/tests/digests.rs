//! Digests are of values, not of their spelling.

use std::collections::HashMap;

use conflict::{StampNames, values_equal};
use proptest::prelude::*;
use serde_dynamo::AttributeValue::{self, B, Bool, Bs, L, M, N, Ns, Null, S, Ss};

use crate::digest::value;
use crate::{EventName, Image, Sighting, StreamRecord};

fn values() -> impl Strategy<Value = AttributeValue> {
    let number = "(-?[0-9]{1,3}(\\.[0-9]{1,2})?(E-?[0-9])?)";
    let scalar = prop_oneof![
        "[a-c]{0,2}".prop_map(S),
        number.prop_map(N),
        prop::collection::vec(0u8..3, 0..3).prop_map(B),
        any::<bool>().prop_map(Bool),
        Just(Null(true)),
        prop::collection::vec("[a-c]{1,2}", 1..4).prop_map(Ss),
        prop::collection::vec(number, 1..4).prop_map(Ns),
        prop::collection::vec(prop::collection::vec(0u8..3, 0..2), 1..4).prop_map(Bs),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(L),
            prop::collection::hash_map("[a-c]", inner, 0..3).prop_map(M),
        ]
    })
}

/// The same value, spelled in another way.
fn respelled(value: &AttributeValue) -> AttributeValue {
    let number = |text: &String| match text.find(['E', '.']) {
        Some(_) => text.clone(),
        None => format!("{text}.0"),
    };
    match value {
        N(text) => N(number(text)),
        Ns(texts) => Ns(texts.iter().rev().map(number).collect()),
        Ss(texts) => Ss(texts.iter().rev().cloned().collect()),
        Bs(all) => Bs(all.iter().rev().cloned().collect()),
        L(values) => L(values.iter().map(respelled).collect()),
        M(members) => {
            let members: HashMap<_, _> = members
                .iter()
                .map(|(name, value)| (name.clone(), respelled(value)))
                .collect();
            M(members)
        }
        S(_) | B(_) | Bool(_) | Null(_) => value.clone(),
    }
}

/// A record as Lambda hands it out.
fn json(old: &Image, new: &Image) -> String {
    let image = |image| serde_json::to_string(image).expect("images serialise");
    format!(
        r#"{{"eventID": "7f", "eventName": "MODIFY", "awsRegion": "eu-west-1", "unknown": [1, {{}}],
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/x",
            "dynamodb": {{"Keys": {{"b": {{"N": "1"}}, "a": {{"S": "\u0041"}}}}, "SequenceNumber": "0012",
                "ApproximateCreationDateTime": 1795349588.5, "OldImage": {}, "NewImage": {}}}}}"#,
        image(old),
        image(new)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn equal_values_have_equal_digests(left in values(), right in values()) {
        prop_assert_eq!(value(&left), value(&respelled(&left)));
        prop_assert_eq!(value(&left) == value(&right), values_equal(&left, &right), "{:?} {:?}", left, right);
    }

    #[test]
    fn a_record_as_json_and_one_that_a_client_decoded_give_the_same_sighting(
        old in prop::collection::hash_map("[a-e]|lw:t:eu-west-1", values(), 0..5),
        new in prop::collection::hash_map("[a-e]|lw:t:eu-west-1", values(), 0..5),
    ) {
        let keys = Image::from([("a".to_owned(), S("A".to_owned())), ("b".to_owned(), N("1".to_owned()))]);
        let decoded = StreamRecord {
            table: "orders",
            region: "eu-west-1",
            event_name: EventName::Modify,
            event_id: Some("7f"),
            sequence_number: "0012",
            second: 1_795_349_588,
            keys: &keys,
            old: Some(&old),
            new: Some(&new),
            by_time_to_live: false,
        };
        let names = StampNames::default();
        let decoded = Sighting::new(&decoded, &names).unwrap();
        let read = Sighting::from_json(&json(&old, &new), &names).unwrap();
        prop_assert_eq!(&read, &decoded);
        prop_assert_eq!(&decoded.key, r#"{"a":{"S":"A"},"b":{"N":"1"}}"#);
        let text = serde_json::to_string(&decoded).unwrap();
        prop_assert_eq!(serde_json::from_str::<Sighting>(&text).unwrap(), decoded);
    }
}
