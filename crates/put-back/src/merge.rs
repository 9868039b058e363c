//! Rules that make a value of two: sets and numbers.

use std::str::FromStr;

use bigdecimal::BigDecimal;
use conflict::values_equal;
use serde_dynamo::AttributeValue;

/// The most significant digits of a number. Source: Amazon DynamoDB Developer Guide, "Data types".
const MAX_DIGITS: u64 = 38;

/// Why a rule does not fit the values.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Misfit {
    /// A union or intersection of what is no set.
    #[error("union and intersection need sets of one type on both sides")]
    NotSets,
    /// A maximum or minimum of what has no order.
    #[error("max and min need two numbers or two texts")]
    NoOrder,
    /// A sum of what is no number.
    #[error("sum needs numbers")]
    NotNumbers,
    /// The entry does not know the number before the lost writes.
    #[error("sum needs the number before the lost write, which this entry does not have")]
    NoAncestor,
    /// The sum has more digits than a number of DynamoDB holds.
    #[error("the sum has more than 38 digits")]
    TooLong,
    /// The winner's value is not in the ledger.
    #[error("the winner's value is not in the ledger")]
    WinnerUnknown,
}

type Value = Option<AttributeValue>;

/// What two sets hold together; an attribute that is absent is an empty set.
pub(crate) fn union(lost: &Value, now: &Value) -> Result<Value, Misfit> {
    let (Some(lost), Some(now)) = (lost, now) else {
        let one = lost.as_ref().or(now.as_ref());
        return match one {
            Some(value) if elements(value).is_none() => Err(Misfit::NotSets),
            _ => Ok(one.cloned()),
        };
    };
    let (mine, theirs) = same_sets(lost, now)?;
    let further = mine.into_iter().filter(|element| !holds(&theirs, element));
    let all: Vec<_> = theirs.iter().cloned().chain(further).collect();
    Ok(Some(set_like(now, &all)))
}

/// What two sets both hold. A set without an element is no value in DynamoDB: the attribute is absent.
pub(crate) fn intersection(lost: &Value, now: &Value) -> Result<Value, Misfit> {
    let (Some(lost), Some(now)) = (lost, now) else {
        return match lost.as_ref().or(now.as_ref()) {
            Some(value) if elements(value).is_none() => Err(Misfit::NotSets),
            _ => Ok(None),
        };
    };
    let (mine, theirs) = same_sets(lost, now)?;
    let both: Vec<_> = theirs
        .into_iter()
        .filter(|element| holds(&mine, element))
        .collect();
    Ok((!both.is_empty()).then(|| set_like(now, &both)))
}

/// The larger of two values, or the smaller. An attribute that is absent takes no part.
pub(crate) fn extreme(lost: &Value, now: &Value, larger: bool) -> Result<Value, Misfit> {
    use AttributeValue::{N, S};
    let (Some(lost), Some(now)) = (lost, now) else {
        let one = lost.as_ref().or(now.as_ref());
        return match one {
            Some(N(_) | S(_)) | None => Ok(one.cloned()),
            Some(_) => Err(Misfit::NoOrder),
        };
    };
    let lost_is_larger = match (lost, now) {
        (N(lost), N(now)) => decimal(lost)? > decimal(now)?,
        // DynamoDB's own order of texts: by their bytes.
        (S(lost), S(now)) => lost.as_bytes() > now.as_bytes(),
        _ => return Err(Misfit::NoOrder),
    };
    let equal = values_equal(lost, now);
    let winner = if !equal && lost_is_larger == larger {
        lost
    } else {
        now
    };
    Ok(Some(winner.clone()))
}

/// The number as it is now, and what was added to it before it was lost. An attribute that is absent is 0, as for
/// DynamoDB's ADD.
///
/// `ancestor` is the number before the lost writes; the outer option says whether it is known.
pub(crate) fn sum(
    lost: &Value,
    now: &Value,
    ancestor: Option<Option<&str>>,
) -> Result<Value, Misfit> {
    let ancestor = ancestor.ok_or(Misfit::NoAncestor)?;
    let number = |value: &Value| match value {
        Some(AttributeValue::N(text)) => decimal(text),
        None => Ok(BigDecimal::from(0)),
        Some(_) => Err(Misfit::NotNumbers),
    };
    let before = ancestor.map_or_else(|| Ok(BigDecimal::from(0)), decimal)?;
    let sum = (number(now)? + number(lost)? - before).normalized();
    if sum.digits() > MAX_DIGITS {
        return Err(Misfit::TooLong);
    }
    Ok(Some(AttributeValue::N(sum.to_string())))
}

fn decimal(text: &str) -> Result<BigDecimal, Misfit> {
    /// Far beyond DynamoDB's own range, which ends at 126: a sum of what lies further apart would take much memory.
    const MAX_SCALE: i64 = 200;
    let number = BigDecimal::from_str(text).map_err(|_| Misfit::NotNumbers)?;
    let (_, scale) = number.as_bigint_and_exponent();
    match scale.abs() <= MAX_SCALE {
        true => Ok(number),
        false => Err(Misfit::NotNumbers),
    }
}

/// The elements of a set; none of what is no set.
fn elements(value: &AttributeValue) -> Option<Vec<AttributeValue>> {
    use AttributeValue::{B, Bs, N, Ns, S, Ss};
    match value {
        Ss(texts) => Some(texts.iter().cloned().map(S).collect()),
        Ns(numbers) => Some(numbers.iter().cloned().map(N).collect()),
        Bs(all) => Some(all.iter().cloned().map(B).collect()),
        _ => None,
    }
}

type Elements = Vec<AttributeValue>;

