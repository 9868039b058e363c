//! What is measured.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use serde::Serialize;

use crate::measure::{Candidate, Running, quick_ledger};
use crate::payload::Batch;
use crate::stats::Measured;

/// What is measured beside each other.
pub(crate) struct Candidates {
    pub(crate) bare: Candidate,
    pub(crate) ours: Candidate,
    pub(crate) typed: Candidate,
    pub(crate) peers: Vec<Candidate>,
}

/// One function's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) name: String,
    /// CPU microseconds a record, without conflicts.
    pub(crate) cpu_us_per_record: Measured,
    /// Milliseconds from spawning the process until it asks for work.
    pub(crate) start_ms: Measured,
    /// Milliseconds of wall clock of the first invocation, ten records without conflicts.
    pub(crate) first_invocation_ms: Measured,
    /// The most memory, in MB.
    pub(crate) peak_memory_mb: f64,
}

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// The bare function first, ours second.
    pub(crate) figures: Vec<Figures>,
    /// CPU microseconds a record with 1 % conflicts: bare, ours.
    pub(crate) one_percent_cpu_us: (Measured, Measured),
    /// Milliseconds of wall clock for a batch of 1,000 with 10 % conflicts and a ledger that answers in 5 ms.
    pub(crate) ten_percent_batch_ms: Measured,
    /// Records a batch, and CPU microseconds a batch.
    pub(crate) by_records: Vec<(usize, Measured)>,
    /// Bytes an image, and CPU nanoseconds a byte of payload.
    pub(crate) by_image_bytes: Vec<(usize, Measured)>,
    /// PutMetricData requests a batch.
    pub(crate) metric_requests_per_batch: f64,
    /// Ledger requests of batches without a conflict.
    pub(crate) ledger_requests_without_conflict: u64,
    /// The zip's size in bytes.
    pub(crate) zip_bytes: u64,
}

/// Measures everything.
pub(crate) async fn run(
    candidates: &Candidates,
    rounds: usize,
    batches: usize,
    zip_bytes: u64,
) -> Result<Results> {
    let mut all = vec![&candidates.bare, &candidates.ours, &candidates.typed];
    all.extend(&candidates.peers);
    let (starts, firsts) = starts(&all, rounds).await?;
    let plain = payloads(Batch::STANDARD, batches);
    let mut running = Vec::new();
    for candidate in &all {
        running.push(candidate.start().await?);
    }
    let cpu = in_turn(&running, &plain, rounds, Batch::STANDARD.records * batches).await?;
    let mut figures = Vec::new();
    for (at, candidate) in all.iter().enumerate() {
        figures.push(Figures {
            name: candidate.name.to_owned(),
            cpu_us_per_record: cpu[at],
            start_ms: starts[at],
            first_invocation_ms: firsts[at],
            peak_memory_mb: running[at].peak_memory_mb()?,
        });
    }
    let sent = (rounds + 1) * batches;
    let metric_requests_per_batch = running[1].cloudwatch.requests() as f64 / sent as f64;
    let ledger_requests_without_conflict = running[1].ledger.requests().values().sum();
    for function in running {
        function.stop().await;
    }
    let pair = [&candidates.bare, &candidates.ours];
    Ok(Results {
        figures,
        one_percent_cpu_us: one_percent(pair, rounds, batches).await?,
        ten_percent_batch_ms: ten_percent(&candidates.ours, rounds).await?,
        by_records: by_records(&candidates.ours, rounds).await?,
        by_image_bytes: by_image_bytes(&candidates.ours, rounds).await?,
        metric_requests_per_batch,
        ledger_requests_without_conflict,
        zip_bytes,
    })
}

fn payloads(batch: Batch, count: usize) -> Vec<Bytes> {
    (0..count).map(|number| batch.payload(number)).collect()
}

/// Start-up times and first invocations, each function started anew in each round.
async fn starts(all: &[&Candidate], rounds: usize) -> Result<(Vec<Measured>, Vec<Measured>)> {
    let few = Batch {
        records: 10,
        ..Batch::STANDARD
    }
    .payload(0);
    let mut starts = vec![Vec::new(); all.len()];
    let mut firsts = vec![Vec::new(); all.len()];
    for _ in 0..rounds * 3 {
        for (at, candidate) in all.iter().enumerate() {
            let running = candidate.start().await?;
            starts[at].push(milliseconds(running.start_time()));
            firsts[at].push(milliseconds(running.send(few.clone()).await?));
            running.stop().await;
        }
    }
    let measured = |values: Vec<Vec<f64>>| values.into_iter().map(Measured::of).collect();
    Ok((measured(starts), measured(firsts)))
}

