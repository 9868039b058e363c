//! Settings, read once at start. A wrong or missing one stops the start with a message that names every problem.

use std::time::Duration;

use conflict::{StampNames, Tolerance};
use function_support::settings::{Setting, SettingsReader, namespace};
use strum::{IntoStaticStr, VariantArray};

use crate::record::BorrowedNames;

pub use function_support::settings::SettingsError;

/// The name of every setting, with its default. The templates are compared with this list by a test.
pub const SETTINGS: [Setting; 16] = [
    ("LEDGER_TABLE", None),
    ("METRICS_NAMESPACE", Some("LastWriter")),
    ("METRICS_SINK", Some("cloudwatch")),
    ("METRICS_INTERVAL_SECONDS", Some("10")),
    ("STAMP_PREFIX", Some("lw")),
    ("CLOCK_TOLERANCE_MS", Some("100")),
    ("REPLICAS", Some("2")),
    ("TTL_ATTRIBUTE", None),
    ("VERSION_ATTRIBUTE", None),
    ("UPDATED_AT_ATTRIBUTE", None),
    ("ORIGIN_ATTRIBUTE", None),
    ("LEDGER_IMAGES", Some("full")),
    ("LEDGER_OVERWRITES", Some("stale")),
    ("LEDGER_RETENTION_DAYS", Some("30")),
    ("LEDGER_CONCURRENCY", Some("32")),
    ("UNSTAMPED_SAMPLES_PER_MINUTE", Some("5")),
];

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The conflict ledger: a table's name or ARN, in the function's Region.
    pub ledger_table: String,
    /// The CloudWatch namespace.
    pub metrics_namespace: String,
    /// Where metrics go.
    pub metrics_sink: MetricsSink,
    /// The shortest time between two batches whose metrics are sent, unless there is news. Zero sends each batch's.
    pub metrics_interval: Duration,
    /// Which attributes are stamps.
    pub stamps: StampNames,
    /// How far the clocks of one Region's writers may lie apart.
    pub tolerance: Tolerance,
    /// How many replicas the table has. From three on, the ledger remembers jumps.
    pub replicas: u32,
    /// The table's TTL attribute, to tell replicated expiries from hard deletes.
    pub ttl_attribute: Option<String>,
    /// Which attributes of the application's own stand in for stamps.
    pub borrowed: BorrowedNames,
    /// What of the images the ledger keeps.
    pub ledger_images: LedgerImages,
    /// Which overwrites the ledger keeps.
    pub ledger_overwrites: LedgerOverwrites,
    /// After how many days an entry expires.
    pub ledger_retention_days: u32,
    /// Ledger writes in flight.
    pub ledger_concurrency: usize,
    /// Unstamped writes kept in the ledger, a minute and environment.
    pub unstamped_samples_per_minute: u32,
}

/// Where metrics go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum MetricsSink {
    /// PutMetricData; embedded metric format where that fails.
    CloudWatch,
    /// Embedded metric format on stdout only.
    Emf,
}

/// What of the images the ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum LedgerImages {
    /// Both images, the losing one whole whatever its size.
    Full,
    /// The differing attributes only, with the names that only the winner has.
    Diff,
    /// None.
    None,
}

/// Which overwrites the ledger keeps beside conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum LedgerOverwrites {
    /// None.
    None,
    /// Stale overwrites.
    Stale,
    /// Stale and local overwrites.
    All,
}

