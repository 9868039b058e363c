//! What a demo gave: the truth against the ledgers and the metrics. Its field names are those of `--json`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use local_aws::cloudwatch::{dimensions, sum_of};
use local_aws::global_table::{Lag, Region};
use serde::Serialize;
use workload::{Score, Truth};

use super::conflict::Conflict;
use super::delay::Delays;
use super::example;
use super::run::{Plan, Seen};
use super::series::Series;
use crate::world::{Stopped, StoppedSite, WorldError};

/// The least share of the writes that must be lost for a run to prove something.
const LEAST_LOST: f64 = 0.01;

/// What a demo gave.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    /// What was asked for, and how long it took.
    pub setup: Setup,
    /// A row for each Region, in the order of their names.
    pub regions: Vec<Row>,
    /// Their sum; its delays are those of all Regions together.
    pub total: Row,
    /// Losses that stamps do not promise to show, by reason.
    pub outside: Vec<OutsideRow>,
    /// What the writers sent.
    pub requests: Requests,
    /// One lost write in full.
    pub example: Option<Conflict>,
    /// Every conflict, in the order in which they were found.
    #[serde(skip)]
    pub conflicts: Vec<Conflict>,
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
    pub cut: Option<CutShown>,
    /// The share of unstamped writes.
    pub unstamped_share: f64,
    /// The share of blind puts.
    pub blind_put_share: f64,
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
pub(super) struct CutShown {
    /// The Region.
    pub region: String,
    /// From when.
    pub from: f64,
    /// Until when.
    pub to: f64,
}

/// One Region's result.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Row {
    /// The Region, or `all`.
    pub region: String,
    /// Writes made there.
    pub writes: u64,
    /// Those of them that were lost and whose loss the stamps tell of.
    pub lost: u64,
    /// Lost, and in the ledger.
    pub found: u64,
    /// Lost, and not in the ledger.
    pub missed: u64,
    /// Conflicts in the ledger that were none.
    pub false_alarms: u64,
    /// Conflicts in the ledger.
    pub ledger_conflicts: u64,
    /// `LostWrites` of these, added up: a lower bound for each, and no count of distinct writes.
    pub ledger_lost_writes: u64,
    /// Lost in a way that stamps do not promise to show.
    pub lost_outside: u64,
    /// Conflicts that were none, in a way that stamps cannot prevent.
    pub false_outside: u64,
    /// The metrics, added up.
    pub metrics: RowMetrics,
    /// Stream records that the function was given up on for.
    pub records_given_up: u64,
}

/// What the metrics say of one Region.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct RowMetrics {
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
pub(super) struct OutsideRow {
    /// The reason.
    pub reason: String,
    /// Writes that were lost.
    pub lost: u64,
    /// Those of them that were found all the same.
    pub found: u64,
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

impl Setup {
    pub(super) fn of(plan: &Plan) -> Self {
        let table = &plan.world.table;
        Self {
            regions: table.regions.iter().map(|r| r.name().to_owned()).collect(),
            seconds: plan.workload.length.as_secs_f64(),
            rate: plan.workload.rate,
            seed: plan.workload.seed,
            lag: lag_in_words(table.lag),
            cut: plan.cut.map(|span| CutShown {
                region: span.region.name().to_owned(),
                from: span.from.as_secs_f64(),
                to: span.to.as_secs_f64(),
            }),
            unstamped_share: plan.workload.unstamped_share,
            blind_put_share: plan.workload.blind_put_share,
            started_at: DateTime::UNIX_EPOCH,
            starting_seconds: 0.0,
            traffic_seconds: 0.0,
            seconds_in_all: 0.0,
            interrupted: false,
            settled: false,
        }
    }
}

fn lag_in_words(lag: Lag) -> String {
    match lag {
        Lag::Fixed(delay) => format!("always {delay:?}"),
        Lag::LogNormal { median, sigma } => format!("median {median:?}, spread {sigma}"),
    }
}

impl Outcome {
    /// Reads ledgers and metrics, and holds them against the truth.
    pub(super) async fn of(world: &Stopped, seen: Seen) -> Result<Self, WorldError> {
        let mut conflicts = Vec::new();
        for (region, site) in &world.sites {
            let entries = site.ledger.items().await?;
            let found = entries.iter().filter_map(Conflict::of);
            conflicts.extend(found.map(|conflict| (*region, conflict)));
        }
        conflicts.sort_by(|(_, a), (_, b)| (a.detected_at, &a.id).cmp(&(b.detected_at, &b.id)));
        let truth = Truth::new(&seen.history);
        let found: Vec<_> = conflicts
            .iter()
            .map(|(region, conflict)| conflict.found(*region))
            .collect();
        let evaluation = truth.evaluate(&found);

        let table = world.table.table_name();
        let regions = world.sites.iter().map(|(region, site)| {
            let score = evaluation.regions.get(region).cloned().unwrap_or_default();
            let mine = conflicts.iter().filter(|(of, _)| of == region);
            let lost_writes = mine.map(|(_, conflict)| conflict.lost_writes).sum();
            row(region.name(), &score, lost_writes, [site], table)
        });
        let score = evaluation.total();
        let lost_writes = conflicts.iter().map(|(_, c)| c.lost_writes).sum();
        let total = row("all", &score, lost_writes, world.sites.values(), table);
        let outside = score.out_of_scope.iter().map(|(reason, score)| OutsideRow {
            reason: reason.description().to_owned(),
            lost: score.lost,
            found: score.found,
        });
        let regions = regions.collect();
        let series = Series::of(&seen.setup, &truth, &conflicts, world);
        let conflicts: Vec<Conflict> = conflicts.into_iter().map(|(_, c)| c).collect();
        Ok(Self {
            regions,
            total,
            outside: outside.collect(),
            requests: Requests {
                writes: seen.progress.writes(),
                reads: seen.progress.reads(),
                refused: seen.progress.refused(),
                failed: seen.progress.errors(),
                skipped: seen.progress.skipped(),
            },
            example: example::choose(&conflicts).cloned(),
            conflicts,
            series,
            setup: seen.setup,
        })
    }

