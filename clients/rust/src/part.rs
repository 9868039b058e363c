//! One half of a stamp, a count or a time, as DynamoDB stores it: a number in text.

use aws_sdk_dynamodb::types::AttributeValue;

/// The largest time or count that a stamp may hold: the end of the year 9999 in microseconds.
pub(crate) const MAX_PART: u64 = 253_402_300_799_999_999;

/// A number in one form, so that equal numbers are equal values. Zero has no digits, no sign and no exponent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    /// Without zeros at either end.
    pub(crate) digits: String,
    pub(crate) exponent: i64,
}

impl Decimal {
    /// Reads a number in any form that DynamoDB takes.
    ///
    /// DynamoDB gives numbers back in one form, but a caller may write `+12`, `12.0` or `1.2E1` into what it sends.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = all.trim_start_matches('0');
        let digits = significant.trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let dropped = significant.len() - digits.len();
        let exponent = exponent
            .checked_sub(i64::try_from(fraction.len()).ok()?)?
            .checked_add(i64::try_from(dropped).ok()?)?;
        Some(Self {
            negative,
            digits: digits.to_owned(),
            exponent,
        })
    }
}

/// A count or time from a number's text; `None` for what is no integer in the range of a stamp.
pub(crate) fn parse_part(text: &str) -> Option<u64> {
    // The form that DynamoDB gives, which is nearly always it.
    if text.len() < 18 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let number = Decimal::parse(text)?;
    if number.digits.is_empty() {
        return Some(0);
    }
    // A power below 0 leaves a fraction, and 18 digits are the most that fit.
    let power = u32::try_from(number.exponent)
        .ok()
        .filter(|power| *power < 18)?;
    if number.negative || number.digits.len() > 18 {
        return None;
    }
    let digits = number.digits.parse::<u64>().ok()?;
    let value = digits.checked_mul(10_u64.pow(power))?;
    (value <= MAX_PART).then_some(value)
}

/// A count or time from an attribute.
pub(crate) fn read_part(value: Option<&AttributeValue>) -> Option<u64> {
    match value? {
        AttributeValue::N(text) => parse_part(text),
        _ => None,
    }
}

/// The attribute for a count or time.
pub(crate) fn number(part: u64) -> AttributeValue {
    AttributeValue::N(part.to_string())
}
