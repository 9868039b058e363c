//! The results beside their targets.

use serde::Serialize;

use crate::cost::Costs;
use crate::scenarios::{Figures, Results};
use crate::stats::Measurement;
use crate::table::table;

/// A figure with the most it may be.
#[derive(Debug, Serialize)]
struct Target {
    what: &'static str,
    figure: f64,
    most: f64,
    unit: &'static str,
}

impl Target {
    fn is_met(&self) -> bool {
        self.figure <= self.most
    }
}

/// The results and the targets.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    results: Results,
    targets: Vec<Target>,
    costs: Costs,
}

impl Report {
    /// Works the targets out.
    pub(crate) fn new(results: Results, costs: Costs) -> Self {
        let (bare, ours) = (&results.bare, &results.ours);
        let ratio = |what, ours: f64, bare: f64, most| Target {
            what,
            figure: ours / bare,
            most,
            unit: "x bare",
        };
        let (bare_one, ours_one) = results.one_percent_cpu_us;
        let targets = vec![
            ratio(
                "CPU a record, no conflicts",
                ours.cpu_us_per_record.median,
                bare.cpu_us_per_record.median,
                1.3,
            ),
            Target {
                what: "CPU a record, of the floor: the payload dropped",
                figure: ours.cpu_us_per_record.median / results.floor.cpu_us_per_record.median,
                most: 5.0,
                unit: "x floor",
            },
            ratio(
                "start to ready",
                ours.start_ms.median,
                bare.start_ms.median,
                1.3,
            ),
            Target {
                what: "first invocation above bare",
                figure: ours.first_invocation_ms.median - bare.first_invocation_ms.median,
                most: 10.0,
                unit: "ms",
            },
            ratio("peak memory", ours.peak_memory_mb, bare.peak_memory_mb, 1.5),
            Target {
                what: "zip",
                figure: results.zip_bytes as f64 / 1e6,
                most: 3.0,
                unit: "MB",
            },
            ratio(
                "CPU a record, 1 % conflicts",
                ours_one.median,
                bare_one.median,
                2.0,
            ),
            Target {
                what: "batch of 1,000, 10 % conflicts, ledger at 5 ms",
                figure: results.ten_percent_batch_ms.median,
                most: 60.0,
                unit: "ms",
            },
            Target {
                what: "CPU a further record: 100 to 1,000, then to 10,000 a batch",
                figure: bend(&results.by_records),
                most: 1.15,
                unit: "most / least",
            },
            Target {
                what: "CPU a byte, images of 1 to 100 KB",
                figure: growth(&results.by_image_bytes),
                most: 1.15,
                unit: "most / least",
            },
            Target {
                what: "PutMetricData a batch",
                figure: ours.metric_requests_per_batch,
                most: 1.0,
                unit: "requests",
            },
            Target {
                what: "ledger calls without a conflict",
                figure: results.ledger_requests_without_conflict as f64,
                most: 0.0,
                unit: "requests",
            },
        ];
        Self {
            results,
            targets,
            costs,
        }
    }

    /// Whether every target is met.
    pub(crate) fn all_met(&self) -> bool {
        self.targets.iter().all(Target::is_met)
    }

    /// Prints the tables.
    #[expect(clippy::print_stdout, reason = "it is the program's result")]
    pub(crate) fn print(&self) {
        let mut functions = table(&[
            "function",
            "CPU us/record",
            "ratio",
            "of the floor",
            "start to ready ms (wall)",
            "first call ms (wall)",
            "peak MB",
        ]);
        let Results {
            bare,
            floor,
            ours,
            emf,
            others,
            ..
        } = &self.results;
        let of = |figures: &Figures, other: &Figures| {
            let ratio = figures.cpu_us_per_record.median / other.cpu_us_per_record.median;
            format!("{ratio:.2}")
        };
        for figures in [floor, bare, ours, emf].into_iter().chain(others) {
            functions.add_row([
                figures.name.clone(),
                spread(figures.cpu_us_per_record),
                of(figures, bare),
                of(figures, floor),
                spread(figures.start_ms),
                spread(figures.first_invocation_ms),
                format!("{:.1}", figures.peak_memory_mb),
            ]);
        }
        println!("{functions}\n");
        let mut targets = table(&[
            "target of stream-processor",
            "measured",
            "at most",
            "unit",
            "",
        ]);
        for target in &self.targets {
            targets.add_row([
                target.what.to_owned(),
                format!("{:.2}", target.figure),
                format!("{}", target.most),
                target.unit.to_owned(),
                if target.is_met() { "met" } else { "MISSED" }.to_owned(),
            ]);
        }
        println!("{targets}\n");
        println!("{}", self.costs);
    }
}

/// How far the cost of a further record changes along the way, the larger over the smaller.
///
/// What a batch costs whatever its size, above all its PutMetricData, is no part of it.
fn bend(costs: &[(usize, Measurement)]) -> f64 {
    let slopes: Vec<f64> = costs
        .windows(2)
        .map(|pair| (pair[1].1.median - pair[0].1.median) / (pair[1].0 - pair[0].0) as f64)
        .collect();
    slopes.iter().copied().fold(0.0, f64::max)
        / slopes.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The largest cost over the smallest.
fn growth(costs: &[(usize, Measurement)]) -> f64 {
    let medians = || costs.iter().map(|(_, cost)| cost.median);
    medians().fold(0.0, f64::max) / medians().fold(f64::INFINITY, f64::min)
}

fn spread(measured: Measurement) -> String {
    format!(
        "{:.2} ({:.2} to {:.2})",
        measured.median, measured.low, measured.high
    )
}