    /// The share of the writes that were lost, and had to be found.
    pub(super) fn lost_share(&self) -> f64 {
        self.total.lost as f64 / self.total.writes.max(1) as f64
    }

    /// A sentence on the losses that stamps do not promise to show; nothing without any.
    pub(super) fn more_lost(&self) -> String {
        let found: u64 = self.outside.iter().map(|row| row.found).sum();
        match self.total.lost_outside {
            0 => String::new(),
            lost => format!(
                "{lost} more were lost in ways that stamps do not promise to show; {found} of them were found."
            ),
        }
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
            total.missed > 0,
            format!("{} lost writes were not found", total.missed),
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
        // Whoever ends a run early knows that it proves little.
        problem(
            self.lost_share() < LEAST_LOST && !self.setup.interrupted,
            format!(
                "only {:.2} % of the writes were lost, and under 1 % the run proves nothing; ask for a higher --rate or \
                 --lag, or a longer --cut",
                self.lost_share() * 100.0
            ),
        );
        problems
    }
}

fn row<'a>(
    region: &str,
    score: &Score,
    ledger_lost_writes: u64,
    sites: impl IntoIterator<Item = &'a StoppedSite>,
    table: &str,
) -> Row {
    let (mut points, mut given_up) = (Vec::new(), 0);
    for site in sites {
        points.extend(site.cloudwatch.points());
        let counts = site.counts;
        given_up += counts.dropped + counts.sent_to_destination + counts.expired;
    }
    let of_table = dimensions([("TableName", table)]);
    // Counts, so whole numbers.
    let sum = |metric: &str| sum_of(&points, metric, &of_table).unwrap_or(0.0) as u64;
    let delays = Delays::of(&points);
    let outside: BTreeMap<_, _> = score.out_of_scope.clone();
    Row {
        region: region.to_owned(),
        writes: score.writes,
        lost: score.found + score.missed,
        found: score.found,
        missed: score.missed,
        false_alarms: score.false_alarms,
        ledger_conflicts: score.conflicts,
        ledger_lost_writes,
        lost_outside: outside.values().map(|outside| outside.lost).sum(),
        false_outside: score.false_out_of_scope,
        metrics: RowMetrics {
            local_writes: sum("LocalWrites"),
            conflicts: sum("Conflicts"),
            lost_writes: sum("LostWrites"),
            delay_p50: delays.quantile(0.50),
            delay_p99: delays.quantile(0.99),
        },
        records_given_up: given_up,
    }
}

/// The Region's name, for the charts.
pub(super) fn name(region: Region) -> String {
    region.name().to_owned()
}
