//! Words of shell commands that are shown to be copied: what comes from an item stays one word, and what could steer a terminal or
//! turn the direction of writing is shown as an escape.

use std::fmt::Write as _;

use ledger::ItemKey;

use crate::terminal::{printable, steers};

/// A word, quoted where a shell would take a part of it for something else.
pub(super) fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:#@%+=,".contains(&byte);
    match !text.is_empty() && !text.starts_with('#') && text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!(
            "'{}'",
            printable(text)
                .replace('\n', "\\u{a}")
                .replace('\'', r"'\''")
        ),
    }
}

/// An item key as one word. It is JSON, in which an escape is the same key.
pub(super) fn key(key: &ItemKey) -> String {
    let mut escaped = String::new();
    for character in key.as_str().chars() {
        if steers(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    word(&escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_one_word_and_the_same_key() {
        let shown = |text: &str| key(&ItemKey::from(text.to_owned()));
        assert_eq!(
            shown(r#"{"PK":{"S":"O'Hara $(x)"}}"#),
            r#"'{"PK":{"S":"O'\''Hara $(x)"}}'"#
        );
        assert_eq!(
            shown("{\"PK\":{\"S\":\"a\u{202e}b\"}}"),
            r#"'{"PK":{"S":"a\u202eb"}}'"#
        );
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let id = "2026-11-22T12:13:07.051000Z#c38300004b26640c";
        assert_eq!(word(id), id);
        assert_eq!(word("http://127.0.0.1:8000"), "http://127.0.0.1:8000");
        for (text, shown) in [
            ("a;b", "'a;b'"),
            ("", "''"),
            ("#a", "'#a'"),
            ("a\nb", r"'a\u{a}b'"),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(word(text), shown);
        }
    }
}
