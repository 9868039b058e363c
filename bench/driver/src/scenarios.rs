//! What is measured.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use serde::Serialize;

use crate::measure::{Candidate, RunningFunction, quick_ledger};
use crate::payload::Batch;
use crate::stats::Measurement;

/// Processes that the batches of a kind are spread over: where one process happens to have its memory tells in its
/// figures.
const PROCESSES: usize = 4;

/// Batches of a process before the first that counts: they open connections and grow buffers.
const WARM_UP: usize = 5;

/// What is measured beside each other.
pub(crate) struct Candidates {
    /// The runtime, the payload taken as raw JSON.
    pub(crate) bare: Candidate,
    /// The runtime, the payload dropped before anything reads it.
    pub(crate) floor: Candidate,
    pub(crate) ours: Candidate,
    /// Ours, with the metrics in embedded metric format.
    pub(crate) emf: Candidate,
    pub(crate) typed: Candidate,
    pub(crate) peers: Vec<Candidate>,
}

/// How often things are measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeats {
    /// Process starts of each function.
    pub(crate) starts: usize,
    /// Batches of each kind for each function.
    pub(crate) batches: usize,
}

impl Repeats {
    /// Batches that each of the processes gets, those to warm up left out.
    fn batches_a_process(self) -> usize {
        self.batches.div_ceil(PROCESSES)
    }
}

/// One function's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) name: String,
    /// CPU microseconds a record, without conflicts.
    pub(crate) cpu_us_per_record: Measurement,
    /// Milliseconds from spawning the process until it asks for work.
    pub(crate) start_ms: Measurement,
    /// Milliseconds of wall clock of the first invocation, ten records without conflicts.
    pub(crate) first_invocation_ms: Measurement,
    /// The most memory, in MB.
    pub(crate) peak_memory_mb: f64,
    /// Bytes of log a batch, at level `warn`: what is there is metrics.
    pub(crate) log_bytes_per_batch: f64,
    /// PutMetricData requests a batch.
    pub(crate) metric_requests_per_batch: f64,
}

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) bare: Figures,
    pub(crate) floor: Figures,
    pub(crate) ours: Figures,
    pub(crate) emf: Figures,
    /// The typed function, and the peers.
    pub(crate) others: Vec<Figures>,
    /// Records in the batches of the figures.
    pub(crate) records_per_batch: usize,
    /// CPU microseconds a record with 1 % conflicts: bare, ours.
    pub(crate) one_percent_cpu_us: (Measurement, Measurement),
    /// Milliseconds of wall clock for a batch of 1,000 with 10 % conflicts and a ledger that answers in 5 ms.
    pub(crate) ten_percent_batch_ms: Measurement,
    /// Records a batch, and CPU microseconds a batch.
    pub(crate) by_records: Vec<(usize, Measurement)>,
    /// Bytes an image, and CPU nanoseconds a byte of payload.
    pub(crate) by_image_bytes: Vec<(usize, Measurement)>,
    /// Ledger requests of batches without a conflict.
    pub(crate) ledger_requests_without_conflict: u64,
    /// The zip's size in bytes.
    pub(crate) zip_bytes: u64,
}

/// Measures everything.
pub(crate) async fn run(
    candidates: &Candidates,
    repeats: Repeats,
    zip_bytes: u64,
) -> Result<Results> {
    let Candidates {
        bare,
        ours,
        emf,
        floor,
        ..
    } = candidates;
    let mut all = vec![bare, ours, emf, floor, &candidates.typed];
    all.extend(&candidates.peers);

    progress("start-up");
    let starts = starts(&all, repeats.starts).await?;
    let batches = repeats.batches_a_process();
    progress("batches without conflicts");
    let (figures, ledger_requests_without_conflict) =
        without_conflicts(&all, starts, batches).await?;
    progress("batches with conflicts");
    let one_percent_cpu_us = one_percent([bare, ours], batches).await?;
    let ten_percent_batch_ms = ten_percent(ours, repeats.batches).await?;
    progress("growth with the number of records and with their size");
    let by_records = by_records(ours, batches).await?;
    let by_image_bytes = by_image_bytes(ours, batches).await?;

    let mut figures = figures.into_iter();
    let mut next = || figures.next().expect("there are figures of each function");
    Ok(Results {
        bare: next(),
        ours: next(),
        emf: next(),
        floor: next(),
        others: figures.collect(),
        records_per_batch: Batch::STANDARD.records,
        one_percent_cpu_us,
        ten_percent_batch_ms,
        by_records,
        by_image_bytes,
        ledger_requests_without_conflict,
        zip_bytes,
    })
}

