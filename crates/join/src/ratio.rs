//! A share that is learned.

/// How often something was so, of how often it could have been.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratio {
    yes: f64,
    all: f64,
}

impl Ratio {
    /// What is expected before anything is known: as if it had been so `yes` times out of `all`.
    pub(crate) fn starting_at(yes: f64, all: f64) -> Self {
        Self { yes, all }
    }

    pub(crate) fn add(&mut self, yes: bool) {
        self.yes += f64::from(u8::from(yes));
        self.all += 1.0;
    }

    /// The share; never 0 or 1.
    pub(crate) fn share(self) -> f64 {
        self.yes / self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::assert_near;

    #[test]
    fn what_is_seen_is_added_to_what_is_expected() {
        let mut ratio = Ratio::starting_at(1.0, 4.0);
        ratio.add(true);
        ratio.add(false);
        assert_near(ratio.share(), 2.0 / 6.0);
    }
}
