//! Digests of values, as DynamoDB compares them: the order of members and of a set's elements does not matter, numbers
//! count by value.
//!
//! Two machines that digest equal values get equal digests: the hash (XXH3) is specified and has no seed of the machine.
//! It is no cryptographic hash; a writer who makes two versions of one item collide only hides that item from the audit.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;

use conflict::Decimal;
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The digest of a value or of a whole image. It serialises as 16 hex digits, since JSON's numbers end at 2^53.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(NonZeroU64);

impl Digest {
    /// A digest of these bits. The one that is all zeros stands for absence elsewhere, and is taken for its neighbour.
    pub(crate) fn of(bits: u64) -> Self {
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }

    /// The bits; never 0.
    pub(crate) fn bits(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Text that is no digest.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no digest: 16 hex digits, not all of them 0")]
pub struct NotADigest(String);

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        let bits = match text.len() {
            16 => u64::from_str_radix(&text, 16).ok(),
            _ => None,
        };
        match bits.and_then(NonZeroU64::new) {
            Some(bits) => Ok(Self(bits)),
            None => Err(NotADigest(text)),
        }
    }
}

/// A seed for each type, so that equal text of unlike types differs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seed {
    Text = 1,
    Integer,
    Number,
    NoNumber,
    Binary,
    Boolean,
    Null,
    List,
    Map,
    TextSet,
    NumberSet,
    BinarySet,
    Member,
    Image,
    Unknown,
}

/// The digest of bytes of some type.
pub(crate) fn bytes(seed: Seed, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, seed as u64)
}

/// The digest of two numbers, in this order.
pub(crate) fn pair(seed: Seed, left: u64, right: u64) -> u64 {
    let mut both = [0; 16];
    both[..8].copy_from_slice(&left.to_le_bytes());
    both[8..].copy_from_slice(&right.to_le_bytes());
    bytes(seed, &both)
}

/// The digest of a number's text, by value.
pub(crate) fn number(text: &str) -> u64 {
    if let Some(value) = plain_integer(text) {
        return bytes(Seed::Integer, &value.to_le_bytes());
    }
    let Some(decimal) = Decimal::parse(text) else {
        return bytes(Seed::NoNumber, text.as_bytes());
    };
    match decimal.to_i64() {
        Some(value) => bytes(Seed::Integer, &value.to_le_bytes()),
        None => pair(
            Seed::Number,
            bytes(Seed::Number, decimal.digits()),
            (decimal.exponent() as u64) << 1 | u64::from(decimal.is_negative()),
        ),
    }
}

/// A number as an integer, if it is one that fits.
pub(crate) fn integer(text: &str) -> Option<i64> {
    plain_integer(text).or_else(|| Decimal::parse(text)?.to_i64())
}

/// An integer in the spelling in which DynamoDB returns it, read without an allocation.
fn plain_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// The digest of binary data in base64. Text that is no base64 counts as it stands.
pub(crate) fn base64(text: &str) -> u64 {
    use base64::Engine as _;
    match base64::engine::general_purpose::STANDARD.decode(text) {
        Ok(data) => bytes(Seed::Binary, &data),
        Err(_) => bytes(Seed::Unknown, text.as_bytes()),
    }
}

/// Collects digests whose order does not matter: members of a map, elements of a set.
#[derive(Debug, Default)]
pub(crate) struct Unordered {
    sum: u64,
    count: u64,
}

impl Unordered {
    pub(crate) fn add(&mut self, digest: u64) {
        self.sum = self.sum.wrapping_add(digest);
        self.count += 1;
    }

    pub(crate) fn member(&mut self, name: &str, value: u64) {
        self.add(pair(
            Seed::Member,
            bytes(Seed::Text, name.as_bytes()),
            value,
        ));
    }

    pub(crate) fn finish(self, seed: Seed) -> u64 {
        pair(seed, self.sum, self.count)
    }
}

/// Collects digests whose order matters.
#[derive(Debug, Default)]
pub(crate) struct Ordered {
    folded: u64,
}

impl Ordered {
    pub(crate) fn add(&mut self, digest: u64) {
        self.folded = pair(Seed::List, self.folded, digest);
    }

    pub(crate) fn finish(self) -> u64 {
        pair(Seed::List, self.folded, 0)
    }
}

