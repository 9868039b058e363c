//! What the ledger remembers of a jump: a tiny item beside the entries of the same item, in no index.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use conflict::{Landing, Stamp};
use serde_dynamo::AttributeValue;

use crate::id::digest;
use crate::schema::{CONFLICT_ID, EXPIRES_AT, ITEM_KEY};
use crate::{ConflictId, EntryKey, Image, ItemKey, time};

/// What the range key of a jump begins with. The range keys of entries begin with the year, so they all come before.
pub const JUMP_PREFIX: &str = "jump#";

/// The longest sequence number of a stream record.
/// Source: Amazon DynamoDB API Reference, "StreamRecord", `SequenceNumber`: 21 to 40 characters.
const MAX_DIGITS: usize = 40;

/// The landing's count; its name is that of a count among the stamps of an entry.
pub const JUMP_COUNT: &str = "n";
/// The landing's time in epoch microseconds.
pub const JUMP_TIME: &str = "t";

/// A record's place among the jumps of its item, in the order of one stream.
///
/// The range key is `jump#`, twelve digits of the SHA-256 of the stream's ARN, `#`, and the record's sequence number in 40
/// digits. The stream is named because one ledger may serve several tables, and a table that is made again has a new stream,
/// whose numbers are not to be compared with the old one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JumpPlace {
    item_key: ItemKey,
    stream: String,
    sequence_number: String,
}

impl JumpPlace {
    /// The place of a record; none if its sequence number is no number of at most 40 digits, and nothing can be said of what
    /// comes before it.
    pub fn new(
        key: &BTreeMap<String, AttributeValue>,
        stream_arn: &str,
        sequence_number: &str,
    ) -> Option<Self> {
        let is_number = !sequence_number.is_empty()
            && sequence_number.len() <= MAX_DIGITS
            && sequence_number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Self {
            item_key: ItemKey::from_key(key),
            stream: digest(&[stream_arn])[..12].to_owned(),
            sequence_number: format!("{sequence_number:0>MAX_DIGITS$}"),
        })
    }

    /// The hash key of the item's jumps and entries.
    pub fn item_key(&self) -> &ItemKey {
        &self.item_key
    }

    /// What the records of one item of one stream have in common.
    pub fn item(&self) -> (&ItemKey, &str) {
        (&self.item_key, &self.stream)
    }

    /// The first and the last range key that a jump before this record can have; none before the first record of all.
    pub fn range_before(&self) -> Option<(String, String)> {
        let before = decrement(&self.sequence_number)?;
        let first = format!("{JUMP_PREFIX}{}#", self.stream);
        let last = format!("{first}{before}");
        Some((first, last))
    }

    /// The item of a jump that landed here, which expires after so many days.
    pub fn to_item(&self, landing: Landing, now: DateTime<Utc>, retention_days: u32) -> Image {
        let id = format!("{JUMP_PREFIX}{}#{}", self.stream, self.sequence_number);
        let key = EntryKey {
            item_key: self.item_key.clone(),
            conflict_id: ConflictId::from(id),
        };
        let expires_at = time::seconds_after(now, retention_days).timestamp();
        let number = |number: String| AttributeValue::N(number);
        let part = |name: &str, part: Option<u64>| {
            part.map(|part| (name.to_owned(), number(part.to_string())))
        };
        let pair = landing.0.unwrap_or_default();
        let mut item = key.to_item();
        item.extend(part(JUMP_COUNT, pair.n));
        item.extend(part(JUMP_TIME, pair.t));
        item.insert(EXPIRES_AT.to_owned(), number(expires_at.to_string()));
        item
    }
}

/// Where a jump landed, as its item says it; none if the item is not a jump's.
pub fn landing(item: &Image) -> Option<Landing> {
    let is_jump = matches!(item.get(CONFLICT_ID), Some(AttributeValue::S(id)) if id.starts_with(JUMP_PREFIX))
        && item.contains_key(ITEM_KEY);
    let part = |name| match item.get(name) {
        Some(AttributeValue::N(number)) => conflict::integer(number),
        _ => None,
    };
    let pair = Stamp {
        n: part(JUMP_COUNT),
        t: part(JUMP_TIME),
    };
    is_jump.then(|| Landing((pair != Stamp::default()).then_some(pair)))
}

