//! What a demo gave: the truth against the ledgers and the metrics. Its field names are those of `--json`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use workload::SuspectedScore;

use super::conflict::ConflictEntry;
use super::join_result::JoinResult;
use super::put_back::PutBackResult;
use super::series::Series;

/// The least share of the writes that must be lost for a run to prove something.
const MIN_LOST_SHARE: f64 = 0.01;

/// What a demo gave.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Comparison {
    /// What was asked for, and how long it took.
    pub setup: Setup,
    /// A row for each Region, in the order of their names.
    pub regions: Vec<RegionResult>,
    /// Their sum; its delays are those of all Regions together.
    pub total: RegionResult,
    /// What the join of the streams found, apart from what the rows count.
    pub join: JoinResult,
    /// Losses that stamps do not promise to show, by reason.
    pub outside: Vec<OutOfScope>,
    /// What the items' own version number spoke for, if the writers kept one.
    pub suspected: Option<Suspected>,
    /// What the writers sent.
    pub requests: Requests,
    /// What came of putting back, if that was asked for.
    pub put_back: Option<PutBackResult>,
    /// One lost write in full.
    pub example: Option<ConflictEntry>,
    /// Every conflict in the ledgers, and what the join alone found, in the order of time.
    #[serde(skip)]
    pub conflicts: Vec<ConflictEntry>,
    /// What the charts show.
    #[serde(skip)]
    pub series: Series,
}

/// What was asked for, and how long it took.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Setup {
    /// The Regions, as they were given.
    pub regions: Vec<String>,
    /// How long the traffic was to last, in seconds.
    pub seconds: f64,
    /// Writes a second that were asked for.
    pub rate: f64,
    /// The seed.
    pub seed: u64,
    /// The lag, in words.
    pub lag: String,
    /// The cut.
    pub cut: Option<CutPeriod>,
    /// The share of unstamped writes.
    pub unstamped_share: f64,
    /// The share of blind puts.
    pub blind_put_share: f64,
    /// Whether the writers keep a version number and the Region of the latest write.
    pub borrow: bool,
    /// When the traffic began.
    pub started_at: DateTime<Utc>,
    /// How long the start of everything took.
    pub starting_seconds: f64,
    /// How long the traffic lasted.
    pub traffic_seconds: f64,
    /// How long it was from the start of the traffic until the last function was done.
    pub seconds_in_all: f64,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// Whether every write arrived everywhere and every function dealt with its whole stream.
    pub settled: bool,
}

/// A Region that was cut off, in seconds from the start of the traffic.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CutPeriod {
    /// The Region.
    pub region: String,
    /// From when.
    pub from: f64,
    /// Until when.
    pub to: f64,
}

/// One Region's result.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct RegionResult {
    /// The Region, or `all`.
    pub region: String,
    /// Writes made there.
    pub writes: u64,
    /// Those of them that were lost, in whatever way.
    pub lost: u64,
    /// Lost, and in the ledger.
    pub found_by_stamps: u64,
    /// Lost, and found by the join of the streams as certain or likely.
    pub found_by_join: u64,
    /// Lost, and found by neither.
    pub missed: u64,
    /// Lost in a way that the stamps must show.
    pub shown_by_stamps: u64,
    /// Of these, those that are not in the ledger.
    pub missed_by_stamps: u64,
    /// Conflicts in the ledger that were none.
    pub false_alarms: u64,
    /// Conflicts in the ledger.
    pub ledger_conflicts: u64,
    /// `LostWrites` of these, added up: a lower bound for each, and no count of distinct writes.
    pub ledger_lost_writes: u64,
    /// Conflicts that were none, in a way that stamps cannot prevent.
    pub false_outside: u64,
    /// The metrics, added up.
    pub metrics: RegionMetrics,
    /// Stream records that the function was given up on for.
    pub records_given_up: u64,
}

/// What the items' own version number spoke for, among writes that carry no stamps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Suspected {
    /// Suspected conflicts in the ledgers.
    pub findings: u64,
    /// Lost writes that they cover, each once.
    pub found: u64,
    /// Suspected conflicts by which another Region's write was lost.
    pub elsewhere: u64,
    /// Suspected conflicts by which nothing was lost.
    pub false_alarms: u64,
}

impl Suspected {
    pub(super) fn new(score: SuspectedScore) -> Self {
        Self {
            findings: score.findings,
            found: score.found,
            elsewhere: score.elsewhere,
            false_alarms: score.false_alarms,
        }
    }

