//! Log lines: one an invocation.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts JSON logs on stdout, at the level of `AWS_LAMBDA_LOG_LEVEL` or else `RUST_LOG`, by default `info`. Libraries
/// are held to warnings.
pub fn start() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find_map(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let own = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target("table_reporter", level);
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    tracing_subscriber::registry().with(json).with(own).init();
}
