//! How the tool finds AWS: credentials and Region as the AWS command line does, and other endpoints.

use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// How often a request is tried, and how long it may take.
const ATTEMPTS: u32 = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

/// Whom to ask, and as whom.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Whom<'a> {
    /// The profile whose credentials and Region to use.
    pub(crate) profile: Option<&'a str>,
    /// The Region; that of the environment or the profile, if none is given.
    pub(crate) region: Option<&'a str>,
    /// Another endpoint. One on loopback needs no credentials.
    pub(crate) endpoint_url: Option<&'a str>,
}

/// AWS cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum NoAws {
    /// No Region is known.
    #[error("no Region: give --region, or set AWS_REGION, or a region in the profile")]
    NoRegion,
    /// No credentials were found, or they could not be fetched.
    #[error(
        "no AWS credentials: {}. Log in (`aws sso login --profile NAME`) and give --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        .0.as_deref().map_or("none are configured".to_owned(), |source| innermost(source))
    )]
    NoCredentials(#[source] Option<Box<dyn Error + Send + Sync>>),
}

/// The configuration for clients; it has a Region.
pub(crate) async fn config(whom: Whom<'_>) -> Result<SdkConfig, NoAws> {
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
    if let Some(profile) = whom.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = whom.region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    let mut local = false;
    if let Some(url) = whom.endpoint_url {
        loader = loader.endpoint_url(url);
        local = is_loopback(url);
    }
    if local && whom.profile.is_none() && std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        // An endpoint on this machine checks no signature, but the SDK does not send a request without one.
        let credentials = Credentials::new("local", "local", None, None, "loopback endpoint");
        loader = loader.credentials_provider(credentials);
    }
    let config = loader.load().await;
    let region = match config.region() {
        Some(region) => region.clone(),
        None if local => Region::from_static("us-east-1"),
        None => return Err(NoAws::NoRegion),
    };
    let provider = config
        .credentials_provider()
        .ok_or(NoAws::NoCredentials(None))?;
    // Asked for here, so that a missing login is told as such, and not as a request that could not be sent.
    provider
        .provide_credentials()
        .await
        .map_err(|error| NoAws::NoCredentials(Some(error.into())))?;
    Ok(config.into_builder().region(region).build())
}

/// The cause at the end of the chain: the SDK's own messages say no more than "dispatch failure".
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Whether a URL's host is this machine's loopback interface.
pub(crate) fn is_loopback(url: &str) -> bool {
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
