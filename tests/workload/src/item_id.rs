//! The workload's own items: users, orders, carts and one product.

use local_aws::global_table::{AttributeValue, ItemKey};

/// An item of the workload: the table has the string keys PK and SK.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The value of `PK`.
    pub pk: String,
    /// The value of `SK`.
    pub sk: String,
}

impl ItemId {
    /// An item from the values of its key.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    /// The item with this key; `None` where the key is not one of the workload's.
    pub fn from_key(key: &ItemKey) -> Option<Self> {
        let attributes = key.attributes();
        match (attributes.get("PK"), attributes.get("SK")) {
            (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Some(Self::new(pk, sk)),
            _ => None,
        }
    }
}
