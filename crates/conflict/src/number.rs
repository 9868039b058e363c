//! DynamoDB numbers: decimal text, compared by value.

use std::cmp::Ordering;

/// A number in the one form that equal values share: no leading or trailing zeros.
///
/// The value is `digits` times ten to the power of `exponent`; zero has no digits. DynamoDB's numbers have up to 38
/// significant digits, so no machine type holds them.
/// They are in the order of their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads `-12.50`, `1E+3` and the like; none if the text is no number.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|digit| *digit == b'0')
            .collect();
        let significant = digits.len() - trailing_zeros(&digits);
        let dropped = digits.len() - significant;
        digits.truncate(significant);
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits,
                exponent: 0,
            });
        }
        Some(Self {
            negative,
            exponent: i64::from(exponent) - fraction.len() as i64 + dropped as i64,
            digits,
        })
    }

    /// The power of ten that the value is below: `digits` stand right behind the point.
    fn scale(&self) -> i64 {
        self.exponent.saturating_add(self.digits.len() as i64)
    }

    /// Whether the value is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The significant digits in ASCII; none for zero.
    pub fn digits(&self) -> &[u8] {
        &self.digits
    }

    /// The power of ten that the digits are multiplied by.
    pub fn exponent(&self) -> i64 {
        self.exponent
    }

    /// The value, if it is an integer that an `i64` holds.
    pub fn to_i64(&self) -> Option<i64> {
        let magnitude = self.magnitude()?;
        match self.negative {
            true => 0_i64.checked_sub_unsigned(magnitude),
            false => i64::try_from(magnitude).ok(),
        }
    }

    /// The value, if it is an integer from 0 to `u64::MAX`.
    pub(crate) fn to_u64(&self) -> Option<u64> {
        if self.negative {
            None
        } else {
            self.magnitude()
        }
    }

    /// The value without its sign, if it is an integer up to `u64::MAX`.
    fn magnitude(&self) -> Option<u64> {
        // No number starts with a zero, so one that is too large overflows after 20 digits, however many follow.
        let zeros = std::iter::repeat_n(&b'0', usize::try_from(self.exponent).ok()?);
        self.digits
            .iter()
            .chain(zeros)
            .try_fold(0u64, |value, digit| {
                value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
            })
    }
}

fn trailing_zeros(digits: &[u8]) -> usize {
    digits
        .iter()
        .rev()
        .take_while(|digit| **digit == b'0')
        .count()
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // What is larger is further from zero: below it, the other way round.
        let size = |number: &Self| (!number.digits.is_empty(), number.scale());
        let by_size = || {
            size(self)
                .cmp(&size(other))
                .then_with(|| self.digits.cmp(&other.digits))
        };
        match (self.negative, other.negative) {
            (false, false) => by_size(),
            (true, true) => by_size().reverse(),
            (left, right) => right.cmp(&left),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether two numbers have the same value. Text that is no number equals only itself.
pub(crate) fn equal(left: &str, right: &str) -> bool {
    left == right || order(left, right) == Ordering::Equal
}

/// An order in which equal values are neighbours, for comparing sets.
pub(crate) fn order(left: &str, right: &str) -> Ordering {
    match (Decimal::parse(left), Decimal::parse(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (None, None) => left.cmp(right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_in_the_order_of_their_values() {
        let sorted = [
            "-1E+30", "-10", "-9.5", "-9", "-0.01", "0", "0.001", "0.01", "0.5", "1", "9.5", "10",
            "10.5", "99", "100", "1E+30",
        ];
        let numbers = sorted.map(|text| Decimal::parse(text).unwrap());
        for pair in numbers.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        assert!(Decimal::parse("1.0") == Decimal::parse("10E-1"));
    }

    proptest! {
        #[test]
        fn integers_are_in_their_order(left in -1_000_000i64..1_000_000, right in -1_000_000i64..1_000_000) {
            let number = |value: i64| Decimal::parse(&value.to_string()).unwrap();
            prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
        }
    }

    #[test]
    fn a_number_is_its_sign_its_digits_and_a_power_of_ten() {
        for (text, negative, digits, exponent) in [
            ("-12.50", true, "125", -1),
            ("1E+3", false, "1", 3),
            ("120", false, "12", 1),
            ("-0.0", false, "", 0),
        ] {
            let number = Decimal::parse(text).unwrap();
            assert_eq!(
                (number.is_negative(), number.digits(), number.exponent()),
                (negative, digits.as_bytes(), exponent),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (left, right) in [
            ("1", "1.0"),
            ("0", "-0.00"),
            ("100", "1E2"),
            ("0.001", "1e-3"),
            ("+7", "007"),
            (
                "12345678901234567890123456789012345678",
                "1.2345678901234567890123456789012345678E37",
            ),
        ] {
            assert!(equal(left, right), "{left} = {right}");
        }
        for (left, right) in [
            ("1", "-1"),
            ("1", "10"),
            (
                "12345678901234567890123456789012345678",
                "12345678901234567890123456789012345679",
            ),
            ("one", "two"),
            ("1", "one"),
        ] {
            assert!(!equal(left, right), "{left} != {right}");
        }
    }

    #[test]
    fn text_that_is_no_number_has_no_value() {
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "0x1",
            "1e",
            "e5",
            "NaN",
            " 1",
            "1e99999999999",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_integer_keeps_its_sign_and_its_limits() {
        let read = |text: &str| Decimal::parse(text).and_then(|number| number.to_i64());
        for (text, value) in [
            ("-9223372036854775808", Some(i64::MIN)),
            ("-9223372036854775809", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-1.5E1", Some(-15)),
            ("1.5", None),
            ("-0", Some(0)),
        ] {
            assert_eq!(read(text), value, "{text}");
        }
    }

    #[test]
    fn a_huge_exponent_costs_nothing() {
        assert!(!equal("1E999999999", "1E999999998"));
        assert_eq!(Decimal::parse("1E999999999").unwrap().to_u64(), None);
    }

    proptest! {
        #[test]
        fn integers_keep_their_value(value: u64, zeros in 0usize..5) {
            let text = format!("{value}.{}", "0".repeat(zeros));
            prop_assert_eq!(Decimal::parse(&text).unwrap().to_u64(), Some(value));
        }

        #[test]
        fn the_order_is_total(texts in prop::collection::vec("(-?[0-9]{1,3}(\\.[0-9]{1,2})?(E-?[0-9])?|[a-z]{1,2})", 3)) {
            let [a, b, c] = [&texts[0], &texts[1], &texts[2]];
            prop_assert_eq!(order(a, b), order(b, a).reverse());
            if order(a, b).is_le() && order(b, c).is_le() {
                prop_assert!(order(a, c).is_le());
            }
        }
    }
}