fn progress(what: &str) {
    eprintln!("measuring {what}");
}

/// Start-up time and first invocation of each function; the functions take turns.
async fn starts(all: &[&Candidate], starts: usize) -> Result<Vec<(Measurement, Measurement)>> {
    let few = Batch {
        records: 10,
        ..Batch::STANDARD
    }
    .payload(0);
    let mut times = vec![(Vec::new(), Vec::new()); all.len()];
    for _ in 0..starts {
        for (candidate, (start, first)) in all.iter().zip(&mut times) {
            let running = candidate.start().await?;
            start.push(milliseconds(running.start_time()));
            first.push(milliseconds(running.send(few.clone()).await?));
            running.stop().await;
        }
    }
    let measured = |(start, first)| (Measurement::new(start), Measurement::new(first));
    Ok(times.into_iter().map(measured).collect())
}

/// The figures of each function, and how many requests our ledger got: it should be none.
async fn without_conflicts(
    all: &[&Candidate],
    starts: Vec<(Measurement, Measurement)>,
    batches: usize,
) -> Result<(Vec<Figures>, u64)> {
    #[derive(Clone, Default)]
    struct Totals {
        peak_memory_mb: f64,
        log_bytes: usize,
        metric_requests: u64,
    }
    let payloads = few(Batch::STANDARD);
    let mut cpu = CpuSamples::new(all.len());
    let mut totals = vec![Totals::default(); all.len()];
    let mut ledger_requests = 0;
    for _ in 0..PROCESSES {
        let mut running = Vec::new();
        for candidate in all {
            running.push(candidate.start().await?);
        }
        let lanes: Vec<&RunningFunction> = running.iter().collect();
        cpu.in_turn(&lanes, batches, |turn| {
            vec![payloads[turn % payloads.len()].clone(); all.len()]
        })
        .await?;
        for (function, totals) in running.iter().zip(&mut totals) {
            totals.peak_memory_mb = totals.peak_memory_mb.max(function.peak_memory_mb()?);
            totals.log_bytes += function.log_bytes();
            totals.metric_requests += function.cloudwatch.requests();
        }
        ledger_requests += running[1].ledger.requests().values().sum::<u64>();
        stop(running).await;
    }
    let sent = (PROCESSES * (WARM_UP + batches)) as f64;
    let cpu = cpu.measured();
    let figures = starts.into_iter().enumerate();
    let figures = figures.map(|(at, (start_ms, first_invocation_ms))| Figures {
        name: all[at].name.to_owned(),
        cpu_us_per_record: cpu[at].times(1.0 / Batch::STANDARD.records as f64),
        start_ms,
        first_invocation_ms,
        peak_memory_mb: totals[at].peak_memory_mb,
        log_bytes_per_batch: totals[at].log_bytes as f64 / sent,
        metric_requests_per_batch: totals[at].metric_requests as f64 / sent,
    });
    Ok((figures.collect(), ledger_requests))
}

/// CPU microseconds of batches, by lane.
///
/// The lanes take turns, one batch each, so that noise hits all of them.
struct CpuSamples(Vec<Vec<f64>>);

impl CpuSamples {
    fn new(lanes: usize) -> Self {
        Self(vec![Vec::new(); lanes])
    }

    /// Measures so many turns with processes that were just started; `payloads` gives a turn's batch for each lane.
    async fn in_turn(
        &mut self,
        lanes: &[&RunningFunction],
        turns: usize,
        mut payloads: impl FnMut(usize) -> Vec<Bytes>,
    ) -> Result<()> {
        for turn in 0..WARM_UP + turns {
            for (at, payload) in payloads(turn).into_iter().enumerate() {
                let used = lanes[at].cpu(payload).await?;
                if turn >= WARM_UP {
                    self.0[at].push(used.as_secs_f64() * 1e6);
                }
            }
        }
        Ok(())
    }

