//! Which ledger to read, and as whom.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{LedgerReadError, LedgerTable};

/// How often a request is tried, and how long it may take.
const ATTEMPTS: u32 = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

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
/// [`LedgerReadError::NoCredentials`] and [`LedgerReadError::NoRegion`]. The table is not looked at yet.
pub async fn connect(connection: &Connection) -> Result<LedgerTable, LedgerReadError> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    if let Some(profile) = &connection.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &connection.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let mut local = false;
    if let Some(url) = &connection.endpoint_url {
        loader = loader.endpoint_url(url);
        local = is_loopback(url);
    }
    if local && connection.profile.is_none() && std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        // An endpoint on this machine checks no signature, but the SDK does not send a request without one.
        let credentials = Credentials::new("local", "local", None, None, "loopback endpoint");
        loader = loader.credentials_provider(credentials);
    }
    let config = loader.load().await;
    let mut builder = aws_sdk_dynamodb::config::Builder::from(&config);
    let region = match config.region() {
        Some(region) => region.clone(),
        None if local => Region::from_static("us-east-1"),
        None => return Err(LedgerReadError::NoRegion),
    };
    builder = builder.region(region.clone());
    let provider = config
        .credentials_provider()
        .ok_or(LedgerReadError::NoCredentials(None))?;
    // Asked for here, so that a missing login is told as such, and not as a request that could not be sent.
    provider
        .provide_credentials()
        .await
        .map_err(|error| LedgerReadError::NoCredentials(Some(error.into())))?;
    let location = connection
        .endpoint_url
        .clone()
        .unwrap_or_else(|| region.to_string());
    let client = aws_sdk_dynamodb::Client::from_conf(builder.build());
    Ok(LedgerTable::new(
        client,
        connection.ledger.clone(),
        location,
    ))
}

/// Whether a URL's host is this machine's loopback interface.
fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.split(':').next().unwrap_or(authority),
    };
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_loopback() {
        for local in [
            "http://127.0.0.1:8000",
            "http://localhost",
            "https://[::1]:1/x",
        ] {
            assert!(is_loopback(local), "{local}");
        }
        for other in [
            "https://dynamodb.us-east-1.amazonaws.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com:80",
            "http://user@127.0.0.1",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