fn same_sets(lost: &AttributeValue, now: &AttributeValue) -> Result<(Elements, Elements), Misfit> {
    let same = std::mem::discriminant(lost) == std::mem::discriminant(now);
    let both = elements(lost).zip(elements(now)).filter(|_| same);
    both.ok_or(Misfit::NotSets)
}

fn holds(elements: &[AttributeValue], element: &AttributeValue) -> bool {
    elements.iter().any(|other| values_equal(other, element))
}

/// A set of the same type, of these elements.
fn set_like(set: &AttributeValue, elements: &[AttributeValue]) -> AttributeValue {
    use AttributeValue::{B, Bs, N, Ns, S, Ss};
    let texts = || {
        let text = |element: &AttributeValue| match element {
            S(text) | N(text) => Some(text.clone()),
            _ => None,
        };
        elements.iter().filter_map(text).collect()
    };
    match set {
        Ns(_) => Ns(texts()),
        Bs(_) => {
            let bytes = |element: &AttributeValue| match element {
                B(bytes) => Some(bytes.clone()),
                _ => None,
            };
            Bs(elements.iter().filter_map(bytes).collect())
        }
        _ => Ss(texts()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::{Bool, Bs, N, Ns, S, Ss};

    fn n(text: &str) -> Value {
        Some(N(text.into()))
    }

    fn s(text: &str) -> Value {
        Some(S(text.into()))
    }

    fn ss(texts: &[&str]) -> Value {
        Some(Ss(texts.iter().map(ToString::to_string).collect()))
    }

    fn equal(left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Some(left), Some(right)) => values_equal(left, right),
            (None, None) => true,
            _ => false,
        }
    }

    #[test]
    fn sets_are_joined_by_value() {
        let joined = union(&ss(&["a", "b"]), &ss(&["b", "c"])).unwrap();
        assert!(equal(&joined, &ss(&["a", "b", "c"])));
        let numbers = |texts: &[&str]| Some(Ns(texts.iter().map(ToString::to_string).collect()));
        let joined = union(&numbers(&["1.0", "2"]), &numbers(&["1", "3"])).unwrap();
        assert!(equal(&joined, &numbers(&["1", "2", "3"])));
        let bytes = |all: &[u8]| Some(Bs(all.iter().map(|byte| vec![*byte]).collect()));
        assert!(equal(
            &union(&bytes(&[1]), &bytes(&[2])).unwrap(),
            &bytes(&[1, 2])
        ));
        assert_eq!(union(&None, &ss(&["a"])).unwrap(), ss(&["a"]));
        assert_eq!(union(&ss(&["a"]), &None).unwrap(), ss(&["a"]));
        for (lost, now) in [
            (s("a"), ss(&["a"])),
            (numbers(&["1"]), ss(&["1"])),
            (None, s("a")),
        ] {
            assert_eq!(union(&lost, &now), Err(Misfit::NotSets));
            assert_eq!(intersection(&lost, &now), Err(Misfit::NotSets));
        }
    }

    #[test]
    fn what_both_sets_hold_stays_and_an_empty_set_is_absent() {
        let both = |a: &[&str], b: &[&str]| intersection(&ss(a), &ss(b)).unwrap();
        assert!(equal(&both(&["a", "b"], &["b", "c"]), &ss(&["b"])));
        assert_eq!(both(&["a"], &["c"]), None);
        assert_eq!(intersection(&None, &ss(&["a"])).unwrap(), None);
    }

    #[test]
    fn the_extreme_of_numbers_is_by_value_and_of_texts_by_bytes() {
        let max = |a: &Value, b: &Value| extreme(a, b, true).unwrap();
        let min = |a: &Value, b: &Value| extreme(a, b, false).unwrap();
        assert_eq!(max(&n("9"), &n("10")), n("10"));
        assert_eq!(min(&n("9"), &n("10")), n("9"));
        assert_eq!(max(&n("-1E2"), &n("-99.5")), n("-99.5"));
        assert_eq!(max(&s("2026-11-22"), &s("2026-11-21")), s("2026-11-22"));
        assert_eq!(min(&s("b"), &s("a")), s("a"));
        // Of equal values the one that is there stays: nothing is written for it.
        assert_eq!(max(&n("1.0"), &n("1")), n("1"));
        assert_eq!(min(&n("1.0"), &n("1")), n("1"));
        assert_eq!(max(&n("1"), &None), n("1"));
        assert_eq!(min(&None, &s("x")), s("x"));
        let truth = Some(Bool(true));
        assert_eq!(extreme(&truth, &n("1"), true), Err(Misfit::NoOrder));
        assert_eq!(extreme(&s("1"), &n("1"), true), Err(Misfit::NoOrder));
        assert_eq!(extreme(&truth, &None, true), Err(Misfit::NoOrder));
    }

    #[test]
    fn what_was_added_and_lost_is_added_again() {
        let added =
            |lost: &str, now: &str, before: &str| sum(&n(lost), &n(now), Some(Some(before)));
        assert_eq!(added("7", "8", "10").unwrap(), n("5"));
        assert_eq!(added("0.3", "0.1", "0.2").unwrap(), n("0.2"));
        assert_eq!(sum(&n("3"), &n("4"), Some(None)).unwrap(), n("7"));
        assert_eq!(sum(&n("3"), &None, Some(Some("1"))).unwrap(), n("2"));
        assert_eq!(sum(&n("3"), &n("4"), None), Err(Misfit::NoAncestor));
        assert_eq!(sum(&s("3"), &n("4"), Some(None)), Err(Misfit::NotNumbers));
        assert_eq!(added("1E126", "1", "0"), Err(Misfit::TooLong));
        assert_eq!(added("1E999999999", "1", "0"), Err(Misfit::NotNumbers));
        let large = "12345678901234567890123456789012345678";
        assert_eq!(added(large, "1", "1").unwrap(), n(large));
    }
}