    fn measured(self) -> Vec<Measurement> {
        self.0.into_iter().map(Measurement::new).collect()
    }
}

async fn one_percent(pair: [&Candidate; 2], batches: usize) -> Result<(Measurement, Measurement)> {
    let batch = Batch {
        conflicts_percent: 1,
        ..Batch::STANDARD
    };
    let mut cpu = CpuSamples::new(2);
    for _ in 0..PROCESSES {
        let running = vec![pair[0].start().await?, pair[1].start().await?];
        // Fresh conflicts each turn: an entry that exists already is another answer of the ledger.
        cpu.in_turn(&[&running[0], &running[1]], batches, |turn| {
            vec![batch.payload(turn); 2]
        })
        .await?;
        let kept = running[1].ledger.items().await?.len();
        let expected = (WARM_UP + batches) * batch.records / 100;
        ensure!(
            kept == expected,
            "{kept} of {expected} conflicts are in the ledger"
        );
        stop(running).await;
    }
    let cpu = cpu.measured();
    let a_record = |cpu: Measurement| cpu.times(1.0 / batch.records as f64);
    Ok((a_record(cpu[0]), a_record(cpu[1])))
}

async fn ten_percent(ours: &Candidate, batches: usize) -> Result<Measurement> {
    let batch = Batch {
        conflicts_percent: 10,
        ..Batch::STANDARD
    };
    let ledger = quick_ledger(Duration::from_millis(5)).await?;
    let running = ours.start_with_ledger(Some(ledger)).await?;
    let mut took = Vec::new();
    for turn in 0..WARM_UP + batches {
        let wall = milliseconds(running.send(batch.payload(turn)).await?);
        if turn >= WARM_UP {
            took.push(wall);
        }
    }
    running.stop().await;
    Ok(Measurement::new(took))
}

/// Small records, so that 10,000 of them are within the 6 MB that Lambda takes.
async fn by_records(ours: &Candidate, batches: usize) -> Result<Vec<(usize, Measurement)>> {
    let kinds = [100, 1_000, 10_000].map(|records| Batch {
        records,
        image_bytes: 0,
        conflicts_percent: 0,
    });
    let cpu = by_kind(ours, kinds, batches).await?;
    let pairs = kinds.iter().zip(cpu);
    Ok(pairs.map(|(kind, cpu)| (kind.records, cpu)).collect())
}

/// Payloads of equal size, so that nothing but what is in them differs.
async fn by_image_bytes(ours: &Candidate, batches: usize) -> Result<Vec<(usize, Measurement)>> {
    const PAYLOAD_BYTES: usize = 4_000_000;
    let kinds = [1_000, 10_000, 100_000].map(|bytes| Batch::of_bytes(bytes, PAYLOAD_BYTES));
    let cpu = by_kind(ours, kinds, batches).await?;
    let pairs = kinds.iter().zip(cpu);
    // Microseconds a byte are nanoseconds a thousandth of one.
    let nanos_a_byte = |kind: &Batch| 1e3 / kind.payload(0).len() as f64;
    Ok(pairs
        .map(|(kind, cpu)| (kind.image_bytes, cpu.times(nanos_a_byte(kind))))
        .collect())
}

/// CPU microseconds a batch of each kind, the kinds in turn.
async fn by_kind(ours: &Candidate, kinds: [Batch; 3], batches: usize) -> Result<Vec<Measurement>> {
    let payloads = kinds.map(few);
    let mut cpu = CpuSamples::new(kinds.len());
    for _ in 0..PROCESSES {
        // A process each: what one does after its answer is booked to its own kind.
        let mut running = Vec::new();
        for _ in kinds {
            running.push(ours.start().await?);
        }
        let lanes: Vec<&RunningFunction> = running.iter().collect();
        cpu.in_turn(&lanes, batches, |turn| {
            let of_turn = payloads.iter().map(|few| few[turn % few.len()].clone());
            of_turn.collect()
        })
        .await?;
        stop(running).await;
    }
    Ok(cpu.measured())
}

/// A few batches of a kind: one alone the processor might come to know by heart.
fn few(batch: Batch) -> Vec<Bytes> {
    (0..5).map(|number| batch.payload(number)).collect()
}

async fn stop(running: Vec<RunningFunction>) {
    for function in running {
        function.stop().await;
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