impl Settings {
    /// Reads the settings from environment variables. An empty one counts as not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::new(&SETTINGS, variable);
        let settings = Self {
            ledger_table: reader.required("LEDGER_TABLE", table_name),
            metrics_namespace: reader.checked("METRICS_NAMESPACE", namespace),
            metrics_sink: reader.one_of("METRICS_SINK"),
            metrics_interval: Duration::from_secs(reader.number("METRICS_INTERVAL_SECONDS", 0, 60)),
            stamps: StampNames::new(&reader.checked("STAMP_PREFIX", attribute_name)),
            tolerance: Tolerance::from_millis(reader.number("CLOCK_TOLERANCE_MS", 0, 3_600_000)),
            replicas: reader.number("REPLICAS", 1, 64),
            ttl_attribute: reader.optional("TTL_ATTRIBUTE", attribute_name),
            borrowed: BorrowedNames {
                version: reader.optional("VERSION_ATTRIBUTE", attribute_name),
                updated_at: reader.optional("UPDATED_AT_ATTRIBUTE", attribute_name),
                origin: reader.optional("ORIGIN_ATTRIBUTE", attribute_name),
            },
            ledger_images: reader.one_of("LEDGER_IMAGES"),
            ledger_overwrites: reader.one_of("LEDGER_OVERWRITES"),
            ledger_retention_days: reader.number("LEDGER_RETENTION_DAYS", 1, 36_500),
            ledger_concurrency: reader.number::<u32>("LEDGER_CONCURRENCY", 1, 1_000) as usize,
            unstamped_samples_per_minute: reader.number("UNSTAMPED_SAMPLES_PER_MINUTE", 0, 100_000),
        };
        reader.finish(settings)
    }
}

fn table_name(value: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    if (3..=1024).contains(&value.len()) && value.bytes().all(allowed) {
        return Ok(());
    }
    Err("a DynamoDB table's name or ARN")
}

fn attribute_name(value: &str) -> Result<(), &'static str> {
    if value.len() <= 255 {
        return Ok(());
    }
    Err("an attribute name of at most 255 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn one_setting_is_enough_to_start() {
        let settings = read(&[("LEDGER_TABLE", "ledger"), ("METRICS_NAMESPACE", "")]).unwrap();
        assert_eq!(settings.metrics_namespace, "LastWriter");
        assert_eq!(settings.metrics_sink, MetricsSink::CloudWatch);
        assert_eq!(settings.metrics_interval, Duration::from_secs(10));
        assert_eq!(settings.stamps, StampNames::new("lw"));
        assert_eq!(settings.tolerance, Tolerance::from_millis(100));
        assert_eq!(settings.replicas, 2);
        assert_eq!(settings.ttl_attribute, None);
        assert_eq!(settings.borrowed, BorrowedNames::default());
        assert_eq!(settings.ledger_images, LedgerImages::Full);
        assert_eq!(settings.ledger_overwrites, LedgerOverwrites::Stale);
        assert_eq!(
            (settings.ledger_retention_days, settings.ledger_concurrency),
            (30, 32)
        );
        assert_eq!(settings.unstamped_samples_per_minute, 5);
    }

    #[test]
    fn one_message_names_every_problem() {
        let wrong = [
            ("METRICS_NAMESPACE", "AWS/Lambda"),
            ("METRICS_SINK", "statsd"),
            ("METRICS_INTERVAL_SECONDS", "61"),
            ("CLOCK_TOLERANCE_MS", "-1"),
            ("REPLICAS", "0"),
            ("LEDGER_IMAGES", "some"),
            ("LEDGER_OVERWRITES", "few"),
            ("LEDGER_RETENTION_DAYS", "0"),
            ("LEDGER_CONCURRENCY", "many"),
            ("UNSTAMPED_SAMPLES_PER_MINUTE", "1.5"),
        ];
        let message = read(&wrong).unwrap_err().to_string();
        assert!(message.contains("LEDGER_TABLE is missing"), "{message}");
        for (name, value) in wrong {
            assert!(
                message.contains(&format!("{name} is {value:?}, expected ")),
                "{message}"
            );
        }
    }

    #[test]
    fn every_setting_is_read() {
        for (name, _) in SETTINGS {
            let long = "x".repeat(2_000);
            let variables = [("LEDGER_TABLE", "ledger"), (name, long.as_str())];
            let variables = if name == "LEDGER_TABLE" {
                &variables[1..]
            } else {
                &variables[..]
            };
            let error = read(variables).expect_err(name);
            assert!(error.0[0].starts_with(name), "{error}");
        }
    }
}