/// The digest of a value.
pub(crate) fn value(value: &AttributeValue) -> u64 {
    use AttributeValue::{B, Bool, Bs, L, M, N, Ns, Null, S, Ss};
    let set = |seed, elements: &mut dyn Iterator<Item = u64>| {
        let mut set = Unordered::default();
        elements.for_each(|digest| set.add(digest));
        set.finish(seed)
    };
    match value {
        S(text) => bytes(Seed::Text, text.as_bytes()),
        N(text) => number(text),
        B(data) => bytes(Seed::Binary, data),
        Bool(flag) => boolean(*flag),
        Null(_) => null(),
        L(values) => {
            let mut list = Ordered::default();
            values.iter().for_each(|value| list.add(self::value(value)));
            list.finish()
        }
        M(members) => {
            let mut map = Unordered::default();
            for (name, value) in members {
                map.member(name, self::value(value));
            }
            map.finish(Seed::Map)
        }
        Ss(texts) => set(
            Seed::TextSet,
            &mut texts.iter().map(|text| bytes(Seed::Text, text.as_bytes())),
        ),
        Ns(numbers) => set(
            Seed::NumberSet,
            &mut numbers.iter().map(|text| number(text)),
        ),
        Bs(all) => set(
            Seed::BinarySet,
            &mut all.iter().map(|data| bytes(Seed::Binary, data)),
        ),
    }
}

pub(crate) fn boolean(flag: bool) -> u64 {
    bytes(Seed::Boolean, &[u8::from(flag)])
}

pub(crate) fn null() -> u64 {
    bytes(Seed::Null, &[])
}

/// One top-level attribute of an image.
#[derive(Debug, Clone)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) digest: u64,
    pub(crate) scalar: Scalar<'a>,
}

/// The text of an attribute that is a string or a number: what it may mean is looked at only where it changed.
#[derive(Debug, Clone)]
pub(crate) enum Scalar<'a> {
    /// Of type S.
    Text(Cow<'a, str>),
    /// Of type N.
    Number(Cow<'a, str>),
    /// Of any other type.
    Other,
}

impl<'a> Attribute<'a> {
    pub(crate) fn new(name: &'a str, value: &'a AttributeValue) -> Self {
        Self {
            name: Cow::Borrowed(name),
            digest: self::value(value),
            scalar: match value {
                AttributeValue::S(text) => Scalar::Text(Cow::Borrowed(text)),
                AttributeValue::N(text) => Scalar::Number(Cow::Borrowed(text)),
                _ => Scalar::Other,
            },
        }
    }
}

/// An image's attributes, sorted by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes<'a>(Vec<Attribute<'a>>);

impl<'a> Attributes<'a> {
    pub(crate) fn new(mut attributes: Vec<Attribute<'a>>) -> Self {
        attributes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self(attributes)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Attribute<'a>> {
        self.0.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Attribute<'a>] {
        &self.0
    }

    /// The digest of the whole image.
    pub(crate) fn digest(&self) -> Digest {
        let mut image = Unordered::default();
        for attribute in &self.0 {
            image.member(&attribute.name, attribute.digest);
        }
        Digest::of(image.finish(Seed::Image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_by_sign_and_exponent() {
        let all = ["1.5", "-1.5", "0.15", "-0.15", "0.015", "15e30", "15e31"];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(number(one), number(other), "{one} {other}");
            }
        }
        assert_eq!(number("1.50"), number("15e-1"));
    }

    #[test]
    fn integers_are_read_by_value() {
        for (text, value) in [
            ("12", Some(12)),
            ("-7", Some(-7)),
            ("1e2", Some(100)),
            ("0", Some(0)),
            ("1.5", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }

    #[test]
    fn a_digest_shows_its_digits() {
        assert_eq!(format!("{:?}", Digest::of(10)), "Digest(000000000000000a)");
    }

    #[test]
    fn what_is_nothing_is_told_from_what_is_not_there() {
        assert_eq!(null(), value(&AttributeValue::Null(true)));
        assert_ne!(null(), boolean(false));
        assert_ne!(null(), 0);
        assert_ne!(null(), 1);
        let mut one = Unordered::default();
        one.add(0);
        assert_ne!(
            one.finish(Seed::Map),
            Unordered::default().finish(Seed::Map)
        );
    }
}
