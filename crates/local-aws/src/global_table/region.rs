//! The names of AWS Regions, so that a mistyped one is refused at the start.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The longest name, in bytes.
const MAX_LENGTH: usize = 32;

/// The name of a Region: words of lowercase letters, at least two, and a number, joined by hyphens. Regions compare by name.
///
/// There is no list of those that AWS has, so that a world can stand for the next one too. The clients and the stream
/// processor have the same rule; `clients/conformance/regions.json` holds all of them to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(&'static str);

impl Region {
    /// The Region of this name.
    ///
    /// # Errors
    ///
    /// What is not a Region's name.
    pub fn parse(name: &str) -> Result<Self, NotARegion> {
        match is_region_name(name) {
            true => Ok(Self(kept(name))),
            false => Err(NotARegion(name.to_owned())),
        }
    }

    /// The Region's name, such as `us-east-1`.
    pub fn name(self) -> &'static str {
        self.0
    }
}

fn is_region_name(name: &str) -> bool {
    let Some((words, number)) = name.rsplit_once('-') else {
        return false;
    };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    name.len() <= MAX_LENGTH
        && words.contains('-')
        && words.split('-').all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name, kept as long as the program runs, so that a Region can be copied about. A world has a handful of names, and
/// each is kept once.
fn kept(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(Box::from(name));
    names.insert(kept);
    kept
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A name that no Region has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a Region's name: words of lowercase letters and a number, joined by hyphens, as in `us-east-1`"
)]
pub struct NotARegion(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_region_is_so_for_every_client_too() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../clients/conformance/regions.json"
        );
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let names = vectors["names"].as_array().unwrap();
        assert!(names.len() > 20);
        for vector in names {
            let name = vector["name"].as_str().unwrap();
            let parsed = Region::parse(name);
            assert_eq!(Some(parsed.is_ok()), vector["valid"].as_bool(), "{name:?}");
            match parsed {
                Ok(region) => assert_eq!(region.name(), name),
                Err(error) => assert!(error.to_string().contains(name), "{error}"),
            }
        }
    }

    #[test]
    fn regions_are_the_same_by_name() {
        let parse = |name| Region::parse(name).unwrap();
        let (east, west) = (parse("us-east-1"), parse("eu-west-1"));
        let again = Region::parse(&String::from("us-east-1")).unwrap();
        assert_eq!(east, again);
        assert!(std::ptr::eq(east.name(), again.name()), "it is kept once");
        assert!(west < east);
    }
}
