//! Images in full, for what goes to the ledger.

use std::collections::{BTreeMap, HashMap};

use serde::de::{DeserializeSeed, Deserializer};

use super::super::{Decoded, Image};

/// Decodes the key and the images in full.
pub(in crate::record) struct DecodedSeed;

impl<'de> DeserializeSeed<'de> for DecodedSeed {
    type Value = Decoded;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        #[derive(serde::Deserialize)]
        struct Record {
            dynamodb: StreamRecord,
        }

        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct StreamRecord {
            keys: BTreeMap<String, serde_dynamo::AttributeValue>,
            #[serde(default)]
            old_image: Option<Image>,
            #[serde(default)]
            new_image: Option<Image>,
        }

        let Record { dynamodb } = serde::Deserialize::deserialize(json)?;
        Ok(Decoded {
            key: dynamodb.keys,
            old: dynamodb.old_image.unwrap_or_else(HashMap::new),
            new: dynamodb.new_image.unwrap_or_else(HashMap::new),
        })
    }
}
