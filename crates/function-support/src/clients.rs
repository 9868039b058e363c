//! AWS clients from what Lambda gives.
//!
//! Credentials, Region and endpoints come from the environment. No profile files, no instance metadata: the chain that
//! looks for them costs start-up time and finds nothing on Lambda. Clients are made when first used, and so is TLS.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;

/// How often a request is tried, by the SDK's rules of what may be tried again. The deadline bounds them all.
const ATTEMPTS: u32 = 5;

/// The longest wait between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// After which time a connection is given up, and an attempt: a request that hangs is worth another try.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// A DynamoDB client.
pub fn dynamodb() -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&config("AWS_ENDPOINT_URL_DYNAMODB"))
}

/// A CloudWatch client.
pub fn cloudwatch() -> aws_sdk_cloudwatch::Client {
    aws_sdk_cloudwatch::Client::new(&config("AWS_ENDPOINT_URL_CLOUDWATCH"))
}

/// What every client is made of; the variable may name its service's endpoint.
fn config(endpoint_variable: &str) -> SdkConfig {
    let endpoint = endpoint(endpoint_variable);
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region())
        .credentials_provider(SharedCredentialsProvider::new(credentials()))
        .http_client(http_client(endpoint.as_deref()))
        .retry_config(retries())
        .timeout_config(timeouts());
    config.set_endpoint_url(endpoint);
    config.build()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn region() -> Option<Region> {
    variable("AWS_REGION")
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .map(Region::new)
}

/// Lambda sets these once for an environment's life and replaces the environment before they expire.
fn credentials() -> Credentials {
    Credentials::new(
        variable("AWS_ACCESS_KEY_ID").unwrap_or_default(),
        variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
        variable("AWS_SESSION_TOKEN"),
        None,
        "Environment",
    )
}

/// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
fn endpoint(service: &str) -> Option<String> {
    if variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return None;
    }
    variable(service).or_else(|| variable("AWS_ENDPOINT_URL"))
}

fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        return builder.build_http();
    }
    builder
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_max_backoff(MAX_BACKOFF)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}
