//! A stream and its event source mapping, set up as the templates do, but with short waits.

use std::time::{Duration, SystemTime};

use local_aws::mapping::{Backoff, EventSourceMapping, Invoke, MappingConfig};
use local_aws::shard::Shard;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::records::stream_arn;
use crate::system::System;

/// A shard that takes longer to drain than this is blocked. No test measures by it.
const BLOCKED: Duration = Duration::from_secs(120);

/// A shard with a mapping that empties it.
#[derive(Debug)]
pub struct StreamFixture {
    /// The mapping.
    pub mapping: EventSourceMapping,
    shard: Shard,
}

/// The templates' settings: partial answers, bisecting, retrying until the records expire. The waits between retries
/// are hundredths of Lambda's.
pub fn mapping_config() -> MappingConfig {
    let mut config =
        MappingConfig::new("arn:aws:lambda:us-east-1:123456789012:function:stream-processor");
    config.report_batch_item_failures = true;
    config.bisect_batch_on_function_error = true;
    config.poll_interval = Duration::from_millis(5);
    config.backoff = Backoff {
        base: Duration::from_millis(10),
        max: Duration::from_millis(200),
    };
    config
}

impl StreamFixture {
    /// Puts the records into a shard and starts to hand them to the system's function.
    pub fn start(system: &System, records: &[Value], config: MappingConfig) -> Self {
        Self::to(std::sync::Arc::clone(&system.function), records, config)
    }

    /// The same with another target.
    ///
    /// # Panics
    ///
    /// When Lambda would refuse the settings.
    pub fn to(target: impl Invoke, records: &[Value], config: MappingConfig) -> Self {
        let shard = Shard::new("shardId-00000001573689847184-864758bb", stream_arn());
        append(&shard, records);
        let mapping = EventSourceMapping::start(shard.clone(), target, config)
            .expect("Lambda takes these settings");
        Self { mapping, shard }
    }

    /// Adds records at the shard's end.
    pub fn append(&self, records: &[Value]) {
        append(&self.shard, records);
    }

    /// Waits until the shard is empty.
    ///
    /// # Panics
    ///
    /// When it is blocked.
    pub async fn drain(&self) {
        let drained = tokio::time::timeout(BLOCKED, self.mapping.until_caught_up()).await;
        assert!(
            drained.is_ok(),
            "the shard is blocked: {:?}",
            self.mapping.counts()
        );
    }

    /// Waits until so many invocations were made.
    ///
    /// # Panics
    ///
    /// When the shard is empty before, or blocked.
    pub async fn wait_for_invocations(&self, count: u64) {
        let waiting = async {
            while self.mapping.counts().invocations < count {
                assert_ne!(
                    self.mapping.backlog(),
                    0,
                    "all is done: {:?}",
                    self.mapping.counts()
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(BLOCKED, waiting).await;
        assert!(
            waited.is_ok(),
            "the shard is blocked: {:?}",
            self.mapping.counts()
        );
    }
}

fn append(shard: &Shard, records: &[Value]) {
    for record in records {
        let number = record["dynamodb"]["SequenceNumber"]
            .as_str()
            .unwrap_or_default();
        let json = RawValue::from_string(record.to_string()).expect("a JSON value is JSON");
        shard.append(number, SystemTime::now(), json);
    }
}
