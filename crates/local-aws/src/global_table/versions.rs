//! What a replica knows of its items beside the items themselves: each one's version, and when it expires.

use std::collections::{BTreeSet, HashMap};

use super::{ItemKey, PrivateTimestamp};

/// What is known of one item. A deleted item stays known, as a tombstone, so that an older put cannot bring it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VersionEntry {
    pub(super) version: PrivateTimestamp,
    expiry: Option<u64>,
}

/// The versions of one replica, in the replicator's own memory: none of it is in the items.
#[derive(Debug, Default)]
pub(super) struct Versions {
    items: HashMap<ItemKey, VersionEntry>,
    /// Items with a TTL, earliest first, so that a sweep touches no others.
    expiries: BTreeSet<(u64, ItemKey)>,
}

impl Versions {
    /// Whether a version that arrives is later than what is here.
    pub(super) fn is_later(&self, key: &ItemKey, version: PrivateTimestamp) -> bool {
        self.items
            .get(key)
            .is_none_or(|known| version > known.version)
    }

    /// Notes the version that is now here, and gives back the one that it replaced.
    pub(super) fn set(
        &mut self,
        key: &ItemKey,
        version: PrivateTimestamp,
        expiry: Option<u64>,
    ) -> Option<PrivateTimestamp> {
        let known = VersionEntry { version, expiry };
        let before = self.items.insert(key.clone(), known);
        if let Some(second) = before.and_then(|before| before.expiry) {
            self.expiries.remove(&(second, key.clone()));
        }
        if let Some(second) = expiry {
            self.expiries.insert((second, key.clone()));
        }
        before.map(|before| before.version)
    }

    /// The items that expired before `now` (seconds), leaving out those that DynamoDB no longer deletes: "a TTL value
    /// that's more than five years in the past" is ignored
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html>).
    pub(super) fn expired(&self, now: u64) -> Vec<ItemKey> {
        const FIVE_YEARS: u64 = 5 * 365 * 24 * 3600;
        self.expiries
            .range((now.saturating_sub(FIVE_YEARS), ItemKey::default())..(now, ItemKey::default()))
            .map(|(_, key)| key.clone())
            .collect()
    }

    /// Takes another expiry for an item whose table has another TTL attribute now.
    pub(super) fn set_expiry(&mut self, key: &ItemKey, expiry: Option<u64>) {
        if let Some(known) = self.items.get(key).copied() {
            self.set(key, known.version, expiry);
        }
    }

    /// Forgets the items of a table that is deleted.
    pub(super) fn forget_table(&mut self, table: &str) {
        self.items.retain(|key, _| key.table() != table);
        self.expiries.retain(|(_, key)| key.table() != table);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&ItemKey, &VersionEntry)> {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global_table::{AttributeValue, Region};

    fn key(pk: &str) -> ItemKey {
        let attributes = [("PK".to_owned(), AttributeValue::S(pk.to_owned()))];
        ItemKey::new("App", &attributes.into())
    }

    fn version(micros: u64) -> PrivateTimestamp {
        PrivateTimestamp {
            micros,
            counter: 0,
            region: Region::parse("us-east-1").unwrap(),
        }
    }

    #[test]
    fn only_a_later_version_is_later() {
        let mut versions = Versions::default();
        let key = key("a");
        assert!(versions.is_later(&key, version(1)));
        assert_eq!(versions.set(&key, version(5), None), None);
        assert!(!versions.is_later(&key, version(4)));
        assert!(!versions.is_later(&key, version(5)));
        assert!(versions.is_later(&key, version(6)));
    }

    #[test]
    fn an_item_expires_once_its_second_has_passed_and_not_after_five_years() {
        let mut versions = Versions::default();
        let [early, late, old] = ["early", "late", "old"].map(key);
        versions.set(&early, version(1), Some(1_000_000_000));
        versions.set(&late, version(2), Some(1_000_000_001));
        versions.set(&old, version(3), Some(1));
        assert_eq!(versions.expired(1_000_000_000), []);
        assert_eq!(
            versions.expired(1_000_000_001),
            std::slice::from_ref(&early)
        );
        assert_eq!(
            versions.expired(1_000_000_002),
            [early.clone(), late.clone()]
        );
        versions.set(&early, version(4), None);
        assert_eq!(versions.expired(1_000_000_002), [late]);
    }
}
