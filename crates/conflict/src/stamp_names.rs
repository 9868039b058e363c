//! Which attributes are stamps: their names, and the Regions in them.

use std::borrow::Cow;

/// The longest Region name that a stamp may carry, in bytes. AWS's longest is well below.
pub const MAX_REGION_LENGTH: usize = 32;

/// An attribute that belongs to the stamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampAttribute<'a> {
    /// `lw:n:<region>`
    Count(Cow<'a, str>),
    /// `lw:t:<region>`
    Time(Cow<'a, str>),
    /// `lw:reset`
    Reset,
    /// `lw:deleted`
    Deleted,
}

/// Tells stamp attributes from an application's own, by their prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampNames {
    /// The prefix and its colon.
    start: String,
}

impl StampNames {
    /// Names that start with `prefix` and a colon.
    pub fn new(prefix: &str) -> Self {
        Self {
            start: format!("{prefix}:"),
        }
    }

    /// Which stamp attribute a name is, if it is one.
    ///
    /// What follows `n:` or `t:` must be shaped like a Region ([`is_region_name`]): it becomes a metric dimension, where
    /// no other part of an item may ever end up.
    pub fn parse<'a>(&self, name: impl Into<Cow<'a, str>>) -> Option<StampAttribute<'a>> {
        let name = name.into();
        // Each attribute of each image comes by here, and most differ in the first byte.
        if name.as_bytes().first() != self.start.as_bytes().first() {
            return None;
        }
        let rest = name.strip_prefix(self.start.as_str())?;
        match rest {
            "reset" => return Some(StampAttribute::Reset),
            "deleted" => return Some(StampAttribute::Deleted),
            _ => {}
        }
        let is_count = match rest.as_bytes() {
            [b'n', b':', ..] => true,
            [b't', b':', ..] => false,
            _ => return None,
        };
        let from = self.start.len() + 2;
        if !is_region_name(&name[from..]) {
            return None;
        }
        let region = match name {
            Cow::Borrowed(name) => Cow::Borrowed(&name[from..]),
            Cow::Owned(name) => Cow::Owned(name[from..].to_owned()),
        };
        Some(match is_count {
            true => StampAttribute::Count(region),
            false => StampAttribute::Time(region),
        })
    }

    /// The name of a Region's count.
    pub fn count(&self, region: &str) -> String {
        format!("{}n:{region}", self.start)
    }

    /// The name of a Region's time.
    pub fn time(&self, region: &str) -> String {
        format!("{}t:{region}", self.start)
    }

    /// The name of the delete mark.
    pub fn deleted(&self) -> String {
        format!("{}deleted", self.start)
    }

    /// Whether a name is a stamp attribute.
    pub fn contains(&self, name: &str) -> bool {
        self.parse(name).is_some()
    }
}

impl Default for StampNames {
    fn default() -> Self {
        Self::new("lw")
    }
}

/// Whether a name is shaped like a Region's, as in `us-east-1` or `us-gov-west-1`: words of lowercase letters, at least
/// two, and a number, joined by hyphens, up to [`MAX_REGION_LENGTH`].
pub fn is_region_name(name: &str) -> bool {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let words = &name.as_bytes()[..name.len() - digits];
    // Each word ends with a hyphen.
    let (mut ended, mut last) = (0, b'-');
    for byte in words {
        match byte {
            b'a'..=b'z' => {}
            b'-' if last != b'-' => ended += 1,
            _ => return false,
        }
        last = *byte;
    }
    name.len() <= MAX_REGION_LENGTH && digits > 0 && ended >= 2 && last == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_region_shaped_names_are_stamps() {
        let names = StampNames::default();
        for odd in [
            "lw:n:",
            "lw:n:Ada Lovelace",
            "lw:n:EU-WEST-1",
            "lw:x:eu-west-1",
            "lwn:eu-west-1",
            "lw:é",
            "lw:n",
            "lw:resets",
            "lw:n:customer-4711",
            "lw:n:eu-west",
            "lw:n:eu--1",
            "lw:n:-west-1",
            "lw:n:1-west-1",
            "lw:n:a-name-that-is-longer-than-any-region-1",
        ] {
            assert_eq!(names.parse(odd), None, "{odd}");
        }
        assert_eq!(names.parse("lw:reset"), Some(StampAttribute::Reset));
        assert_eq!(names.parse("lw:deleted"), Some(StampAttribute::Deleted));
    }

    #[test]
    fn a_region_name_may_have_so_many_bytes_and_no_more() {
        let name = |length: usize| format!("a-{}-1", "b".repeat(length - 4));
        assert!(is_region_name(&name(MAX_REGION_LENGTH)));
        assert!(!is_region_name(&name(MAX_REGION_LENGTH + 1)));
    }

    #[test]
    fn regions_of_every_partition_are_stamps() {
        for region in [
            "us-east-1",
            "us-gov-west-1",
            "us-isob-east-1",
            "cn-northwest-1",
            "eusc-de-east-1",
            "mx-central-12",
        ] {
            assert!(is_region_name(region), "{region}");
        }
    }

    #[test]
    fn a_region_name_is_words_and_a_number_joined_by_hyphens() {
        let by_parts = |name: &str| {
            let parts: Vec<&str> = name.split('-').collect();
            let is =
                |part: &str, letter: char| !part.is_empty() && part.chars().all(|c| c == letter);
            let [words @ .., number] = parts.as_slice() else {
                return false;
            };
            words.len() >= 2 && words.iter().all(|word| is(word, 'a')) && is(number, '1')
        };
        let mut names = vec![String::new()];
        for _ in 0..8 {
            for name in std::mem::take(&mut names) {
                assert_eq!(is_region_name(&name), by_parts(&name), "{name}");
                names.extend(["a", "1", "-"].map(|next| name.clone() + next));
            }
        }
    }

    #[test]
    fn what_clients_stamp_with_is_a_region_and_what_they_refuse_is_none() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../clients/conformance/regions.json"
        );
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for vector in vectors["names"].as_array().unwrap() {
            let name = vector["name"].as_str().unwrap();
            let valid = vector["valid"].as_bool().unwrap();
            assert_eq!(is_region_name(name), valid, "{name:?}");
            let names = StampNames::default();
            assert_eq!(names.contains(&format!("lw:t:{name}")), valid, "{name:?}");
        }
    }

    #[test]
    fn what_is_named_is_what_is_read() {
        for names in [StampNames::default(), StampNames::new("meta:stamp")] {
            let region = "eu-west-1";
            let read = |name: String| names.parse(name);
            assert_eq!(
                read(names.count(region)),
                Some(StampAttribute::Count(region.into()))
            );
            assert_eq!(
                read(names.time(region)),
                Some(StampAttribute::Time(region.into()))
            );
            assert_eq!(read(names.deleted()), Some(StampAttribute::Deleted));
        }
        assert_eq!(StampNames::default().deleted(), "lw:deleted");
    }

    #[test]
    fn the_prefix_is_configurable() {
        let names = StampNames::new("meta:stamp");
        assert_eq!(
            names.parse("meta:stamp:n:eu-west-1"),
            Some(StampAttribute::Count("eu-west-1".into()))
        );
        assert!(!names.contains("lw:n:eu-west-1"));
    }
}
