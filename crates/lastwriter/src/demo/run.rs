//! One demo from start to end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use local_aws::global_table::{GlobalTable, GlobalTableError, Lag};
use tokio::sync::watch;
use workload::{History, Progress, WorkloadOptions};

use super::cut::Span;
use super::live::Live;
use super::outcome::{Outcome, Setup};
use super::signals::Stop;
use crate::failure::CommandError;
use crate::world::{World, WorldConfig, WorldError};

/// How long replication and functions may take after the traffic, the replication's own delay not counted.
const LONGEST_SETTLING: Duration = Duration::from_secs(60);

/// What a demo does.
pub(super) struct Plan {
    pub(super) world: WorldConfig,
    pub(super) workload: WorkloadOptions,
    pub(super) history: History,
    pub(super) cut: Option<Span>,
}

/// What a demo has seen, beside what is in the ledgers and metrics.
pub(super) struct Seen {
    pub(super) setup: Setup,
    pub(super) history: History,
    pub(super) progress: Arc<Progress>,
}

/// Runs a demo until the traffic is over and everything has arrived, or until it is told to stop.
pub(super) async fn run(plan: Plan, mut signals: Stop) -> Result<Outcome, CommandError> {
    let mut setup = Setup::of(&plan);
    let patience = LONGEST_SETTLING + longest_delay(plan.world.table.lag);
    let starting = Instant::now();
    let world = World::start(plan.world).await?;
    let starting = starting.elapsed();
    let mut live = Live::new(&world, plan.workload.length, starting);
    let progress = Arc::new(Progress::default());

    setup.starting_seconds = starting.as_secs_f64();
    setup.started_at = Utc::now();
    let began = Instant::now();
    let traffic = Traffic {
        world: &world,
        options: &plan.workload,
        cut: plan.cut,
        progress: Arc::clone(&progress),
    };
    setup.interrupted = traffic.run(&mut live, &mut signals).await?;
    setup.traffic_seconds = began.elapsed().as_secs_f64();

    live.settling();
    setup.settled = tokio::select! {
        () = world.settle() => true,
        never = live.watch(&world) => match never {},
        () = tokio::time::sleep(patience) => false,
        () = signals.asked() => {
            setup.interrupted = true;
            false
        }
    };
    setup.seconds_in_all = began.elapsed().as_secs_f64();
    let world = world.stop().await;
    live.finish();
    let seen = Seen {
        setup,
        history: plan.history,
        progress,
    };
    Ok(Outcome::of(&world, seen).await?)
}

/// A delay that not one change in a million exceeds: five standard deviations.
pub(super) fn longest_delay(lag: Lag) -> Duration {
    match lag {
        Lag::Fixed(delay) => delay,
        Lag::LogNormal { median, sigma } => {
            let seconds = median.as_secs_f64() * (5.0 * sigma).exp();
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 2)
        }
    }
}

/// The writers and the cut.
struct Traffic<'a> {
    world: &'a World,
    options: &'a WorkloadOptions,
    cut: Option<Span>,
    progress: Arc<Progress>,
}

impl Traffic<'_> {
    /// Runs to the end, or until told to stop. True where it was told to.
    async fn run(self, live: &mut Live, signals: &mut Stop) -> Result<bool, WorldError> {
        let (tell, stop) = watch::channel(false);
        let table = &self.world.table;
        let writing = workload::run(table, self.options, self.progress, stop.clone());
        let both = async { tokio::try_join!(writing, keep_cut(table, self.cut, stop)) };
        tokio::pin!(both);
        tokio::select! {
            written = &mut both => {
                written?;
                return Ok(false);
            }
            never = live.watch(self.world) => match never {},
            () = signals.asked() => {}
        }
        // Nobody is left to tell where the traffic has ended by itself just now.
        let _ = tell.send(true);
        live.say(
            "Ending the traffic; what is under way still arrives. Ctrl-C once more ends that, too.",
        );
        both.await?;
        Ok(true)
    }
}

/// Cuts a Region off and joins it again, at the planned times. It is joined when this returns.
async fn keep_cut(
    table: &GlobalTable,
    span: Option<Span>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), GlobalTableError> {
    let Some(span) = span else { return Ok(()) };
    // An error means that nobody can stop it any more.
    let mut wait = async |time: Duration| {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            Ok(_) = stop.wait_for(|stop| *stop) => {}
        }
    };
    wait(span.from).await;
    table.cut(span.region).await?;
    wait(span.to - span.from).await;
    table.join(span.region)
}
