//! A great many random histories of each setting, judged on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fastrand::Rng;

use crate::generate;
use crate::judges::{
    Borrowing, CloserReading, CountsOnly, Judge, LastWriter, OneNumber, TimesOnly,
};
use crate::plan::Plan;
use crate::setting::Setting;
use crate::table;
use crate::truth::{self, Score};

/// Writes that one thread does at a time. What a run gives depends on the seed and not on the number of threads.
const PORTION: u64 = 25_000;

/// What to run.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The settings.
    pub settings: Vec<Setting>,
    /// Writes for each setting.
    pub writes: u64,
    /// The seed: the same one gives the same histories.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
}

/// How one setting went.
#[derive(Debug, Clone)]
pub struct SettingResult {
    /// The setting.
    pub setting: Setting,
    /// The judge under test.
    pub score: Score,
    /// The other judges, on the same histories. Only inside the bar.
    pub others: Vec<(&'static str, Score)>,
    /// The first plan that has a false conflict or a missed write; one whose misses are not close reuse comes before
    /// all others.
    pub counterexample: Option<Plan>,
}

impl SettingResult {
    fn new(setting: Setting) -> Self {
        Self {
            setting,
            score: Score::default(),
            others: Vec::new(),
            counterexample: None,
        }
    }

    /// The disturbances that the setting asks for and that did not occur.
    pub fn absent(&self) -> Vec<&'static str> {
        let asked = self.setting.trouble.asks_for().iter();
        asked
            .filter(|disturbance| self.score.occurrences.get(**disturbance) == 0)
            .map(|disturbance| disturbance.name())
            .collect()
    }

    fn keep(&mut self, plan: Plan) {
        let is_worse = |plan: &Plan| {
            let score = truth::score(&table::run(plan), &LastWriter::default());
            !score.is_exact_but_for_close_reuse()
        };
        let replaces = self
            .counterexample
            .as_ref()
            .is_none_or(|kept| is_worse(&plan) && !is_worse(kept));
        if replaces {
            self.counterexample = Some(plan);
        }
    }

    fn add(&mut self, other: SettingResult) {
        self.score.add(&other.score);
        if self.others.is_empty() {
            self.others = other.others;
        } else {
            for ((_, mine), (_, theirs)) in self.others.iter_mut().zip(other.others) {
                mine.add(&theirs);
            }
        }
        if let Some(plan) = other.counterexample {
            self.keep(plan);
        }
    }
}

impl Campaign {
    /// Runs all settings. `done` is told of the writes that were made, from any thread.
    pub fn run(&self, done: impl Fn(u64) + Sync) -> Vec<SettingResult> {
        let portions: Vec<(usize, u64)> = (0..self.settings.len())
            .flat_map(|setting| (0..self.writes.div_ceil(PORTION)).map(move |part| (setting, part)))
            .collect();
        let next = AtomicUsize::new(0);
        let finished = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    while let Some(&(setting, part)) =
                        portions.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let outcome = self.portion(self.settings[setting], part);
                        done(outcome.score.writes);
                        let mut finished = finished.lock().expect("no thread panics with the lock");
                        finished.push((setting, part, outcome));
                    }
                });
            }
        });
        let mut finished = finished
            .into_inner()
            .expect("no thread panics with the lock");
        finished.sort_by_key(|(setting, part, _)| (*setting, *part));
        let mut outcomes: Vec<SettingResult> = self
            .settings
            .iter()
            .copied()
            .map(SettingResult::new)
            .collect();
        for (setting, _, outcome) in finished {
            outcomes[setting].add(outcome);
        }
        outcomes
    }

    fn portion(&self, setting: Setting, part: u64) -> SettingResult {
        let controls: [&dyn Judge; 9] = [
            &LastWriter::IMAGES_ALONE,
            &LastWriter::FROM_HALF_WAY,
            &Borrowing::VersionAlone,
            &Borrowing::Time,
            &Borrowing::Origin,
            &CountsOnly,
            &TimesOnly,
            &OneNumber,
            &CloserReading,
        ];
        let others: &[&dyn Judge] = if setting.trouble.is_inside() {
            &controls
        } else {
            &[]
        };
        let mut outcome = SettingResult {
            others: others
                .iter()
                .map(|judge| (judge.name(), Score::default()))
                .collect(),
            ..SettingResult::new(setting)
        };
        let mut rng = Rng::with_seed(seed_of(self.seed, setting, part));
        let writes = PORTION.min(self.writes - part * PORTION);
        while outcome.score.writes < writes {
            let plan = generate::plan(setting, &mut rng);
            let history = table::run(&plan);
            let score = truth::score(&history, &LastWriter::default());
            if !score.is_exact() {
                outcome.keep(plan);
            }
            outcome.score.add(&score);
            for (judge, (_, total)) in others.iter().zip(&mut outcome.others) {
                total.add(&truth::score(&history, *judge));
            }
        }
        outcome
    }
}

/// A seed of its own for each portion of each setting, whichever other settings run.
fn seed_of(seed: u64, setting: Setting, part: u64) -> u64 {
    let mut mixed = seed;
    for value in [setting.trouble as u64, setting.regions as u64, part] {
        mixed = Rng::with_seed(mixed ^ value.wrapping_mul(0x9E37_79B9_7F4A_7C15)).u64(..);
    }
    mixed
}
