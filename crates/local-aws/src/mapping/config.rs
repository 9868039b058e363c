//! The settings of an event source mapping, with Lambda's names, defaults and limits.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html> and
//! <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where a new mapping starts to read.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#services-dynamodb-eventsourcemapping>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartingPosition {
    /// The oldest record that the shard still has.
    #[default]
    TrimHorizon,
    /// The next record that arrives.
    Latest,
}

/// How long to wait before a retry: `base`, then twice that, and so on up to `max`.
///
/// AWS says that Lambda backs off exponentially, and not by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first retry.
    pub base: Duration,
    /// Before any retry.
    pub max: Duration,
}

impl Backoff {
    /// No waiting, for tests.
    pub const NONE: Self = Self {
        base: Duration::ZERO,
        max: Duration::ZERO,
    };

    /// The wait before retry number `retry`, counted from 0.
    pub(super) fn before(self, retry: u32) -> Duration {
        let factor = 2u32.saturating_pow(retry);
        self.base.saturating_mul(factor).min(self.max)
    }
}

/// What time it is, for the age of records.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock of your own, for tests.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// The settings of one mapping. Start from [`MappingConfig::new`], whose defaults are Lambda's.
#[derive(Debug, Clone)]
pub struct MappingConfig {
    /// The function's ARN, for the records of failed invocations.
    pub function_arn: String,
    /// `BatchSize`: records in one invocation, 1 to 10,000; 100.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long to gather a batch, 0 to 300 s; 0.
    pub batching_window: Duration,
    /// `StartingPosition`.
    pub starting_position: StartingPosition,
    /// `FunctionResponseTypes` holds `ReportBatchItemFailures`; not so.
    pub report_batch_item_failures: bool,
    /// `BisectBatchOnFunctionError`; not so.
    pub bisect_batch_on_function_error: bool,
    /// `MaximumRetryAttempts`: 0 to 10,000, or -1 for retrying until the record expires; -1.
    pub maximum_retry_attempts: i32,
    /// `MaximumRecordAgeInSeconds`: 60 to 604,800, or -1 for until the record expires; -1.
    pub maximum_record_age_seconds: i32,
    /// `OnFailure`: a folder that stands for an S3 bucket; none.
    pub on_failure: Option<PathBuf>,
    /// How long an empty shard is left alone: 250 ms.
    ///
    /// "Lambda polls shards in your DynamoDB stream for records at a base rate of 4 times per second."
    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>
    pub poll_interval: Duration,
    /// The waits between retries: 1 s to 60 s.
    pub backoff: Backoff,
    /// The time, for the age of records.
    pub clock: Clock,
}

/// A setting that Lambda would refuse.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{setting} is {value}; it must be {allowed}")]
pub struct InvalidSetting {
    /// Lambda's name of the setting.
    pub setting: &'static str,
    /// What it was.
    pub value: i64,
    /// What it may be.
    pub allowed: &'static str,
}

impl MappingConfig {
    /// A mapping with Lambda's defaults.
    pub fn new(function_arn: impl Into<String>) -> Self {
        Self {
            function_arn: function_arn.into(),
            batch_size: 100,
            batching_window: Duration::ZERO,
            starting_position: StartingPosition::default(),
            report_batch_item_failures: false,
            bisect_batch_on_function_error: false,
            maximum_retry_attempts: -1,
            maximum_record_age_seconds: -1,
            on_failure: None,
            poll_interval: Duration::from_millis(250),
            backoff: Backoff {
                base: Duration::from_secs(1),
                max: Duration::from_secs(60),
            },
            clock: Clock::default(),
        }
    }

    /// Checks the settings as CreateEventSourceMapping does.
    ///
    /// # Errors
    ///
    /// The first setting that Lambda would refuse.
    pub(super) fn validate(&self) -> Result<(), InvalidSetting> {
        check(
            "BatchSize",
            i64::try_from(self.batch_size).unwrap_or(i64::MAX),
            "1 to 10000",
            |value| (1..=10_000).contains(&value),
        )?;
        check(
            "MaximumBatchingWindowInSeconds",
            i64::try_from(self.batching_window.as_secs()).unwrap_or(i64::MAX),
            "0 to 300",
            |_| self.batching_window <= Duration::from_secs(300),
        )?;
        check(
            "MaximumRetryAttempts",
            self.maximum_retry_attempts.into(),
            "0 to 10000, or -1 for until the record expires",
            |value| (-1..=10_000).contains(&value),
        )?;
        // "Although values less than 60 and greater than -1 fall within the parameter's absolute range, they are not
        // allowed."
        check(
            "MaximumRecordAgeInSeconds",
            self.maximum_record_age_seconds.into(),
            "60 to 604800, or -1 for until the record expires",
            |value| value == -1 || (60..=604_800).contains(&value),
        )
    }

    /// The number of retries, or `None` for no limit.
    pub(super) fn retry_limit(&self) -> Option<u32> {
        u32::try_from(self.maximum_retry_attempts).ok()
    }

    /// The maximum age of a record, or `None` for no limit of the mapping's own.
    pub(super) fn age_limit(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.maximum_record_age_seconds).ok()?;
        Some(Duration::from_secs(seconds))
    }
}

fn check(
    setting: &'static str,
    value: i64,
    allowed: &'static str,
    is_allowed: impl Fn(i64) -> bool,
) -> Result<(), InvalidSetting> {
    if is_allowed(value) {
        Ok(())
    } else {
        Err(InvalidSetting {
            setting,
            value,
            allowed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(&mut MappingConfig)) -> Option<&'static str> {
        let mut config = MappingConfig::new("arn");
        change(&mut config);
        config.validate().err().map(|error| error.setting)
    }

    #[test]
    fn lambdas_defaults_are_valid() {
        assert_eq!(refused(|_| {}), None);
    }

    #[test]
    fn settings_outside_lambdas_limits_are_refused_by_name() {
        for size in [0, 10_001] {
            assert_eq!(refused(|c| c.batch_size = size), Some("BatchSize"));
        }
        assert_eq!(refused(|c| c.batch_size = 10_000), None);
        assert_eq!(
            refused(|c| c.batching_window = Duration::from_millis(300_001)),
            Some("MaximumBatchingWindowInSeconds")
        );
        for attempts in [-2, 10_001] {
            let setting = refused(|c| c.maximum_retry_attempts = attempts);
            assert_eq!(setting, Some("MaximumRetryAttempts"));
        }
        for age in [-2, 0, 59, 604_801] {
            let setting = refused(|c| c.maximum_record_age_seconds = age);
            assert_eq!(setting, Some("MaximumRecordAgeInSeconds"));
        }
        for age in [-1, 60, 604_800] {
            assert_eq!(refused(|c| c.maximum_record_age_seconds = age), None);
        }
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let backoff = MappingConfig::new("arn").backoff;
        let seconds: Vec<u64> = [0, 1, 2, 5, 6, 40]
            .map(|retry| backoff.before(retry).as_secs())
            .to_vec();
        assert_eq!(seconds, [1, 2, 4, 32, 60, 60]);
    }
}
