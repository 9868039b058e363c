//! JSON logs on stdout.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts JSON logs on stdout, at the level of `AWS_LAMBDA_LOG_LEVEL` or else `RUST_LOG`, by default `info`.
///
/// `function` is the target of the function's own lines: its library's name. Libraries are held to warnings whatever
/// the level, as some of them log what they send; `quiet` ones say nothing at all.
pub fn start(function: &str, quiet: &[&str]) {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find_map(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target(function, level)
        .with_target("lambda_runtime::runtime", runtime_level().min(level))
        .with_targets(quiet.iter().map(|target| (*target, LevelFilter::OFF)));
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    tracing_subscriber::registry()
        .with(json)
        .with(targets)
        .init();
}

/// The level at which the Lambda runtime's loop is heard.
///
/// It warns that it takes one invocation at a time wherever AWS_LAMBDA_MAX_CONCURRENCY is set, also where it is 1, as
/// cargo-lambda's emulator sets it: nothing is wrong then.
fn runtime_level() -> LevelFilter {
    match std::env::var("AWS_LAMBDA_MAX_CONCURRENCY").as_deref() {
        Ok("1") => LevelFilter::ERROR,
        Ok(_) | Err(_) => LevelFilter::WARN,
    }
}
