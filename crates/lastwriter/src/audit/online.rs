//! An audit of the streams themselves, in AWS or of the local world.

use std::time::Duration;

use conflict::StampNames;

use super::analysis::{Audit, Audited, Setup};
use super::args::Args;
use super::error::AuditError;
use super::progress::{Positions, say};
use super::reader::{self, Extent, Plan, ReadOptions, Reader, Source};
use crate::signals::StopSignals;

/// Reads of a shard a second: gentle in AWS, where others read too.
const RATE: f64 = 2.0;
const LOCAL_RATE: f64 = 50.0;

/// The least seconds that a shard may be ahead of the one that is furthest behind.
const LEAST_LEAD: u64 = 60;

/// Audits the streams that the options name, until a signal comes. A failure on the way comes with what had been read.
pub(super) async fn run(
    args: &Args,
    mut signals: StopSignals,
) -> Result<(Audited, Option<AuditError>), AuditError> {
    let source = Source {
        table: args.table.clone(),
        regions: args.regions.clone(),
        profile: args.profile.clone(),
        endpoints_file: args.endpoints_file.clone(),
    };
    let begin = async {
        let replicas = reader::find(&source).await?;
        let plan = Plan::new(&replicas).await?;
        // The local world's function does not read by way of the API.
        let readers = match args.endpoints_file {
            Some(_) => String::new(),
            None => reader::readers(plan.arns(), args.profile.as_deref()).await,
        };
        Ok::<_, AuditError>((replicas, plan, readers))
    };
    let (replicas, plan, readers) = tokio::select! {
        begun = begin => begun?,
        () = signals.received() => return Err(AuditError::EndedEarly),
    };
    let now = reader::epoch_second();
    let extent = match args.live {
        true => Extent::Live,
        false => Extent::Until(now),
    };
    let since = match args.live {
        true => now,
        false => now.saturating_sub(args.since.as_secs()),
    };
    let default_rate = match args.endpoints_file {
        Some(_) => LOCAL_RATE,
        None => RATE,
    };
    let rate = args.rate.unwrap_or(default_rate);
    say(plan.text(extent, since, rate).trim_end());
    if !readers.is_empty() {
        say(readers.trim_end());
    }
    let options = args.options();
    let regions = replicas.regions();
    let mut audit = Audit::new(Setup {
        table: replicas.table.clone(),
        regions: regions.clone(),
        options,
        images: args.images(),
    })?;
    let read = ReadOptions {
        // What lies before it is read and left out; of a live audit there is none.
        since: if args.live { 0 } else { since },
        extent,
        rate,
        lead: (2 * u64::from(options.window)).max(LEAST_LEAD),
        stamps: StampNames::new(&args.stamp_prefix),
    };
    let mut screen = Positions::new(&regions, since, (!args.live).then_some(now));
    let stop = async {
        tokio::select! {
            () = signals.received() => {}
            () = ended(args.length) => {}
        }
    };
    let outcome = Reader::new(&replicas, plan, read)
        .run(&mut audit, &mut screen, stop)
        .await;
    screen.finish();
    let (stopped, failure) = match outcome {
        Ok(stopped) => (stopped, None),
        Err(failure) => (true, Some(failure)),
    };
    if !stopped {
        audit.note_read_until(now);
    }
    // Whoever audits from now on ends it when it has gone on for long enough.
    let interrupted = stopped && (!args.live || failure.is_some());
    let audited = match !stopped && options.whole {
        true => audit.finish()?,
        false => audit.stop(interrupted),
    };
    match failure {
        // There is nothing that would be worth showing.
        Some(failure) if audited.outcome.read.is_none() => Err(failure),
        failure => Ok((audited, failure)),
    }
}

/// Waits as long as the audit is to go on: for ever, if that is not said.
async fn ended(length: Option<Duration>) {
    match length {
        Some(length) => tokio::time::sleep(length).await,
        None => std::future::pending().await,
    }
}
