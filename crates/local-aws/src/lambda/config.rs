//! What a function is: the settings that Lambda keeps for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The settings of one function.
///
/// Start from [`FunctionConfig::new`] and change what differs.
#[derive(Debug, Clone)]
pub struct FunctionConfig {
    /// The built `bootstrap`, or any other executable that speaks the Runtime API.
    pub bootstrap: PathBuf,
    /// The function's name, `AWS_LAMBDA_FUNCTION_NAME`.
    pub function_name: String,
    /// The Region that the function runs in, `AWS_REGION`.
    pub region: String,
    /// The account in the function's ARN: 12 digits.
    pub account: String,
    /// Memory in MB, `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`. Told to the function, not enforced.
    pub memory_mb: u32,
    /// How many invocations the process may have at once. More than one only on Lambda Managed Instances.
    pub max_concurrency: usize,
    /// Whether the process may register an internal extension.
    pub takes_extensions: bool,
    /// How long one invocation may run. Lambda's maximum is 900 s.
    pub timeout: Duration,
    /// How long the process may take until it first asks for work. Lambda's limit is 10 s.
    pub init_timeout: Duration,
    /// How long [`Function::stop`](super::Function::stop) waits between SIGTERM and SIGKILL.
    ///
    /// 500 ms, as Lambda gives a runtime with an internal extension; one with external extensions only gets 300 ms, and
    /// one without any is ended at once.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown>
    pub grace_period: Duration,
    /// Further variables, which win over those that Lambda sets.
    pub environment: Vec<(String, String)>,
}

impl FunctionConfig {
    /// A function in `region` with Lambda's usual settings: 128 MB, 60 s, account 123456789012.
    pub fn new(
        bootstrap: impl Into<PathBuf>,
        function_name: impl Into<String>,
        region: impl Into<String>,
    ) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            function_name: function_name.into(),
            region: region.into(),
            account: "123456789012".to_owned(),
            memory_mb: 128,
            max_concurrency: 1,
            takes_extensions: true,
            timeout: Duration::from_secs(60),
            init_timeout: Duration::from_secs(10),
            grace_period: Duration::from_millis(500),
            environment: Vec::new(),
        }
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The function's ARN.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:lambda:{}:{}:function:{}",
            self.region, self.account, self.function_name
        )
    }

    /// The environment that Lambda gives to a custom runtime.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>.
    /// `LD_LIBRARY_PATH` is left out: its folders do not exist here. The credentials open nothing.
    pub(super) fn process_environment(
        &self,
        runtime_api: &str,
        task_root: &Path,
    ) -> Vec<(String, String)> {
        let task_root = task_root.display().to_string();
        let memory = self.memory_mb.to_string();
        let log_group = format!("/aws/lambda/{}", self.function_name);
        let given = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", self.function_name.as_str()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.as_str()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", log_group.as_str()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local/[$LATEST]"),
            ("AWS_REGION", self.region.as_str()),
            ("AWS_DEFAULT_REGION", self.region.as_str()),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_SESSION_TOKEN", "local"),
            ("LAMBDA_TASK_ROOT", task_root.as_str()),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("_HANDLER", "bootstrap"),
            ("TZ", ":UTC"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
        ];
        // Lambda sets it where there can be more than one.
        let concurrency = self.max_concurrency.to_string();
        let concurrency = (self.max_concurrency > 1)
            .then_some(("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.as_str()));
        given
            .into_iter()
            .chain(concurrency)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(self.environment.iter().cloned())
            .collect()
    }
}