    /// Each count with its name.
    pub(super) fn rows(&self) -> [(&'static str, u64); 4] {
        [
            ("suspected conflicts", self.findings),
            ("lost writes that they cover", self.found),
            (
                "suspected conflicts that lost another Region's write",
                self.elsewhere,
            ),
            ("suspected conflicts that lost nothing", self.false_alarms),
        ]
    }
}

/// What the metrics say of one Region.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct RegionMetrics {
    /// `LocalWrites`.
    pub local_writes: u64,
    /// `Conflicts`.
    pub conflicts: u64,
    /// `LostWrites`.
    pub lost_writes: u64,
    /// The median of `PropagationDelay` in milliseconds; none if nothing was replicated.
    pub delay_p50: Option<f64>,
    /// What one delay in a hundred exceeds.
    pub delay_p99: Option<f64>,
}

/// Losses outside of what the stamps promise, for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct OutOfScope {
    /// The reason.
    pub reason: String,
    /// Writes that were lost.
    pub lost: u64,
    /// Those of them that are in the ledgers all the same.
    pub found_by_stamps: u64,
    /// Those of them that the join of the streams found.
    pub found_by_join: u64,
}

/// What the writers sent.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Requests {
    /// Writes that were applied.
    pub writes: u64,
    /// Reads.
    pub reads: u64,
    /// Writes whose condition did not hold.
    pub refused: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Pieces of work left out because the machine was too slow for the rate.
    pub skipped: u64,
}

impl Comparison {
    /// The share of the writes that were lost.
    pub(super) fn lost_share(&self) -> f64 {
        self.total.lost as f64 / self.total.writes.max(1) as f64
    }

    /// How many writes were lost, and who found them.
    pub(super) fn headline(&self) -> String {
        let number = crate::format::thousands;
        let total = &self.total;
        format!(
            "{} of {} writes were lost ({:.1} %). Found by stamps: {}. Found by the join of the streams: {}. Missed: {}.",
            number(total.lost),
            number(total.writes),
            self.lost_share() * 100.0,
            number(total.found_by_stamps),
            number(total.found_by_join),
            number(total.missed),
        )
    }

    /// What the stamps had to show and what the join found, a sentence each.
    pub(super) fn details(&self) -> [String; 2] {
        let number = crate::format::thousands;
        let (total, join) = (&self.total, &self.join);
        let share = |share: Option<f64>| {
            share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
        };
        let stamps = format!(
            "The stamps had to show {} of them and missed {}; false alarms: {}.",
            number(total.shown_by_stamps),
            number(total.missed_by_stamps),
            number(total.false_alarms),
        );
        let join = format!(
            "The join, which needs no stamp: recall {} ({} with possible findings), precision {} ({} of {} findings false).",
            share(join.recall),
            share(join.recall_with_possible),
            share(join.precision),
            number(join.false_findings),
            number(join.findings),
        );
        [stamps, join]
    }

    /// What came of putting back, in a sentence; empty where nothing was put back.
    pub(super) fn put_back_text(&self) -> String {
        let Some(result) = &self.put_back else {
            return String::new();
        };
        let number = crate::format::thousands;
        format!(
            "Put back: {} of {} ledger entries without a decision, {} leave one to an operator. {} of {} lost values are there \
             again; {} newer ones are gone.",
            number(result.restored),
            number(result.entries),
            number(result.left + result.impossible),
            number(result.values_back),
            number(result.lost_values),
            number(result.newer_gone),
        )
    }

    /// Why the run is no success.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut problem = |is: bool, text: String| {
            if is {
                problems.push(text);
            }
        };
        let total = &self.total;
        problem(
            total.missed_by_stamps > 0,
            format!(
                "{} lost writes that the stamps tell of were not found",
                total.missed_by_stamps
            ),
        );
        problem(
            total.false_alarms > 0,
            format!("{} alarms were false", total.false_alarms),
        );
        problem(
            !self.setup.settled && !self.setup.interrupted,
            "replication or the functions fell too far behind; ask for a lower --rate".to_owned(),
        );
        problem(
            total.records_given_up > 0,
            format!("{} stream records were given up", total.records_given_up),
        );
        problem(
            self.requests.failed > 0,
            format!("{} requests of the writers failed", self.requests.failed),
        );
        let put_back = self.put_back.clone().unwrap_or_default();
        problem(
            put_back.newer_gone > 0,
            format!(
                "{} values that were newer are gone by putting back",
                put_back.newer_gone
            ),
        );
        problem(
            put_back.failed > 0,
            format!("{} entries could not be put back", put_back.failed),
        );
        // Whoever ends a run early knows that it proves little.
        problem(
            self.lost_share() < MIN_LOST_SHARE && !self.setup.interrupted,
            format!(
                "only {:.2} % of the writes were lost, and under 1 % the run proves nothing; ask for a higher --rate or \
                 --lag, or a longer --cut",
                self.lost_share() * 100.0
            ),
        );
        problems
    }
}
