//! One demo from start to end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use local_aws::global_table::{GlobalTable, GlobalTableError, Lag};
use tokio::sync::watch;
use workload::{History, Progress, WorkloadOptions};

use super::comparison::{CutPeriod, Setup};
use super::cut::Cut;
use super::live::Live;
use super::streams::StreamAudit;
use crate::audit::{AnalysisError, Audited};
use crate::signals::StopSignals;
use crate::world::{StoppedWorld, World, WorldConfig, WorldError};

/// How long replication and functions may take after the traffic, the replication's own delay not counted.
const MAX_SETTLING: Duration = Duration::from_secs(60);

/// What a demo does.
pub(super) struct Plan {
    pub(super) world: WorldConfig,
    pub(super) workload: WorkloadOptions,
    pub(super) history: History,
    pub(super) cut: Option<Cut>,
}

impl Plan {
    /// What is asked for, before anything has happened.
    fn setup(&self) -> Setup {
        let table = &self.world.table;
        Setup {
            regions: table.regions.iter().map(|r| r.name().to_owned()).collect(),
            seconds: self.workload.length.as_secs_f64(),
            rate: self.workload.rate,
            seed: self.workload.seed,
            lag: lag_in_words(table.lag),
            cut: self.cut.map(|cut| CutPeriod {
                region: cut.region.name().to_owned(),
                from: cut.from.as_secs_f64(),
                to: cut.to.as_secs_f64(),
            }),
            unstamped_share: self.workload.unstamped_share,
            blind_put_share: self.workload.blind_put_share,
            borrow: self.workload.borrow,
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

/// A demo that is over.
pub(super) struct DemoRun {
    pub(super) setup: Setup,
    pub(super) history: History,
    pub(super) progress: Arc<Progress>,
    pub(super) world: StoppedWorld,
}

/// Runs a demo until the traffic is over and everything has arrived, or until it is told to stop. Gives what the audit of
/// the streams found, too.
pub(super) async fn run(
    plan: Plan,
    mut signals: StopSignals,
) -> Result<(DemoRun, Result<Audited, AnalysisError>), WorldError> {
    let mut setup = plan.setup();
    let patience = MAX_SETTLING.saturating_add(longest_delay(plan.world.table.lag));
    let cut = plan.cut.map_or(Duration::ZERO, |cut| cut.to - cut.from);
    let starting = Instant::now();
    let world = World::start(plan.world).await?;
    let starting = starting.elapsed();
    let mut live = Live::new(&world, plan.workload.length, starting);
    let longest_lag = cut.saturating_add(patience);
    let mut streams = StreamAudit::new(&world, longest_lag, &plan.workload.stamp_prefix)?;
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
    setup.interrupted = traffic.run(&mut live, &mut streams, &mut signals).await?;
    setup.traffic_seconds = began.elapsed().as_secs_f64();

    live.settling();
    setup.settled = tokio::select! {
        () = world.settle() => true,
        never = live.watch(&world, &mut streams) => match never {},
        () = tokio::time::sleep(patience) => false,
        () = signals.received() => {
            setup.interrupted = true;
            false
        }
    };
    setup.seconds_in_all = began.elapsed().as_secs_f64();
    let world = world.stop().await;
    live.finish();
    let run = DemoRun {
        setup,
        history: plan.history,
        progress,
        world,
    };
    Ok((run, streams.finish()))
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
    cut: Option<Cut>,
    progress: Arc<Progress>,
}

impl Traffic<'_> {
    /// Runs to the end, or until told to stop. True where it was told to.
    async fn run(
        self,
        live: &mut Live,
        streams: &mut StreamAudit,
        signals: &mut StopSignals,
    ) -> Result<bool, WorldError> {
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
            never = live.watch(self.world, streams) => match never {},
            () = signals.received() => {}
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
    cut: Option<Cut>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), GlobalTableError> {
    let Some(cut) = cut else { return Ok(()) };
    // An error means that nobody can stop it any more.
    let mut wait = async |time: Duration| {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            Ok(_) = stop.wait_for(|stop| *stop) => {}
        }
    };
    wait(cut.from).await;
    table.cut(cut.region).await?;
    wait(cut.to - cut.from).await;
    table.join(cut.region)
}
