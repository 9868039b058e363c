//! An item's key on the command line.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::ItemKey as HashKey;
use serde_dynamo::AttributeValue;

/// How a key is given, for messages.
const FORMS: &str =
    "give NAME=VALUE (NAME:N=VALUE for a number, NAME:B=BASE64 for binary) or DynamoDB JSON";

/// What one `--key` says.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPart {
    /// The whole key, as DynamoDB JSON.
    Whole(BTreeMap<String, AttributeValue>),
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
    /// A message that names the forms.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('{') {
            let key: BTreeMap<String, AttributeValue> =
                serde_json::from_str(text).map_err(|error| {
                    format!(
                        "no DynamoDB JSON at column {}, expected {{\"PK\":{{\"S\":\"USER#1\"}}}}",
                        error.column()
                    )
                })?;
            let scalar = |value: &AttributeValue| {
                use AttributeValue::{B, N, S};
                matches!(value, S(_) | N(_) | B(_))
            };
            if key.is_empty() || key.len() > 2 || !key.values().all(scalar) {
                return Err("a key is one or two attributes of type S, N or B".to_owned());
            }
            return Ok(Self::Whole(key));
        }
        if text.starts_with("sha256:") && !text.contains('=') {
            return Ok(Self::Digest(text.to_owned()));
        }
        let (name, value) = text.split_once('=').ok_or(FORMS)?;
        let (name, value) = if let Some(name) = name.strip_suffix(":N") {
            (name, AttributeValue::N(value.to_owned()))
        } else if let Some(name) = name.strip_suffix(":B") {
            let bytes = STANDARD
                .decode(value)
                .map_err(|_| format!("the value of {name} is no base64"))?;
            (name, AttributeValue::B(bytes))
        } else {
            let name = name.strip_suffix(":S").unwrap_or(name);
            (name, AttributeValue::S(value.to_owned()))
        };
        if name.is_empty() {
            return Err(FORMS.to_owned());
        }
        Ok(Self::Attribute(name.to_owned(), value))
    }
}

/// The ledger's hash key of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemKey(pub String);

impl ItemKey {
    /// Puts the parts together; none where none are given.
    ///
    /// # Errors
    ///
    /// A message if they do not make one key.
    pub fn of(parts: &[KeyPart]) -> Result<Option<Self>, String> {
        match parts {
            [] => return Ok(None),
            [KeyPart::Whole(key)] => return Ok(Some(Self(HashKey::from_key(key).to_string()))),
            [KeyPart::Digest(digest)] => return Ok(Some(Self(digest.clone()))),
            _ => {}
        }
        let mut key = BTreeMap::new();
        for part in parts {
            let KeyPart::Attribute(name, value) = part else {
                return Err("--key with a whole key stands alone".to_owned());
            };
            if key.insert(name.clone(), value.clone()).is_some() {
                return Err(format!("--key names {name} twice"));
            }
        }
        if key.len() > 2 {
            return Err("a key has one or two attributes".to_owned());
        }
        Ok(Some(Self(HashKey::from_key(&key).to_string())))
    }

    /// The hash key of quarantined records.
    pub fn quarantine() -> Self {
        Self(HashKey::quarantine().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item_key(parts: &[&str]) -> Result<String, String> {
        let parts: Result<Vec<_>, _> = parts.iter().map(|part| KeyPart::parse(part)).collect();
        Ok(ItemKey::of(&parts?)?.expect("a key is given").0)
    }

    #[test]
    fn a_key_is_given_in_parts_or_as_dynamodb_json() {
        let sorted = r#"{"PK":{"S":"USER#1"},"SK":{"S":"A=B"}}"#;
        assert_eq!(item_key(&["SK=A=B", "PK=USER#1"]).unwrap(), sorted);
        let json = r#"{ "SK": {"S":"A=B"}, "PK": {"S":"USER#1"} }"#;
        assert_eq!(item_key(&[json]).unwrap(), sorted);
        assert_eq!(item_key(&["id:N=7"]).unwrap(), r#"{"id":{"N":"7"}}"#);
        assert_eq!(item_key(&["id:B=AQI="]).unwrap(), r#"{"id":{"B":"AQI="}}"#);
        assert_eq!(item_key(&["sha256:ab"]).unwrap(), "sha256:ab");
        assert_eq!(ItemKey::of(&[]), Ok(None));
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
            assert!(item_key(parts).is_err(), "{parts:?}");
        }
    }
}
