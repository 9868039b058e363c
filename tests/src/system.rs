//! The function with all that is around it: a ledger, CloudWatch, and Lambda.

use std::sync::Arc;
use std::time::Duration;

use local_aws::cloudwatch::CloudWatch;
use local_aws::lambda::{Function, FunctionConfig, Invocation, StartError};
use local_aws::ledger::{Ledger, Storage};
use serde_json::Value;

use crate::bootstrap::bootstrap;
use crate::log::FunctionLog;
use crate::metrics::Metrics;

/// The ledger table's name.
pub const LEDGER_TABLE: &str = "lastwriter-test-ledger";

/// The Region that the function runs in, where nothing else is said.
pub const REGION: &str = "us-east-1";

/// How a system is to be.
#[derive(Debug, Clone)]
pub struct SystemConfig {
    settings: Vec<(String, String)>,
    timeout: Duration,
    max_concurrency: usize,
    takes_extensions: bool,
    ledger_endpoint: Option<String>,
    cloudwatch_endpoint: Option<String>,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemConfig {
    /// The settings' defaults, but metrics with every batch; log level `debug`, a timeout of 20 s.
    pub fn new() -> Self {
        Self {
            settings: vec![
                ("LEDGER_TABLE".to_owned(), LEDGER_TABLE.to_owned()),
                ("METRICS_INTERVAL_SECONDS".to_owned(), "0".to_owned()),
                ("AWS_LAMBDA_LOG_LEVEL".to_owned(), "debug".to_owned()),
            ],
            timeout: Duration::from_secs(20),
            max_concurrency: 1,
            takes_extensions: true,
            ledger_endpoint: None,
            cloudwatch_endpoint: None,
        }
    }

    /// Sets an environment variable, in place of an earlier value.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self = self.unset(name);
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// Takes an environment variable away.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.settings.retain(|(set, _)| set != name);
        self
    }

    /// The function's timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many invocations the function may have at once.
    #[must_use]
    pub fn max_concurrency(mut self, invocations: usize) -> Self {
        self.max_concurrency = invocations;
        self
    }

    /// Refuses the function's extension.
    #[must_use]
    pub fn without_extensions(mut self) -> Self {
        self.takes_extensions = false;
        self
    }

    /// Sends the function's ledger writes here and not to the ledger itself.
    #[must_use]
    pub fn ledger_at(mut self, endpoint: impl Into<String>) -> Self {
        self.ledger_endpoint = Some(endpoint.into());
        self
    }

    /// Sends the function's metrics here and not to CloudWatch itself.
    #[must_use]
    pub fn cloudwatch_at(mut self, endpoint: impl Into<String>) -> Self {
        self.cloudwatch_endpoint = Some(endpoint.into());
        self
    }

    /// Starts everything.
    pub async fn start(self) -> System {
        let (ledger, cloudwatch) = endpoints().await;
        self.start_with(ledger, cloudwatch)
            .await
            .expect("the function starts with these settings")
    }

    /// Starts the function before a ledger and CloudWatch that run already.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the function does not start.
    pub async fn start_with(
        self,
        ledger: Ledger,
        cloudwatch: CloudWatch,
    ) -> Result<System, StartError> {
        let config = self.config(&ledger, &cloudwatch);
        Ok(System {
            function: Arc::new(Function::start(config).await?),
            ledger,
            cloudwatch,
        })
    }

    /// The function's settings for Lambda.
    pub fn config(&self, ledger: &Ledger, cloudwatch: &CloudWatch) -> FunctionConfig {
        let ledger_endpoint = self
            .ledger_endpoint
            .clone()
            .unwrap_or_else(|| ledger.endpoint());
        let cloudwatch_endpoint = self
            .cloudwatch_endpoint
            .clone()
            .unwrap_or_else(|| cloudwatch.endpoint());
        let mut config = FunctionConfig::new(bootstrap(), "stream-processor", REGION)
            .env("AWS_ENDPOINT_URL_DYNAMODB", ledger_endpoint)
            .env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch_endpoint);
        config.timeout = self.timeout;
        config.max_concurrency = self.max_concurrency;
        config.takes_extensions = self.takes_extensions;
        config.environment.extend(self.settings.iter().cloned());
        config
    }
}

/// A fresh ledger in memory and a fresh CloudWatch.
pub async fn endpoints() -> (Ledger, CloudWatch) {
    let ledger = Ledger::start(
        ledger::create_table_request(LEDGER_TABLE),
        ledger::EXPIRES_AT,
        Storage::Memory,
    )
    .await
    .expect("a ledger in memory starts");
    let cloudwatch = CloudWatch::start().await.expect("CloudWatch starts");
    (ledger, cloudwatch)
}

/// A running system.
#[derive(Debug)]
pub struct System {
    /// The function.
    pub function: Arc<Function>,
    /// The ledger.
    pub ledger: Ledger,
    /// CloudWatch.
    pub cloudwatch: CloudWatch,
}

impl System {
    /// Hands a payload to the function.
    pub async fn invoke(&self, payload: impl Into<bytes::Bytes>) -> Invocation {
        self.function.invoke(payload).await
    }

    /// Hands a payload to the function and gives back its answer.
    ///
    /// # Panics
    ///
    /// When the invocation fails.
    pub async fn answer(&self, payload: impl Into<bytes::Bytes>) -> Value {
        answer_of(&self.invoke(payload).await)
    }

    /// All that the function wrote so far.
    pub fn log(&self) -> FunctionLog {
        FunctionLog::read(&self.function.logs())
    }

    /// All items of the ledger, parts too, in DynamoDB JSON.
    pub async fn items(&self) -> Vec<Value> {
        self.ledger.items().await.expect("the ledger can be read")
    }

    /// What CloudWatch received so far.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(&self.cloudwatch.points())
    }

    /// What went to the log in embedded metric format so far.
    pub fn emf_metrics(&self) -> Metrics {
        Metrics::new(&self.log().emf)
    }
}

/// The answer of an invocation.
///
/// # Panics
///
/// When it failed.
pub fn answer_of(invocation: &Invocation) -> Value {
    if let Some(failure) = invocation.outcome.failure() {
        panic!("the invocation failed: {failure}");
    }
    let answer = invocation
        .outcome
        .response()
        .expect("no failure means an answer");
    serde_json::from_slice(answer).expect("the answer is JSON")
}
