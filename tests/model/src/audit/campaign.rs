//! Many tables of each setting, on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fastrand::Rng;

use super::score::{self, Score};
use super::setting::Setting;

/// Writes to one table. What the join learns of a table it learns from so many.
const TABLE: u64 = 20_000;

/// What to run.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The settings.
    pub settings: Vec<Setting>,
    /// Writes for each setting.
    pub writes: u64,
    /// The seed: the same one gives the same histories, on any number of threads.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
}

/// How a setting went.
#[derive(Debug, Clone)]
pub struct SettingResult {
    /// The setting.
    pub setting: Setting,
    /// How the join did.
    pub score: Score,
}

impl Campaign {
    /// Runs all settings. `done` is told of the writes that were made, from any thread.
    pub fn run(&self, done: impl Fn(u64) + Sync) -> Vec<SettingResult> {
        let tables = self.writes.div_ceil(TABLE);
        let portions: Vec<(usize, u64)> = (0..self.settings.len())
            .flat_map(|setting| (0..tables).map(move |table| (setting, table)))
            .collect();
        let next = AtomicUsize::new(0);
        let finished = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    while let Some(&(at, table)) =
                        portions.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let setting = &self.settings[at];
                        let writes = TABLE.min(self.writes - table * TABLE);
                        let mut rng = Rng::with_seed(seed_of(self.seed, setting, table));
                        let score = score::run(setting, writes as usize, &mut rng).score;
                        done(writes);
                        let mut finished = finished.lock().expect("no thread panics with the lock");
                        finished.push((at, score));
                    }
                });
            }
        });
        let finished = finished
            .into_inner()
            .expect("no thread panics with the lock");
        let mut outcomes: Vec<SettingResult> = self
            .settings
            .iter()
            .map(|setting| SettingResult {
                setting: *setting,
                score: Score::default(),
            })
            .collect();
        for (at, score) in finished {
            outcomes[at].score.add(&score);
        }
        outcomes
    }
}

/// A seed of its own for each table of each setting, whichever other settings run.
fn seed_of(seed: u64, setting: &Setting, table: u64) -> u64 {
    let mut mixed = seed;
    let name = setting.name();
    for value in name.bytes().map(u64::from).chain([table]) {
        mixed = Rng::with_seed(mixed ^ value.wrapping_mul(0x9E37_79B9_7F4A_7C15)).u64(..);
    }
    mixed
}

/// What is wrong with the outcomes: bars that are missed.
pub fn complaints(outcomes: &[SettingResult]) -> Vec<String> {
    let mut complaints = Vec::new();
    for SettingResult { setting, score } in outcomes {
        let name = setting.name();
        if score.lost == 0 {
            complaints.push(format!("{name}: no write was lost, so nothing was proved"));
        }
        let Some(bar) = setting.bar() else { continue };
        for (what, reached, bar) in [
            ("recall of all classes", score.recall(), bar.recall),
            (
                "precision of certain and likely",
                score.precision(),
                bar.precision,
            ),
        ] {
            if reached < bar {
                complaints.push(format!(
                    "{name}: {what} is {reached:.4}, below the bar of {bar}"
                ));
            }
        }
    }
    complaints
}
