//! A sighting as it is held in the window: compact, names and Regions by number.

use crate::regions::RegionIndex;

/// The digest that stands for no item.
pub(crate) const NO_ITEM: u64 = 0;

/// A record in the window.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) sequence_number: CompactText,
    pub(crate) event_id: Option<CompactText>,
    /// The digest of the item before, or [`NO_ITEM`].
    pub(crate) old: u64,
    /// The digest of the item after, or [`NO_ITEM`].
    pub(crate) new: u64,
    pub(crate) second: u32,
    pub(crate) region: RegionIndex,
    pub(crate) by_time_to_live: bool,
    pub(crate) marked_deleted: bool,
    pub(crate) stamp: Option<Stamp>,
    /// Sorted by name.
    pub(crate) changes: Box<[Change]>,
}

impl Entry {
    /// The change of one attribute.
    pub(crate) fn change(&self, name: Name) -> Option<&Change> {
        let at = self
            .changes
            .binary_search_by_key(&name, |change| change.name);
        at.ok().map(|at| &self.changes[at])
    }

    /// Whether there is no item after, or one that is marked as deleted.
    pub(crate) fn deletes(&self) -> bool {
        self.new == NO_ITEM || self.marked_deleted
    }
}

/// The latest stamp of a version: where it was made, and what tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// None for a Region that is not the table's.
    pub(crate) region: Option<RegionIndex>,
    /// A digest of the whole pair.
    pub(crate) token: u32,
}

/// An attribute's name, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(pub(crate) u16);

/// A change of one attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) name: Name,
    /// By how much a whole number changed; [`NO_STEP`] if it is none, or changed by more.
    pub(crate) step: i8,
    pub(crate) shape: Shape,
    /// The value before, or [`NO_VALUE`].
    pub(crate) old: u32,
    /// The value after, or [`NO_VALUE`].
    pub(crate) new: u32,
}

/// The token of an attribute that is not there.
pub(crate) const NO_VALUE: u32 = 0;

/// No whole number before and after, or one that changed by more than this can hold.
pub(crate) const NO_STEP: i8 = i8::MAX;

/// What the value after a change may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Opaque,
    Integer,
    /// A time within a day of the record's own.
    Time,
    /// One of the table's Regions.
    Region(RegionIndex),
}

/// A value's digest, cut to what tells the few values of one item apart.
pub(crate) fn token(digest: u64) -> u32 {
    ((digest >> 32) as u32 ^ digest as u32).max(1)
}

/// A text that is most often a decimal number or 32 hex digits, as sequence numbers and event ids are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CompactText {
    /// A number without leading zeros, big endian.
    Decimal([u8; 16]),
    /// 32 lowercase hex digits.
    Hex([u8; 16]),
    Other(Box<str>),
}

impl CompactText {
    pub(crate) fn new(text: &str) -> Self {
        let is_decimal = matches!(text.as_bytes(), [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
        if is_decimal && let Ok(number) = text.parse::<u128>() {
            return Self::Decimal(number.to_be_bytes());
        }
        let is_hex = text.len() == 32
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hex && let Ok(number) = u128::from_str_radix(text, 16) {
            return Self::Hex(number.to_be_bytes());
        }
        Self::Other(text.into())
    }

    /// A number by which texts of digits are in order of value: for ordering sequence numbers.
    pub(crate) fn number(&self) -> Option<u128> {
        match self {
            Self::Decimal(bytes) => Some(u128::from_be_bytes(*bytes)),
            // 32 digits are most likely decimal ones.
            Self::Hex(_) => self.to_string().parse().ok(),
            Self::Other(text) => text.parse().ok(),
        }
    }
}

impl std::fmt::Display for CompactText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Decimal(bytes) => write!(f, "{}", u128::from_be_bytes(*bytes)),
            Self::Hex(bytes) => write!(f, "{:032x}", u128::from_be_bytes(*bytes)),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
impl Entry {
    /// A record of an item before and after, with nothing else to it.
    pub(crate) fn example(old: u64, new: u64) -> Self {
        Self {
            sequence_number: CompactText::new("1"),
            event_id: None,
            old,
            new,
            second: 0,
            region: 0,
            by_time_to_live: false,
            marked_deleted: false,
            stamp: None,
            changes: Box::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Entry>() <= 112, "{}", size_of::<Entry>());
        assert!(size_of::<Change>() <= 16, "{}", size_of::<Change>());
    }

    #[test]
    fn an_item_that_is_gone_or_marked_is_deleted() {
        let deletes = |new, marked_deleted| {
            let entry = Entry {
                marked_deleted,
                ..Entry::example(5, new)
            };
            entry.deletes()
        };
        assert!(deletes(NO_ITEM, false));
        assert!(deletes(6, true));
        assert!(!deletes(6, false));
    }

    #[test]
    fn a_token_is_made_of_the_whole_digest_and_never_none() {
        assert_eq!(token(0x0000_0001_0000_0003), 2);
        assert_eq!(token(0), 1);
    }

    proptest! {
        #[test]
        fn text_comes_back_as_it_was(text in "([0-9]{1,42}|[0-9a-f]{32}|.{0,40})") {
            prop_assert_eq!(CompactText::new(&text).to_string(), text);
        }

        #[test]
        fn numbers_are_in_order_of_value(left: u128, right: u128, zeros in 0usize..40) {
            let number = |value: u128| CompactText::new(&format!("{value:0zeros$}")).number();
            prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
        }
    }
}
