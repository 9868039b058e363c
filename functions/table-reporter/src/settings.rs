//! Settings, read once at start. A wrong or missing one stops the start with a message that names every problem.

use function_support::settings::{Setting, SettingsError, SettingsReader, namespace};

/// The name of every setting, with its default. The templates are compared with this list by a test.
pub const SETTINGS: [Setting; 3] = [
    ("TABLE_NAME", None),
    ("LEDGER_TABLE", None),
    ("METRICS_NAMESPACE", Some("LastWriter")),
];

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The table to report on, in the function's Region.
    pub table_name: String,
    /// The ledger of the Region, whose open entries are counted; none if it is not to be read.
    pub ledger_table: Option<String>,
    /// The CloudWatch namespace.
    pub metrics_namespace: String,
    /// The function's own Region, which Lambda gives. DescribeTable does not name it among the replicas.
    pub region: String,
}

impl Settings {
    /// Reads the settings from environment variables. An empty one counts as not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::new(&SETTINGS, variable);
        let settings = Self {
            table_name: reader.required("TABLE_NAME", table_name),
            ledger_table: reader.optional("LEDGER_TABLE", table_name),
            metrics_namespace: reader.checked("METRICS_NAMESPACE", namespace),
            region: reader.given_by_lambda("AWS_REGION"),
        };
        reader.finish(settings)
    }
}

/// A name and no ARN: it is the `TableName` dimension too, the same as the stream processor takes from its records.
/// Source: Amazon DynamoDB Developer Guide, "Supported data types and naming rules".
fn table_name(value: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if (3..=255).contains(&value.len()) && value.bytes().all(allowed) {
        return Ok(());
    }
    Err("a DynamoDB table's name")
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
    fn one_setting_beside_the_region_is_enough_to_start() {
        let settings = read(&[
            ("TABLE_NAME", "orders"),
            ("METRICS_NAMESPACE", ""),
            ("AWS_REGION", "eu-west-1"),
        ])
        .unwrap();
        assert_eq!(settings.table_name, "orders");
        assert_eq!(settings.ledger_table, None);
        assert_eq!(settings.metrics_namespace, "LastWriter");
        assert_eq!(settings.region, "eu-west-1");
    }

    #[test]
    fn the_ledger_is_read_where_it_is_named() {
        let read = |ledger: &str| {
            read(&[
                ("TABLE_NAME", "orders"),
                ("LEDGER_TABLE", ledger),
                ("AWS_REGION", "eu-west-1"),
            ])
        };
        let settings = read("lastwriter-prod-conflicts").unwrap();
        assert_eq!(
            settings.ledger_table.as_deref(),
            Some("lastwriter-prod-conflicts")
        );
        let message = read("a ledger").unwrap_err().to_string();
        assert!(
            message.contains("LEDGER_TABLE is \"a ledger\""),
            "{message}"
        );
    }

    #[test]
    fn one_message_names_every_problem() {
        let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        let message = read(&[("TABLE_NAME", arn), ("METRICS_NAMESPACE", "AWS/DynamoDB")])
            .unwrap_err()
            .to_string();
        assert!(message.contains("TABLE_NAME is "), "{message}");
        assert!(
            message.contains("METRICS_NAMESPACE is \"AWS/DynamoDB\""),
            "{message}"
        );
        assert!(message.contains("AWS_REGION is missing"), "{message}");
    }

    #[test]
    fn a_missing_table_stops_the_start() {
        let error = read(&[("TABLE_NAME", ""), ("AWS_REGION", "eu-west-1")]).unwrap_err();
        assert_eq!(error.0, ["TABLE_NAME is missing"]);
    }
}