/// The decimal number before another of as many digits; none before zero.
fn decrement(digits: &str) -> Option<String> {
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let (head, _) = digits.split_at(digits.len() - zeros);
    let last = head.chars().next_back()?;
    let lower = char::from_digit(last.to_digit(10)? - 1, 10)?;
    let (start, _) = head.split_at(head.len() - 1);
    Some(format!("{start}{lower}{}", "9".repeat(zeros)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARN: &str = "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x";

    fn place(sequence_number: &str) -> Option<JumpPlace> {
        let value = AttributeValue::S("ORDER#1".to_owned());
        let key = BTreeMap::from([("PK".to_owned(), value)]);
        JumpPlace::new(&key, ARN, sequence_number)
    }

    fn id(item: &Image) -> String {
        match &item[CONFLICT_ID] {
            AttributeValue::S(id) => id.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_jump_reads_back_where_it_landed() {
        let place = place("123").unwrap();
        for landing_pair in [
            Some(Stamp::new(3, 1_795_349_587_051_000)),
            Some(Stamp {
                n: Some(3),
                t: None,
            }),
            None,
        ] {
            let item = place.to_item(Landing(landing_pair), DateTime::UNIX_EPOCH, 2);
            assert_eq!(landing(&item), Some(Landing(landing_pair)));
            assert_eq!(item[EXPIRES_AT], AttributeValue::N("172800".to_owned()));
            assert!(item.len() <= 5, "{item:?}");
        }
        assert_eq!(landing(&Image::new()), None);
    }

    #[test]
    fn an_entry_is_no_jump() {
        let key = EntryKey {
            item_key: ItemKey::quarantine(),
            conflict_id: ConflictId::new(None, "e1"),
        };
        assert_eq!(landing(&key.to_item()), None);
        assert!(*key.conflict_id.as_str() < *JUMP_PREFIX);
    }

    #[test]
    fn a_sequence_number_that_is_none_has_no_place() {
        for odd in ["", "x", "1.5", "-1", &"1".repeat(41)] {
            assert_eq!(place(odd), None, "{odd}");
        }
        assert!(place(&"9".repeat(40)).is_some());
        assert_eq!(place("0").unwrap().range_before(), None);
    }

    #[test]
    fn the_number_before_has_as_many_digits() {
        for (number, before) in [
            ("123", Some("122")),
            ("120", Some("119")),
            ("100", Some("099")),
            ("001", Some("000")),
            ("000", None),
        ] {
            assert_eq!(decrement(number).as_deref(), before, "{number}");
        }
    }

    #[test]
    fn a_stream_of_its_own_has_jumps_of_its_own() {
        let (one, key) = (place("7").unwrap(), BTreeMap::new());
        let same_key = JumpPlace {
            stream: JumpPlace::new(&key, "another", "7").unwrap().stream,
            ..one.clone()
        };
        assert_eq!(one.item(), place("8").unwrap().item());
        assert_ne!(one.item(), same_key.item());
        assert_ne!(one.item(), JumpPlace::new(&key, ARN, "7").unwrap().item());
        let (first, last) = same_key.range_before().unwrap();
        let id = id(&one.to_item(Landing(None), DateTime::UNIX_EPOCH, 1));
        assert!(!(first..=last).contains(&id));
    }

    proptest! {
        #[test]
        fn the_range_holds_what_comes_before_and_nothing_else(
            one in any::<u64>(),
            (near, apart) in (any::<bool>(), 0u64..30),
            far in any::<u64>(),
        ) {
            let other = if near { one.saturating_add(apart).saturating_sub(15) } else { far };
            let item = place(&one.to_string()).unwrap().to_item(Landing(None), DateTime::UNIX_EPOCH, 1);
            let range = place(&other.to_string()).unwrap().range_before();
            let holds = range.is_some_and(|(first, last)| (first..=last).contains(&id(&item)));
            prop_assert_eq!(holds, one < other);
        }
    }
}
