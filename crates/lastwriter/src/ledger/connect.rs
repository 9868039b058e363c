//! Which ledger to read, and as whom.

use aws_config::SdkConfig;

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
    let caller = Caller::new(connection, Place::of_ledger(connection)).await?;
    Ok(caller.ledger(connection))
}

/// As every AWS SDK reads it.
const STS_ENDPOINT: &str = "AWS_ENDPOINT_URL_STS";

/// Where requests go.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The Region; the environment's or the profile's if none.
    pub(super) region: Option<String>,
    /// Another endpoint than the Region's own.
    pub(super) endpoint_url: Option<String>,
}

impl Place {
    pub(super) fn of_ledger(connection: &Connection) -> Self {
        Self {
            region: connection.region.clone(),
            endpoint_url: connection.endpoint_url.clone(),
        }
    }
}

/// Who makes requests, and where to.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    config: SdkConfig,
    /// The Region or endpoint, for messages.
    pub(super) location: String,
    /// Whether the endpoint is on this machine.
    is_local: bool,
}

impl Caller {
    /// Looks for credentials and Region.
    pub(super) async fn new(
        connection: &Connection,
        place: Place,
    ) -> Result<Self, LedgerReadError> {
        let config = aws::config(Whom {
            profile: connection.profile.as_deref(),
            region: place.region.as_deref(),
            endpoint_url: place.endpoint_url.as_deref(),
        })
        .await?;
        let region = config.region().map(ToString::to_string);
        Ok(Self {
            is_local: place.endpoint_url.as_deref().is_some_and(aws::is_loopback),
            location: place.endpoint_url.or(region).unwrap_or_default(),
            config,
        })
    }

    /// The Region that requests are signed for.
    pub(super) fn region(&self) -> String {
        // The configuration has one: without, it is not made.
        self.config
            .region()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// The ledger, where requests go there.
    pub(super) fn ledger(&self, connection: &Connection) -> LedgerTable {
        LedgerTable::new(
            self.dynamodb(),
            connection.ledger.clone(),
            self.location.clone(),
        )
    }

    pub(super) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    /// A client of STS. It is not at DynamoDB's endpoint.
    pub(super) fn sts(&self) -> aws_sdk_sts::Client {
        let mut builder = aws_sdk_sts::config::Builder::from(&self.config);
        builder.set_endpoint_url(std::env::var(STS_ENDPOINT).ok());
        aws_sdk_sts::Client::from_conf(builder.build())
    }

    /// Whether STS can say who the caller is.
    pub(super) fn has_sts(&self) -> bool {
        !self.is_local || std::env::var_os(STS_ENDPOINT).is_some()
    }
}
