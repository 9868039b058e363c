//! An item's key on the command line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::{ItemKey, Key};
use serde_dynamo::AttributeValue;

/// A `--key` that is not one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It has none of the forms.
    #[error(
        "give NAME=VALUE (NAME:N=VALUE for a number, NAME:B=BASE64 for binary) or DynamoDB JSON"
    )]
    Form,
    /// It starts like DynamoDB JSON.
    #[error("no DynamoDB JSON at column {}, expected {{\"PK\":{{\"S\":\"USER#1\"}}}}", .0.column())]
    Json(#[source] serde_json::Error),
    /// It is DynamoDB JSON, and no key.
    #[error("a key is one or two attributes of type S, N or B")]
    NotAKey,
    /// A binary value is not base64.
    #[error("the value of {name} is no base64")]
    Base64 {
        /// The attribute.
        name: String,
        /// What is wrong.
        source: base64::DecodeError,
    },
    /// A whole key is given beside others.
    #[error("--key with a whole key stands alone")]
    NotAlone,
    /// Two values are given for one attribute.
    #[error("--key names {0} twice")]
    Twice(String),
    /// More attributes are given than a key has.
    #[error("a key has one or two attributes")]
    TooMany,
}

/// What one `--key` says.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPart {
    /// The whole key, as DynamoDB JSON.
    Whole(Key),
    /// The digest that stands for a long key in the ledger: `sha256:` and hex.
    Digest(String),
    /// One attribute of it.
    Attribute(String, AttributeValue),
}

impl KeyPart {
    /// Reads `{"PK":{"S":"USER#1"}}`, `PK=USER#1`, `id:N=7`, `id:B=AQI=` or `sha256:...`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] names the forms.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.starts_with('{') {
            let key: Key = serde_json::from_str(text).map_err(KeyError::Json)?;
            let scalar = |value: &AttributeValue| {
                use AttributeValue::{B, N, S};
                matches!(value, S(_) | N(_) | B(_))
            };
            if key.is_empty() || key.len() > 2 || !key.values().all(scalar) {
                return Err(KeyError::NotAKey);
            }
            return Ok(Self::Whole(key));
        }
        if text.starts_with("sha256:") && !text.contains('=') {
            return Ok(Self::Digest(text.to_owned()));
        }
        let (name, value) = text.split_once('=').ok_or(KeyError::Form)?;
        let (name, value) = if let Some(name) = name.strip_suffix(":N") {
            (name, AttributeValue::N(value.to_owned()))
        } else if let Some(name) = name.strip_suffix(":B") {
            let bytes = STANDARD.decode(value).map_err(|source| KeyError::Base64 {
                name: name.to_owned(),
                source,
            })?;
            (name, AttributeValue::B(bytes))
        } else {
            let name = name.strip_suffix(":S").unwrap_or(name);
            (name, AttributeValue::S(value.to_owned()))
        };
        if name.is_empty() {
            return Err(KeyError::Form);
        }
        Ok(Self::Attribute(name.to_owned(), value))
    }
}

/// Puts the parts of a key together; none where none are given.
///
/// # Errors
///
/// [`KeyError`] if they do not make one key.
pub fn item_key(parts: &[KeyPart]) -> Result<Option<ItemKey>, KeyError> {
    match parts {
        [] => return Ok(None),
        [KeyPart::Whole(key)] => return Ok(Some(ItemKey::from_key(key))),
        [KeyPart::Digest(digest)] => return Ok(Some(digest.clone().into())),
        _ => {}
    }
    let mut key = Key::new();
    for part in parts {
        let KeyPart::Attribute(name, value) = part else {
            return Err(KeyError::NotAlone);
        };
        if key.insert(name.clone(), value.clone()).is_some() {
            return Err(KeyError::Twice(name.clone()));
        }
    }
    if key.len() > 2 {
        return Err(KeyError::TooMany);
    }
    Ok(Some(ItemKey::from_key(&key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(parts: &[&str]) -> Result<String, KeyError> {
        let parts: Result<Vec<_>, _> = parts.iter().map(|part| KeyPart::parse(part)).collect();
        Ok(item_key(&parts?)?.expect("a key is given").to_string())
    }

    #[test]
    fn a_key_is_given_in_parts_or_as_dynamodb_json() {
        let sorted = r#"{"PK":{"S":"USER#1"},"SK":{"S":"A=B"}}"#;
        assert_eq!(key_of(&["SK=A=B", "PK=USER#1"]).unwrap(), sorted);
        let json = r#"{ "SK": {"S":"A=B"}, "PK": {"S":"USER#1"} }"#;
        assert_eq!(key_of(&[json]).unwrap(), sorted);
        assert_eq!(key_of(&["id:N=7"]).unwrap(), r#"{"id":{"N":"7"}}"#);
        assert_eq!(key_of(&["id:B=AQI="]).unwrap(), r#"{"id":{"B":"AQI="}}"#);
        assert_eq!(key_of(&["sha256:ab"]).unwrap(), "sha256:ab");
        assert!(matches!(item_key(&[]), Ok(None)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let wrong: [&[&str]; 9] = [
            &["USER#1"],
            &["=x"],
            &["{\"PK\":\"USER#1\"}"],
            &["{}"],
            &["{\"PK\":{\"BOOL\":true}}"],
            &["id:B=!"],
            &["a=1", "a=2"],
            &["a=1", "b=2", "c=3"],
            &["a=1", "{\"b\":{\"S\":\"2\"}}"],
        ];
        for parts in wrong {
            assert!(key_of(parts).is_err(), "{parts:?}");
        }
    }
}
