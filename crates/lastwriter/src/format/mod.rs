//! How numbers, times and attribute values look to people, the same in every table, page and message.

mod key;
mod value;

pub(crate) use key::{item_key, key};
pub(crate) use value::attribute_value;

/// A number with a comma for every three digits.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with at most one decimal.
pub(crate) fn decimal(value: f64) -> String {
    without_trailing_zeros(format!("{value:.1}"))
}

/// A time given in milliseconds, with three significant digits.
pub(crate) fn milliseconds(ms: f64) -> String {
    let seconds = ms / 1_000.0;
    let decimals = match seconds {
        _ if seconds < 0.9995 => return format!("{ms:.0} ms"),
        _ if seconds < 9.995 => 2,
        _ if seconds < 99.95 => 1,
        _ => return format!("{seconds:.0} s"),
    };
    without_trailing_zeros(format!("{seconds:.decimals$}")) + " s"
}

/// A time given in milliseconds, or a dash where there is none.
pub(crate) fn milliseconds_or_dash(ms: Option<f64>) -> String {
    ms.map_or_else(|| "-".to_owned(), milliseconds)
}

/// Takes a text with a decimal point.
fn without_trailing_zeros(text: String) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        let shown = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_decimal_that_says_nothing_is_left_out() {
        let shown = [0.0, 2.0, 2.04, 2.26, 100.0].map(decimal);
        assert_eq!(shown, ["0", "2", "2", "2.3", "100"]);
    }

    #[test]
    fn a_time_has_three_significant_digits_and_the_unit_that_fits() {
        for (ms, shown) in [
            (0.4, "0 ms"),
            (850.0, "850 ms"),
            (999.6, "1 s"),
            (1_360.0, "1.36 s"),
            (1_500.0, "1.5 s"),
            (9_996.0, "10 s"),
            (12_340.0, "12.3 s"),
            (100_000.0, "100 s"),
        ] {
            assert_eq!(milliseconds(ms), shown);
        }
        assert_eq!(milliseconds_or_dash(None), "-");
    }
}
