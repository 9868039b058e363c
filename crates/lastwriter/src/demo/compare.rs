//! Holds ledgers and metrics of a run against what its writers know.

use std::collections::BTreeMap;

use local_aws::cloudwatch::{dimensions, sum_of};
use workload::{Score, Truth};

use super::comparison::{Comparison, OutOfScope, RegionMetrics, RegionResult, Requests};
use super::conflict::ConflictEntry;
use super::delay::Delays;
use super::example;
use super::run::DemoRun;
use super::series::Series;
use crate::world::{StoppedStack, WorldError};

/// Compares a run that is over.
pub(super) async fn compare(run: &DemoRun) -> Result<Comparison, WorldError> {
    let DemoRun {
        setup,
        history,
        progress,
        world,
    } = run;
    let mut conflicts = Vec::new();
    for (region, stack) in &world.stacks {
        let entries = stack.ledger.items().await?;
        let found = entries.iter().filter_map(ConflictEntry::from_item);
        conflicts.extend(found.map(|conflict| (*region, conflict)));
    }
    conflicts.sort_by(|(_, a), (_, b)| (a.detected_at, &a.id).cmp(&(b.detected_at, &b.id)));
    let truth = Truth::new(history);
    let found: Vec<_> = conflicts
        .iter()
        .map(|(region, conflict)| conflict.for_evaluation(*region))
        .collect();
    let evaluation = truth.evaluate(&found);

    let table = world.table.table_name();
    let regions = world.stacks.iter().map(|(region, stack)| {
        let score = evaluation.regions.get(region).cloned().unwrap_or_default();
        let mine = conflicts.iter().filter(|(of, _)| of == region);
        let lost_writes = mine.map(|(_, conflict)| conflict.lost_writes).sum();
        result(region.name(), &score, lost_writes, [stack], table)
    });
    let score = evaluation.total();
    let lost_writes = conflicts.iter().map(|(_, c)| c.lost_writes).sum();
    let total = result("all", &score, lost_writes, world.stacks.values(), table);
    let outside = score.out_of_scope.iter().map(|(reason, score)| OutOfScope {
        reason: reason.description().to_owned(),
        lost: score.lost,
        found: score.found,
    });
    let regions = regions.collect();
    let mut series = Series::new(setup.started_at, setup.seconds_in_all);
    series.add_writes(&truth, world.stacks.keys());
    series.add_conflicts(conflicts.iter().map(|(_, conflict)| conflict));
    for (region, stack) in &world.stacks {
        series.add_delays(*region, &stack.cloudwatch.points());
    }
    let conflicts: Vec<ConflictEntry> = conflicts.into_iter().map(|(_, c)| c).collect();
    Ok(Comparison {
        regions,
        total,
        outside: outside.collect(),
        requests: Requests {
            writes: progress.writes(),
            reads: progress.reads(),
            refused: progress.refused(),
            failed: progress.errors(),
            skipped: progress.skipped(),
        },
        example: example::choose(&conflicts).cloned(),
        conflicts,
        series,
        setup: setup.clone(),
        put_back: None,
    })
}

fn result<'a>(
    region: &str,
    score: &Score,
    ledger_lost_writes: u64,
    stacks: impl IntoIterator<Item = &'a StoppedStack>,
    table: &str,
) -> RegionResult {
    let (mut points, mut given_up) = (Vec::new(), 0);
    for stack in stacks {
        points.extend(stack.cloudwatch.points());
        let counts = stack.counts;
        given_up += counts.dropped + counts.sent_to_destination + counts.expired;
    }
    let of_table = dimensions([("TableName", table)]);
    // Counts, so whole numbers.
    let sum = |metric: &str| sum_of(&points, metric, &of_table).unwrap_or(0.0) as u64;
    let delays = Delays::from_points(&points);
    let outside: BTreeMap<_, _> = score.out_of_scope.clone();
    RegionResult {
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
        metrics: RegionMetrics {
            local_writes: sum("LocalWrites"),
            conflicts: sum("Conflicts"),
            lost_writes: sum("LostWrites"),
            delay_p50: delays.quantile(0.50),
            delay_p99: delays.quantile(0.99),
        },
        records_given_up: given_up,
    }
}
