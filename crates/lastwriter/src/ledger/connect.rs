//! Which ledger to read, and as whom.

use super::{LedgerReadError, LedgerTable};
use crate::aws::{self, Whom};

/// Which ledger to read, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Connection {
    /// The ledger table's name or ARN
    #[arg(long, value_name = "TABLE", env = "LEDGER_TABLE")]
    pub ledger: String,
    /// The profile of ~/.aws/config whose credentials (SSO, roles, keys) and Region to use
    #[arg(long, value_name = "NAME", env = "AWS_PROFILE")]
    pub profile: Option<String>,
    /// The Region whose ledger to read [default: AWS_REGION, or the profile's]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Another DynamoDB endpoint, such as http://127.0.0.1:8000
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// Opens a ledger. Credentials and Region are looked for as by the AWS command line; none are needed for an endpoint
/// on loopback.
///
/// # Errors
///
/// [`LedgerReadError::NoAws`]. The table is not looked at yet.
pub async fn connect(connection: &Connection) -> Result<LedgerTable, LedgerReadError> {
    let config = aws::config(Whom {
        profile: connection.profile.as_deref(),
        region: connection.region.as_deref(),
        endpoint_url: connection.endpoint_url.as_deref(),
    })
    .await?;
    let region = config.region().map(ToString::to_string);
    let location = connection.endpoint_url.clone().or(region);
    Ok(LedgerTable::new(
        aws_sdk_dynamodb::Client::new(&config),
        connection.ledger.clone(),
        location.unwrap_or_default(),
    ))
}
