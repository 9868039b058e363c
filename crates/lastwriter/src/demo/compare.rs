//! Holds ledgers and metrics of a run against what its writers know.

use local_aws::cloudwatch::{dimensions, sum_of};
use workload::{Evaluation, Score, Truth};

use super::comparison::{Comparison, OutOfScope, RegionMetrics, RegionResult, Requests, Suspected};
use super::conflict::ConflictEntry;
use super::delay::Delays;
use super::example;
use super::join_result::{self, JoinResult};
use super::run::DemoRun;
use super::series::Series;
use crate::audit::{AnalysisError, Audited, read_examples};
use crate::failure::CommandError;
use crate::world::{StoppedStack, WorldError};

/// Compares a run that is over, and the audit of its streams.
pub(super) async fn compare(
    run: &DemoRun,
    audited: &mut Audited,
) -> Result<Comparison, CommandError> {
    let DemoRun {
        setup,
        history,
        progress,
        world,
    } = run;
    let (mut conflicts, mut suspected) = (Vec::new(), Vec::new());
    for (region, stack) in &world.stacks {
        let entries = stack.ledger.items().await.map_err(WorldError::from)?;
        let found = entries.iter().filter_map(ConflictEntry::from_item);
        conflicts.extend(found.map(|conflict| (*region, conflict)));
        let found = entries.iter();
        suspected.extend(found.filter_map(|item| ConflictEntry::suspected(*region, item)));
    }
    conflicts.sort_by(|(_, a), (_, b)| (a.detected_at, &a.id).cmp(&(b.detected_at, &b.id)));
    let truth = Truth::new(history);
    let found: Vec<_> = conflicts
        .iter()
        .map(|(region, conflict)| conflict.for_evaluation(*region))
        .collect();
    let findings = &audited.outcome.findings;
    // Their places among the findings, of which possible ones do not count.
    let (places, named): (Vec<_>, Vec<_>) = (0..findings.len())
        .filter(|at| join_result::counts(findings[*at].confidence))
        .filter_map(|at| Some((at, join_result::named(&findings[at])?)))
        .unzip();
    let evaluation = truth.evaluate_both(&found, &named);
    let mut join = JoinResult::new(&audited.outcome, &truth);

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
        found_by_stamps: score.found_by_stamps,
        found_by_join: score.found_by_join,
    });
    let regions = regions.collect();
    let all: Vec<_> = findings.iter().filter_map(join_result::named).collect();
    let found_with_possible = truth.lost_among(&all).len() as u64;
    join.note_recall(score.lost, score.found_by_join, found_with_possible);
    let mut series = Series::new(setup.started_at, setup.seconds_in_all);
    series.add_writes(&truth, world.stacks.keys());
    for (region, stack) in &world.stacks {
        series.add_delays(*region, &stack.cloudwatch.points());
    }
    let mut conflicts: Vec<ConflictEntry> = conflicts.into_iter().map(|(_, c)| c).collect();
    let example = example::choose(&conflicts).cloned();
    conflicts.extend(found_by_join_alone(&evaluation, &places, audited)?);
    conflicts.sort_by(|a, b| (a.detected_at, &a.id).cmp(&(b.detected_at, &b.id)));
    series.add_conflicts(&conflicts);
    Ok(Comparison {
        regions,
        total,
        outside: outside.collect(),
        suspected: setup
            .borrow
            .then(|| Suspected::new(truth.evaluate_suspected(&suspected))),
        requests: Requests {
            writes: progress.writes(),
            reads: progress.reads(),
            refused: progress.refused(),
            failed: progress.errors(),
            skipped: progress.skipped(),
        },
        // One of the ledgers, if there is any.
        example: example.or_else(|| example::choose(&conflicts).cloned()),
        join,
        conflicts,
        series,
        setup: setup.clone(),
        put_back: None,
    })
}

/// What the join found and no ledger has.
fn found_by_join_alone(
    evaluation: &Evaluation,
    places: &[usize],
    audited: &mut Audited,
) -> Result<Vec<ConflictEntry>, CommandError> {
    let Some(versions) = &mut audited.versions else {
        return Ok(Vec::new());
    };
    let alone = evaluation.beside_stamps.iter();
    let alone: Vec<usize> = alone.filter_map(|at| places.get(*at).copied()).collect();
    let examples = read_examples(&audited.outcome.findings, &alone, versions)
        .map_err(AnalysisError::from)
        .map_err(CommandError::failed)?;
    let conflicts = examples.into_iter().filter_map(ConflictEntry::from_join);
    Ok(conflicts.collect())
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
    RegionResult {
        region: region.to_owned(),
        writes: score.writes,
        lost: score.lost,
        found_by_stamps: score.found_by_stamps,
        found_by_join: score.found_by_join,
        missed: score.missed,
        shown_by_stamps: score.shown_by_stamps,
        missed_by_stamps: score.missed_by_stamps,
        false_alarms: score.false_alarms,
        ledger_conflicts: score.conflicts,
        ledger_lost_writes,
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