/// CPU microseconds a unit, of which `payloads` hold so many in all; the functions take turns. One round before the first warms up.
async fn in_turn(
    running: &[Running],
    payloads: &[Bytes],
    rounds: usize,
    units: usize,
) -> Result<Vec<Measured>> {
    let mut cpu = vec![Vec::new(); running.len()];
    for round in 0..=rounds {
        for (at, function) in running.iter().enumerate() {
            let used = function.cpu(payloads).await?.as_secs_f64() * 1e6 / units as f64;
            if round > 0 {
                cpu[at].push(used);
            }
        }
    }
    Ok(cpu.into_iter().map(Measured::of).collect())
}

async fn one_percent(
    pair: [&Candidate; 2],
    rounds: usize,
    batches: usize,
) -> Result<(Measured, Measured)> {
    let batch = Batch {
        conflicts_percent: 1,
        ..Batch::STANDARD
    };
    let running = [pair[0].start().await?, pair[1].start().await?];
    let mut cpu = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        // Fresh conflicts each round: an entry that exists already is another answer of the ledger.
        let fresh: Vec<Bytes> = (0..batches)
            .map(|number| batch.payload(round * batches + number))
            .collect();
        for (at, function) in running.iter().enumerate() {
            let used =
                function.cpu(&fresh).await?.as_secs_f64() * 1e6 / (batch.records * batches) as f64;
            if round > 0 {
                cpu[at].push(used);
            }
        }
    }
    let kept = running[1].ledger.items().await?.len();
    let expected = (rounds + 1) * batches * batch.records / 100;
    ensure!(
        kept == expected,
        "{kept} of {expected} conflicts are in the ledger"
    );
    let [bare, ours] = cpu.map(Measured::of);
    for function in running {
        function.stop().await;
    }
    Ok((bare, ours))
}

async fn ten_percent(ours: &Candidate, rounds: usize) -> Result<Measured> {
    let batch = Batch {
        conflicts_percent: 10,
        ..Batch::STANDARD
    };
    let ledger = quick_ledger(Duration::from_millis(5)).await?;
    let running = ours.start_with_ledger(Some(ledger)).await?;
    let mut took = Vec::new();
    for round in 0..=rounds * 3 {
        let wall = milliseconds(running.send(batch.payload(round)).await?);
        if round > 0 {
            took.push(wall);
        }
    }
    running.stop().await;
    Ok(Measured::of(took))
}

/// Small records, so that 10,000 of them are within Lambda's 6 MB.
async fn by_records(ours: &Candidate, rounds: usize) -> Result<Vec<(usize, Measured)>> {
    const RECORDS: usize = 20_000;
    let running = ours.start().await?;
    let mut results = Vec::new();
    for records in [100, 1_000, 10_000] {
        let batch = Batch {
            records,
            image_bytes: 0,
            conflicts_percent: 0,
        };
        // Lambda takes 6 MB, and so does the Runtime API here.
        let payloads = payloads(batch, RECORDS / records);
        let cpu = in_turn(
            std::slice::from_ref(&running),
            &payloads,
            rounds,
            RECORDS / records,
        )
        .await?;
        results.push((records, cpu[0]));
    }
    running.stop().await;
    Ok(results)
}

async fn by_image_bytes(ours: &Candidate, rounds: usize) -> Result<Vec<(usize, Measured)>> {
    const BATCH_BYTES: usize = 4_000_000;
    let running = ours.start().await?;
    let mut results = Vec::new();
    for image_bytes in [1_000, 10_000, 100_000] {
        let batch = Batch {
            records: BATCH_BYTES / (2 * image_bytes),
            image_bytes,
            conflicts_percent: 0,
        };
        let payloads = payloads(batch, 5);
        let bytes: usize = payloads.iter().map(Bytes::len).sum();
        let cpu = in_turn(std::slice::from_ref(&running), &payloads, rounds, bytes).await?;
        // Microseconds a byte are nanoseconds a thousandth of one.
        let nanos = |value: f64| value * 1e3;
        results.push((
            image_bytes,
            Measured {
                median: nanos(cpu[0].median),
                least: nanos(cpu[0].least),
                most: nanos(cpu[0].most),
            },
        ));
    }
    running.stop().await;
    Ok(results)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
