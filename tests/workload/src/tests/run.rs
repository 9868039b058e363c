//! A whole run: writers, replication, and a plain reading of the streams in the processor's place.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::hand_made::{EAST, EU, WEST, is_exact, lost_share, region};
use crate::*;
use local_aws::global_table::{GlobalTable, GlobalTableConfig, Lag, Region};

/// How far the clocks of one Region's writers may be apart for the reader of the streams.
const TOLERANCE: u64 = 100_000;

/// The stamps of an image.
fn stamps(image: &Value) -> StampPairs {
    let mut stamps = StampPairs::new();
    for (name, value) in image.as_object().into_iter().flatten() {
        let number = value["N"].as_str().and_then(|text| text.parse().ok());
        if let Some(region) = name.strip_prefix("lw:n:") {
            stamps.entry(region.to_owned()).or_default().n = number;
        } else if let Some(region) = name.strip_prefix("lw:t:") {
            stamps.entry(region.to_owned()).or_default().t = number;
        }
    }
    stamps
}

/// The rule by which a conflict shows in one record, for writers that all stamp.
fn is_conflict(region: Region, old: &StampPairs, new: &StampPairs) -> bool {
    let zero = StampPair::default();
    let foreign_advanced = new.iter().any(|(name, stamp)| {
        let before = old.get(name).unwrap_or(&zero);
        name != region.name() && (stamp.n > before.n || stamp.t > before.t)
    });
    let Some(mine) = old.get(region.name()) else {
        return false;
    };
    let theirs = new.get(region.name()).unwrap_or(&zero);
    let (n, t) = (mine.n.unwrap_or(0), mine.t.unwrap_or(0));
    let saw = match (theirs.n, theirs.t) {
        (Some(new_n), Some(new_t)) if new_n == n => new_t == t,
        (Some(new_n), Some(new_t)) => new_n > n && new_t + TOLERANCE >= t,
        _ => false,
    };
    foreign_advanced && !saw
}

/// The conflicts in all streams.
fn conflicts(table: &GlobalTable) -> Vec<LedgerConflict> {
    let mut found = Vec::new();
    for region in table.regions() {
        for record in table.shard(region).unwrap().read_from(0, usize::MAX) {
            let record: Value = serde_json::from_str(record.json.get()).unwrap();
            let change = &record["dynamodb"];
            if record["eventName"] != "MODIFY" {
                continue;
            }
            let (loser, winner) = (stamps(&change["OldImage"]), stamps(&change["NewImage"]));
            if is_conflict(region, &loser, &winner) {
                let part = |name: &str| change["Keys"][name]["S"].as_str().unwrap().to_owned();
                found.push(LedgerConflict {
                    region,
                    key: ItemId::new(part("PK"), part("SK")),
                    loser,
                    winner,
                });
            }
        }
    }
    found
}

struct RunResult {
    table: GlobalTable,
    truth: Truth,
    progress: Arc<Progress>,
}

/// Runs a workload in three Regions with little lag, and with EU cut off for a while, until everything has arrived.
async fn ran(options: WorkloadOptions) -> RunResult {
    let lag = Lag::LogNormal {
        median: Duration::from_millis(60),
        sigma: 0.7,
    };
    ran_in(&[EAST, WEST, EU], lag, options).await
}

async fn ran_in(regions: &[&str], lag: Lag, options: WorkloadOptions) -> RunResult {
    let history = History::new("lw");
    let table = GlobalTable::start(GlobalTableConfig {
        lag,
        seed: options.seed,
        ttl_sweep: Some(Duration::from_millis(200)),
        observer: Some(history.observer()),
        ..GlobalTableConfig::new(regions.iter().map(|name| region(name)).collect())
    })
    .await
    .unwrap();
    let progress = Arc::new(Progress::default());
    let (_keep, stop) = watch::channel(false);
    let writing = run(&table, &options, Arc::clone(&progress), stop);
    let cutting = async {
        tokio::time::sleep(options.length / 4).await;
        table.cut(region(EU)).await.unwrap();
        tokio::time::sleep(options.length / 4).await;
        table.join(region(EU)).unwrap();
    };
    let (written, ()) = tokio::join!(writing, cutting);
    written.unwrap();
    table.wait_until_converged().await;
    let truth = Truth::new(&history);
    RunResult {
        table,
        truth,
        progress,
    }
}

