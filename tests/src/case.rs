//! The sample events, and what is expected of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// A sample event beside its expectation.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file's name without `.json`.
    pub name: String,
    /// The event, byte for byte.
    pub payload: Vec<u8>,
    /// The expectation as it is written.
    pub expectation: Value,
}

/// An expectation. Its form is described in `events/README.md`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// What happens.
    pub case: String,
    /// Settings that differ from the defaults.
    pub settings: BTreeMap<String, String>,
    /// A verdict for each record.
    pub records: Vec<ExpectedRecord>,
    /// The batch answer.
    pub response: Value,
    /// Every ledger entry.
    pub ledger: Vec<Value>,
    /// Every metric.
    pub metrics: Vec<ExpectedMetric>,
}

/// What is expected of one record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRecord {
    /// The verdict.
    pub verdict: String,
    /// Where a replicated write came from.
    pub origin: Option<String>,
    /// How many lost writes came back with it.
    pub returned_writes: Option<u64>,
    /// A conflict's kind.
    pub kind: Option<String>,
    /// A conflict's confidence.
    pub confidence: Option<String>,
    /// The Region that lost.
    pub loser_region: Option<String>,
    /// The Region that won.
    pub winner_region: Option<String>,
    /// How many writes were lost.
    pub lost_writes: Option<u64>,
    /// What differs.
    pub differing_attributes: Option<Vec<String>>,
}

/// What is expected of one metric.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedMetric {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Its dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// Its sum.
    pub value: Option<u64>,
    /// How many samples it has, where their values depend on the time of the run.
    pub count: Option<u64>,
}

impl Case {
    /// Every case, by name.
    ///
    /// # Panics
    ///
    /// When an event has no expectation, an expectation no event, or one of them cannot be read.
    pub fn all() -> Vec<Self> {
        let (events, expectations) = (names(&events()), names(&events().join("expected")));
        assert_eq!(events, expectations, "each event has one expectation");
        events.into_iter().map(|name| Self::read(&name)).collect()
    }

    fn read(name: &str) -> Self {
        let read = |path: PathBuf| {
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let file = format!("{name}.json");
        let expectation = read(events().join("expected").join(&file));
        Self {
            name: name.to_owned(),
            payload: read(events().join(&file)),
            expectation: serde_json::from_slice(&expectation)
                .unwrap_or_else(|error| panic!("events/expected/{file}: {error}")),
        }
    }

    /// The expectation, read.
    ///
    /// # Panics
    ///
    /// When it has not the form of one.
    pub fn expected(&self) -> Expectation {
        read_expectation(&self.expectation).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// Reads an expectation.
///
/// # Errors
///
/// Where it has not the form of one.
pub fn read_expectation(written: &Value) -> Result<Expectation, serde_json::Error> {
    Expectation::deserialize(written)
}

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}
