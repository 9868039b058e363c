//! Images compared as DynamoDB compares values.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_dynamo::AttributeValue;

use crate::number;
use crate::stamp_names::StampNames;

type Image = HashMap<String, AttributeValue>;

/// The names of the top-level attributes that one side lacks or whose values are unequal, sorted.
///
/// Stamps and the attributes of the key are left out.
pub fn differing_attributes<'a>(
    loser: &'a Image,
    winner: &'a Image,
    is_key: impl Fn(&str) -> bool,
    names: &StampNames,
) -> Vec<&'a str> {
    let only_winner = winner.keys().filter(|name| !loser.contains_key(*name));
    let mut differing: Vec<&str> = loser
        .iter()
        .filter(|(name, value)| {
            winner
                .get(*name)
                .is_none_or(|other| !values_equal(value, other))
        })
        .map(|(name, _)| name)
        .chain(only_winner)
        .map(String::as_str)
        .filter(|name| !is_key(name) && !names.contains(name))
        .collect();
    differing.sort_unstable();
    differing
}

/// Whether two values are equal to DynamoDB: numbers by value, sets without order, binary by bytes.
pub fn values_equal(left: &AttributeValue, right: &AttributeValue) -> bool {
    use AttributeValue::{B, Bool, Bs, L, M, N, Ns, Null, S, Ss};
    match (left, right) {
        (N(left), N(right)) => number::equal(left, right),
        (Ns(left), Ns(right)) => sets_equal(left, right, |a, b| number::order(a, b)),
        (Ss(left), Ss(right)) => sets_equal(left, right, Ord::cmp),
        (Bs(left), Bs(right)) => sets_equal(left, right, Ord::cmp),
        (L(left), L(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| values_equal(left, right))
        }
        (M(left), M(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| {
                    right
                        .get(name)
                        .is_some_and(|other| values_equal(value, other))
                })
        }
        (S(left), S(right)) => left == right,
        (B(left), B(right)) => left == right,
        (Bool(left), Bool(right)) | (Null(left), Null(right)) => left == right,
        (N(_) | S(_) | Bool(_) | B(_) | Null(_) | M(_) | L(_) | Ss(_) | Ns(_) | Bs(_), _) => false,
    }
}

fn sets_equal<T>(left: &[T], right: &[T], order: impl Fn(&T, &T) -> Ordering) -> bool {
    let sorted = |set: &'_ [T]| -> Vec<usize> {
        let mut at: Vec<usize> = (0..set.len()).collect();
        at.sort_by(|a, b| order(&set[*a], &set[*b]));
        at
    };
    left.len() == right.len()
        && sorted(left)
            .into_iter()
            .zip(sorted(right))
            .all(|(a, b)| order(&left[a], &right[b]).is_eq())
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::{B, Bool, Bs, L, M, N, Ns, Null, S, Ss};

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }

    fn image(attributes: &[(&str, AttributeValue)]) -> Image {
        attributes
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect()
    }

    #[test]
    fn values_compare_as_dynamodb_compares_them() {
        let equal = [
            (N("1".into()), N("1.0".into())),
            (Ns(texts(&["1", "2.50"])), Ns(texts(&["2.5", "1.0"]))),
            (Ss(texts(&["b", "a"])), Ss(texts(&["a", "b"]))),
            (S("1.0".into()), S("1.0".into())),
            (B(vec![1]), B(vec![1])),
            (Bool(false), Bool(false)),
            (Null(true), Null(true)),
            (Bs(vec![vec![2], vec![1]]), Bs(vec![vec![1], vec![2]])),
            (L(vec![N("1".into())]), L(vec![N("1.00".into())])),
            (
                M(image(&[("deep", L(vec![N("10".into())]))])),
                M(image(&[("deep", L(vec![N("1E1".into())]))])),
            ),
        ];
        for (left, right) in &equal {
            assert!(values_equal(left, right), "{left:?} = {right:?}");
        }
    }

    #[test]
    fn unlike_values_differ() {
        let unlike = [
            (N("1".into()), S("1".into())),
            (Ss(texts(&["1"])), Ns(texts(&["1"]))),
            (
                L(vec![N("1".into()), N("2".into())]),
                L(vec![N("2".into()), N("1".into())]),
            ),
            (S("1".into()), S("1.0".into())),
            (Bool(true), Bool(false)),
            (Null(true), Bool(true)),
            (B(vec![1]), B(vec![1, 0])),
            (
                M(image(&[("a", Null(true))])),
                M(image(&[("b", Null(true))])),
            ),
            (Ss(texts(&["a", "a"])), Ss(texts(&["a", "b"]))),
        ];
        for (left, right) in &unlike {
            assert!(!values_equal(left, right), "{left:?} != {right:?}");
            assert!(!values_equal(right, left), "{right:?} != {left:?}");
        }
    }

    #[test]
    fn keys_and_stamps_are_left_out_of_the_difference() {
        let loser = image(&[
            ("PK", S("USER#1".into())),
            ("lw:n:us-east-1", N("2".into())),
            ("lw:deleted", Bool(true)),
            ("name", S("Ada".into())),
            ("age", N("36".into())),
            ("old", Null(true)),
        ]);
        let winner = image(&[
            ("PK", S("USER#2".into())),
            ("lw:n:us-east-1", N("1".into())),
            ("name", S("Grace".into())),
            ("age", N("36.0".into())),
            ("fresh", Null(true)),
        ]);
        let differing =
            differing_attributes(&loser, &winner, |name| name == "PK", &StampNames::default());
        assert_eq!(differing, ["fresh", "name", "old"]);
    }
}