fn options() -> WorkloadOptions {
    WorkloadOptions {
        seed: 11,
        length: Duration::from_secs(3),
        rate: 200.0,
        users: 25,
        purge_after: Duration::from_secs(1),
        ..WorkloadOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lost_write_is_found_in_the_streams_with_no_false_alarm_and_a_worse_reader_is_caught()
{
    let RunResult {
        table,
        truth,
        progress,
    } = ran(options()).await;
    assert_eq!(progress.errors(), 0);
    assert_eq!(truth.writes().len() as u64, progress.writes());
    assert!(lost_share(&truth) > 0.01, "{}", lost_share(&truth));

    let found = conflicts(&table);
    let evaluation = truth.evaluate(&found);
    assert!(is_exact(&evaluation), "{:#?}", evaluation.regions);
    let total = evaluation.total();
    assert!(total.found_by_stamps > 10, "{total:?}");
    assert_eq!(
        total.shown_by_stamps + total.out_of_scope.values().map(|o| o.lost).sum::<u64>(),
        total.lost
    );

    // A reader that keeps quiet about one Region misses that Region's losses, and no others.
    let quiet: Vec<_> = found
        .iter()
        .filter(|c| c.region != region(EU))
        .cloned()
        .collect();
    let missed = truth.evaluate(&quiet).missed_by_stamps;
    assert!(!missed.is_empty() && missed.iter().all(|id| id.region == region(EU)));

    // A reader that takes every replicated write for a conflict raises false alarms.
    let mut eager = found.clone();
    for record in table.shard(region(EAST)).unwrap().read_from(0, usize::MAX) {
        let record: Value = serde_json::from_str(record.json.get()).unwrap();
        let change = &record["dynamodb"];
        eager.push(LedgerConflict {
            region: region(EAST),
            key: ItemId::new(
                change["Keys"]["PK"]["S"].as_str().unwrap(),
                change["Keys"]["SK"]["S"].as_str().unwrap(),
            ),
            loser: stamps(&change["OldImage"]),
            winner: stamps(&change["NewImage"]),
        });
    }
    assert!(!truth.evaluate(&eager).false_alarms.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unstamped_writers_and_blind_puts_come_in_as_large_a_share_as_they_are_asked_for() {
    let RunResult { truth, .. } = ran(WorkloadOptions {
        unstamped_share: 0.2,
        blind_put_share: 0.1,
        length: Duration::from_secs(2),
        ..options()
    })
    .await;
    let share = |kind| {
        let writes = truth.writes();
        let such = writes.iter().filter(|write| write.kind == kind).count();
        such as f64 / writes.len() as f64
    };
    assert!((0.1..0.3).contains(&share(WriteKind::Unstamped)));
    assert!((0.04..0.2).contains(&share(WriteKind::BlindPut)));
    let evaluation = truth.evaluate(&[]);
    let out_of_scope = evaluation.total().out_of_scope;
    assert!(
        out_of_scope[&OutOfScope::Unstamped].lost + out_of_scope[&OutOfScope::BlindPut].lost > 0
    );
}

#[tokio::test]
async fn a_run_ends_early_when_it_is_told_to() {
    let config = GlobalTableConfig {
        lag: Lag::NONE,
        ..GlobalTableConfig::new(vec![region(EAST), region(WEST)])
    };
    let table = GlobalTable::start(config).await.unwrap();
    let options = WorkloadOptions {
        length: Duration::from_secs(100_000),
        ..options()
    };
    let progress = Arc::new(Progress::default());
    let (tell, stop) = watch::channel(false);
    let writing = run(&table, &options, Arc::clone(&progress), stop);
    let telling = async {
        while progress.writes() < 5 {
            tokio::task::yield_now().await;
        }
        tell.send(true).unwrap();
    };
    let (ended, ()) = tokio::join!(writing, telling);
    ended.unwrap();
}

/// The load that the demo has to hold, on one seed after the other. Takes minutes, so it runs only when asked for:
/// `cargo test -p local-aws -- --ignored --nocapture demo_load`. LOAD_SEEDS, LOAD_RATE, LOAD_SECONDS and LOAD_REGIONS
/// change it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
#[allow(clippy::print_stdout)]
async fn demo_load_is_held_and_every_lost_write_is_found() {
    let setting = |name: &str, default: u64| -> u64 {
        let given = std::env::var(name).ok();
        given.map_or(default, |text| text.parse().unwrap())
    };
    let regions = [EAST, EU, WEST, "ap-southeast-2", "sa-east-1"];
    let regions = &regions[..setting("LOAD_REGIONS", 3) as usize];
    for seed in 0..setting("LOAD_SEEDS", 3) {
        let options = WorkloadOptions {
            seed,
            rate: setting("LOAD_RATE", 500) as f64,
            length: Duration::from_secs(setting("LOAD_SECONDS", 30)),
            ..WorkloadOptions::default()
        };
        let RunResult {
            table,
            truth,
            progress,
        } = ran_in(regions, Lag::default(), options.clone()).await;
        let found = conflicts(&table);
        let evaluation = truth.evaluate(&found);
        println!(
            "seed {seed}: {:.0} writes/s, {} skipped, {} refused, {} reads, {:.1} % lost, {} conflicts, {:?}",
            truth.writes().len() as f64 / options.length.as_secs_f64(),
            progress.skipped(),
            progress.refused(),
            progress.reads(),
            lost_share(&truth) * 100.0,
            found.len(),
            evaluation.total(),
        );
        for &name in regions {
            println!("  {name}: {:?}", table.counts(region(name)).unwrap());
        }
        assert_eq!(progress.errors(), 0);
        let most = truth.writes().len() as u64 / 100;
        assert!(progress.skipped() <= most, "the load was not held");
        assert!(is_exact(&evaluation), "{:#?}", evaluation.regions);
    }
}
