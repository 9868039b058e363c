//! The function with a ledger and a metrics sink that only count.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use conflict::Landing;
use ledger::{Image, JumpPlace, StoredEntry};
use serde_dynamo::AttributeValue;
use stream_processor::ledger::{Ledger, LedgerError, PutResult};
use stream_processor::metrics::{Datum, Metric, Metrics, Value};
use stream_processor::processor::{InvocationError, Processor};
use stream_processor::settings::Settings;
use tokio::time::Instant;

/// What one payload came to.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct PayloadResult {
    /// The `Kind` of each ledger entry.
    pub(crate) entries: Vec<String>,
    counts: HashMap<Metric, u64>,
}

impl PayloadResult {
    /// What a metric without dimensions was counted up to.
    pub(crate) fn count(&self, metric: Metric) -> u64 {
        self.counts.get(&metric).copied().unwrap_or_default()
    }
}

#[derive(Default)]
struct CountingSink(Mutex<PayloadResult>);

impl CountingSink {
    fn counts(&self) -> MutexGuard<'_, PayloadResult> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for &CountingSink {
    async fn write(&self, entry: StoredEntry) -> Result<PutResult, LedgerError> {
        if let Some(AttributeValue::S(kind)) = entry.main.get("Kind") {
            self.counts().entries.push(kind.clone());
        }
        Ok(PutResult::New)
    }

    async fn remember_jump(&self, _: Image) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn latest_jump(&self, _: &JumpPlace) -> Result<Option<Landing>, LedgerError> {
        Ok(None)
    }
}

impl Metrics for &CountingSink {
    async fn send(&self, data: &[Datum<'_>], _: Instant) {
        let mut outcome = self.counts();
        for datum in data.iter().filter(|datum| datum.dimension.is_none()) {
            let Value::Count(count) = datum.value else {
                continue;
            };
            *outcome.counts.entry(datum.metric).or_default() += count;
        }
    }
}

/// Runs the function on a payload; none if it refused the payload as no event.
pub(crate) fn process(payload: &[u8]) -> Option<PayloadResult> {
    const LONG: u64 = 60_000;
    let settings = Settings::read(|name| match name {
        "LEDGER_TABLE" => Some("ledger".to_owned()),
        "UNSTAMPED_SAMPLES_PER_MINUTE" => Some("0".to_owned()),
        // So that jumps are looked for, too.
        "REPLICAS" => Some("3".to_owned()),
        _ => None,
    });
    let counting = CountingSink::default();
    let processor = Processor::new(
        settings.expect("the settings are right"),
        &counting,
        &counting,
        Utc::now,
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime starts");
    let deadline = u64::try_from(Utc::now().timestamp_millis()).expect("it is after 1970") + LONG;
    match runtime.block_on(processor.process(payload, deadline)) {
        Ok(answer) => {
            assert!(
                answer.batch_item_failures.is_empty(),
                "nothing failed, yet something is reported"
            );
            drop(processor);
            Some(counting.counts().clone())
        }
        Err(InvocationError::NotAnEvent(_)) => None,
        Err(InvocationError::NothingToReport) => {
            panic!("nothing failed, yet the batch is reported")
        }
    }
}
