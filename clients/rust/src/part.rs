//! One half of a stamp, a count or a time, as DynamoDB stores it: a number in text.

use aws_sdk_dynamodb::types::AttributeValue;

/// The largest time or count that a stamp may hold: the end of the year 9999 in microseconds.
pub(crate) const MAX_PART: u64 = 253_402_300_799_999_999;

/// A count or time from an attribute; `None` for what is no integer in the range of a stamp.
///
/// DynamoDB gives numbers back in one form, but a caller may write `+12`, `12.0` or `1.2E1` into the item that it puts.
pub(crate) fn read_part(value: Option<&AttributeValue>) -> Option<u64> {
    let AttributeValue::N(text) = value? else {
        return None;
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text.as_str(), 0),
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
        return Some(0);
    }
    let dropped = significant.len() - digits.len();
    let power = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(i64::try_from(dropped).ok()?)?;
    // A power below 0 leaves a fraction, and 18 digits are the most that fit.
    let power = u32::try_from(power).ok().filter(|power| *power < 18)?;
    if negative || digits.len() > 18 {
        return None;
    }
    let value = digits.parse::<u64>().ok()?.checked_mul(10_u64.pow(power))?;
    (value <= MAX_PART).then_some(value)
}

/// The attribute for a count or time.
pub(crate) fn number(part: u64) -> AttributeValue {
    AttributeValue::N(part.to_string())
}
