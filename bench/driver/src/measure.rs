//! One function under measurement, with the endpoints it talks to.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use local_aws::cloudwatch::CloudWatch;
use local_aws::lambda::{Function, FunctionConfig, InvocationOutcome};
use local_aws::ledger::{Ledger, Storage};
use serde_json::Value;

use crate::process;

/// A function to measure.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// Its executable.
    pub(crate) bootstrap: PathBuf,
    /// What runs it needs beside the usual environment.
    pub(crate) environment: Vec<(String, String)>,
}

/// A candidate that runs.
pub(crate) struct RunningFunction {
    function: Function,
    /// The CPU time that has been accounted for.
    accounted: Cell<Duration>,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) ledger: Ledger,
}

/// A ledger that takes every write after a delay and keeps nothing: what is measured is the function, not a database.
pub(crate) async fn quick_ledger(delay: Duration) -> Result<String> {
    let answer = move || async move {
        tokio::time::sleep(delay).await;
        ([("content-type", "application/x-amz-json-1.0")], "{}")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(endpoint)
}

impl Candidate {
    /// Starts the function with endpoints of its own.
    pub(crate) async fn start(&self) -> Result<RunningFunction> {
        self.start_with_ledger(None).await
    }

    /// Starts the function with another ledger endpoint than its own.
    pub(crate) async fn start_with_ledger(
        &self,
        endpoint: Option<String>,
    ) -> Result<RunningFunction> {
        let cloudwatch = CloudWatch::start().await?;
        let ledger = Ledger::start(
            ledger::create_table_request("ledger"),
            ledger::EXPIRES_AT,
            Storage::Memory,
        )
        .await?;
        let mut config = FunctionConfig::new(&self.bootstrap, self.name, "us-east-1")
            .env("LEDGER_TABLE", "ledger")
            .env("AWS_LAMBDA_LOG_LEVEL", "warn")
            .env(
                "AWS_ENDPOINT_URL_DYNAMODB",
                endpoint.unwrap_or(ledger.endpoint()),
            )
            .env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.endpoint());
        config.environment.extend(self.environment.iter().cloned());
        let function = Function::start(config)
            .await
            .with_context(|| format!("starting {}", self.name))?;
        Ok(RunningFunction {
            function,
            accounted: Cell::default(),
            cloudwatch,
            ledger,
        })
    }
}

impl RunningFunction {
    /// From spawning the process until it asked for work.
    pub(crate) fn start_time(&self) -> Duration {
        self.function.start_time()
    }

    /// Sends one batch; gives the wall-clock time until the answer.
    pub(crate) async fn send(&self, payload: Bytes) -> Result<Duration> {
        let sent = Instant::now();
        let invocation = self.function.invoke(payload).await;
        let took = sent.elapsed();
        let nothing_failed = serde_json::json!({"batchItemFailures": []});
        match invocation.outcome {
            InvocationOutcome::Response(answer)
                if serde_json::from_slice(&answer)
                    .is_ok_and(|answer: Value| answer == nothing_failed) =>
            {
                Ok(took)
            }
            other => bail!("the function did not take the batch: {other:?}"),
        }
    }

    /// Sends one batch; gives the CPU time that the function used for it.
    ///
    /// What a function does after its answer is part of what the next batch cost: nothing is left out.
    pub(crate) async fn cpu(&self, payload: Bytes) -> Result<Duration> {
        self.send(payload).await?;
        let used = process::cpu_time(self.pid()?)?;
        Ok(used - self.accounted.replace(used))
    }

    /// The bytes that the function has written to its log.
    pub(crate) fn log_bytes(&self) -> usize {
        let lines = self.function.logs();
        lines.iter().map(|line| line.text.len() + 1).sum()
    }

    /// The most memory the function has had, in MB.
    pub(crate) fn peak_memory_mb(&self) -> Result<f64> {
        process::peak_memory_mb(self.pid()?)
    }

    /// Ends the function.
    pub(crate) async fn stop(self) {
        self.function.stop().await;
    }

    fn pid(&self) -> Result<u32> {
        self.function.pid().context("the function does not run")
    }
}
