//! What comes from items, so that it can do nothing to the page: markup is escaped wherever it is put, what turns the
//! direction of writing is shown as an escape, and what is long is cut with the whole behind a fold.

use maud::{Markup, html};
use serde_dynamo::AttributeValue;

use crate::format::attribute_value;
use crate::terminal::printable;

/// How much of a value is shown unfolded, in characters.
const SHOWN: usize = 400;

/// How much of a name or key is shown in a list.
const SHOWN_IN_LIST: usize = 160;

/// A value, or that there is none.
pub(super) fn value(value: Option<&AttributeValue>) -> Markup {
    match value {
        Some(value) => text(&attribute_value(value)),
        None => html! { span.none { "none" } },
    }
}

/// A text of any length.
pub(super) fn text(whole: &str) -> Markup {
    let whole = printable(whole);
    match whole.char_indices().nth(SHOWN) {
        None => html! { bdi { (whole) } },
        Some((at, _)) => {
            let characters = whole.chars().count();
            html! {
                bdi { (whole[..at]) "…" }
                details.whole {
                    summary { "all " (crate::format::thousands(characters as u64)) " characters" }
                    bdi { (whole) }
                }
            }
        }
    }
}

/// A name or key in a list: cut where it is long.
pub(super) fn short(whole: &str) -> Markup {
    let whole = printable(whole);
    match whole.char_indices().nth(SHOWN_IN_LIST) {
        None => html! { bdi { (whole) } },
        Some((at, _)) => html! { bdi { (whole[..at]) "…" } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_marks_of_direction_are_shown_and_do_nothing() {
        let hostile = AttributeValue::S("</td><script>alert(1)</script>\u{202e}gnp".to_owned());
        let shown = value(Some(&hostile)).into_string();
        assert_eq!(
            shown,
            "<bdi>&quot;&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}gnp&quot;</bdi>"
        );
    }

    #[test]
    fn what_is_long_is_cut_and_all_there() {
        let long = "ü".repeat(1_000);
        let shown = text(&long).into_string();
        assert!(shown.contains(&format!("<bdi>{}…</bdi>", "ü".repeat(SHOWN))));
        assert!(
            shown.contains(&format!("<bdi>{long}</bdi>")) && shown.contains("all 1,000 characters")
        );
        assert_eq!(
            short(&long).into_string(),
            format!("<bdi>{}…</bdi>", "ü".repeat(SHOWN_IN_LIST))
        );
    }

    #[test]
    fn no_value_is_told_from_an_empty_one() {
        assert_eq!(
            value(None).into_string(),
            r#"<span class="none">none</span>"#
        );
        let empty = AttributeValue::S(String::new());
        assert_eq!(value(Some(&empty)).into_string(), "<bdi>&quot;&quot;</bdi>");
    }
}
