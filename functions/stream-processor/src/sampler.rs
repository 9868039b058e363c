//! Which unstamped writes are kept: a few a minute, so that their writer can be found.

use std::sync::{Mutex, PoisonError};

/// Allows so many samples a minute.
#[derive(Debug)]
pub(crate) struct Sampler {
    per_minute: u32,
    /// The minute, since the epoch, and how many samples it has had.
    minute: Mutex<(u64, u32)>,
}

impl Sampler {
    /// A sampler of so many a minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            minute: Mutex::default(),
        }
    }

    /// Whether one more sample is allowed at `now` in epoch seconds; if so, it is counted.
    pub(crate) fn take(&self, now: u64) -> bool {
        let mut held = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let (minute, taken) = match *held {
            (minute, taken) if minute == now / 60 => (minute, taken),
            _ => (now / 60, 0),
        };
        let allowed = taken < self.per_minute;
        *held = (minute, taken + u32::from(allowed));
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_samples_and_the_next_starts_anew() {
        let sampler = Sampler::new(2);
        let taken: Vec<bool> = [60, 61, 119, 120].map(|now| sampler.take(now)).into();
        assert_eq!(taken, [true, true, false, true]);
        assert!(!Sampler::new(0).take(0));
    }
}
