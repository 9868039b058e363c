//! Runs the writers of all Regions.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use local_aws::global_table::{GlobalTable, GlobalTableError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::WorkloadOptions;
use super::client::Client;
use super::progress::Progress;
use super::request::RequestBuilder;
use super::writer::Writer;

/// How far a writer may fall behind its rate before it gives up catching up.
const MAX_LATENESS: Duration = Duration::from_secs(1);

/// Writes until the length is over or `stop` says true. Every request that was begun is finished.
///
/// # Errors
///
/// The table has no endpoint in one of its own Regions, which does not happen. What fails while it runs is counted in
/// `progress`.
pub async fn run(
    table: &GlobalTable,
    options: &WorkloadOptions,
    progress: Arc<Progress>,
    stop: watch::Receiver<bool>,
) -> Result<(), GlobalTableError> {
    let options = Arc::new(options.clone());
    let regions = table.regions();
    let mut seeds = Rng::with_seed(options.seed);
    let end = Instant::now() + options.length;
    let writers = (regions.len() * options.writers).max(1);
    let pause = Duration::from_secs_f64(writers as f64 / options.rate.max(0.001));
    let mut running = JoinSet::new();
    for &region in &regions {
        let client = Client::new(table.endpoint(region)?, region.name());
        let requests = RequestBuilder {
            table: table.table_name().to_owned(),
            region,
            regions: regions.clone(),
            prefix: options.stamp_prefix.clone(),
            ttl: options.ttl_attribute.clone(),
            stamps: true,
            borrow: options.borrow,
        };
        for _ in 0..options.writers {
            let mut rng = Rng::with_seed(seeds.u64(..));
            let writer = Writer {
                clock_ahead: options.clock_skew.mul_f64(rng.f64()),
                rng,
                options: Arc::clone(&options),
                requests: requests.clone(),
                client: client.clone(),
                progress: Arc::clone(&progress),
            };
            running.spawn(keep_writing(writer, pause, end, stop.clone()));
        }
    }
    running.join_all().await;
    Ok(())
}

/// Writes at a steady rate on average, with pauses as random as those of independent customers.
async fn keep_writing(
    mut writer: Writer,
    pause: Duration,
    end: Instant,
    mut stop: watch::Receiver<bool>,
) {
    let mut due = Instant::now();
    while !*stop.borrow_and_update() {
        due += pause.mul_f64(-(1.0 - writer.rng.f64()).ln());
        if due >= end {
            return;
        }
        let now = Instant::now();
        if now > due + MAX_LATENESS {
            writer.progress.skip();
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            // Whoever drops the sender wants no early stop.
            Ok(()) = stop.changed() => continue,
        }
        match writer.work().await {
            // A burst's further writes count against the rate too.
            Ok(writes) => due += pause * (writes as u32).saturating_sub(1),
            Err(error) => tracing::warn!(%error, "a request of the workload failed"),
        }
    }
}
