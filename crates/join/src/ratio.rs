//! A share that is learned.

/// How often something was so, of how often it could have been.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ratio {
    yes: u64,
    all: u64,
}

impl Ratio {
    pub(crate) fn add(&mut self, yes: bool) {
        self.yes += u64::from(yes);
        self.all += 1;
    }

    /// The share, starting from a half and never quite 0 or 1.
    pub(crate) fn share(self) -> f64 {
        (self.yes as f64 + 2.0) / (self.all as f64 + 4.0)
    }
}
