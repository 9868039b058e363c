//! What the page remembers between two requests: in memory, under names that cannot be guessed and say nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// A name of 128 random bits, in hex.
pub(super) fn random_name() -> String {
    let mut bytes = [0; 16];
    // Without random numbers of the system's there is no page: whoever can guess the address may put back.
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    hex(&bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Things under random names, the newest so many: item content never stands in an address.
#[derive(Debug)]
pub(super) struct Kept<T> {
    most: usize,
    things: Mutex<VecDeque<(String, Arc<T>)>>,
}

impl<T> Kept<T> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            things: Mutex::default(),
        }
    }

    /// Keeps a thing, and gives the name that it is found by.
    pub(super) fn keep(&self, thing: T) -> String {
        let name = random_name();
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        things.push_back((name.clone(), Arc::new(thing)));
        if things.len() > self.most {
            things.pop_front();
        }
        name
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<T>> {
        let things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        let found = things.iter().rev().find(|(other, _)| other == name);
        found.map(|(_, thing)| Arc::clone(thing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_things_are_found_by_their_names() {
        let kept = Kept::new(2);
        let names = ["a", "b", "c"].map(|thing| kept.keep(thing));
        let found = names.each_ref().map(|name| kept.get(name));
        assert_eq!(
            found.map(|thing| thing.map(|thing| *thing)),
            [None, Some("b"), Some("c")]
        );
        assert_eq!(kept.get("").map(|thing| *thing), None);
    }

    #[test]
    fn a_random_name_has_128_bits() {
        let (one, other) = (random_name(), random_name());
        assert_eq!((one.len(), other.len()), (32, 32));
        assert_ne!(one, other);
    }
}
