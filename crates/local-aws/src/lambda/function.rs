//! A function and its current process.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex as SyncMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::sync::{Mutex, Semaphore, oneshot};

use super::logs::{LogLine, LogStore};
use super::process::Process;
use super::runtime_api::{PendingInvocation, RuntimeReply};
use super::{FunctionConfig, Invocation, InvocationOutcome, MAX_PAYLOAD_BYTES, StartError};

/// A function that can be invoked. Dropping it kills its process.
#[derive(Debug)]
pub struct Function {
    config: FunctionConfig,
    logs: LogStore,
    starts: AtomicU64,
    /// Held for the length of an invocation: as many at once as an execution environment takes.
    turns: Semaphore,
    /// Held while a process starts.
    starting: Mutex<()>,
    process: SyncMutex<Option<Arc<Process>>>,
}

impl Function {
    /// Starts the function's first process and waits until it asks for work.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what kept it from starting, with the end of its standard error.
    pub async fn start(config: FunctionConfig) -> Result<Self, StartError> {
        let function = Self {
            turns: Semaphore::new(config.max_concurrency),
            starting: Mutex::default(),
            config,
            logs: LogStore::new(),
            starts: AtomicU64::new(0),
            process: SyncMutex::default(),
        };
        function.ready_process().await?;
        Ok(function)
    }

    /// Hands `payload` to the function and waits for the end of the invocation.
    ///
    /// When this returns, all that the function wrote before it answered (or ended) is in [`Function::logs`]. What it
    /// writes between its answer and the next invocation comes later.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Invocation {
        let payload = payload.into();
        // Nothing closes the semaphore.
        let _turn = self.turns.acquire().await;
        let request_id = request_id();
        if payload.len() > MAX_PAYLOAD_BYTES {
            let bytes = payload.len();
            return Invocation {
                request_id,
                outcome: InvocationOutcome::PayloadTooLarge { bytes },
                duration: Duration::ZERO,
            };
        }
        // A process that ended while it waited for work took nothing with it, so its successor gets the payload.
        // Once: one that again ends before it takes its work would do so for ever.
        let mut may_try_again = true;
        loop {
            let process = match self.ready_process().await {
                Ok(process) => process,
                Err(error) => {
                    return Invocation {
                        request_id,
                        outcome: InvocationOutcome::InitFailed(error),
                        duration: Duration::ZERO,
                    };
                }
            };
            let began = Instant::now();
            let outcome = self.run(&process, &request_id, payload.clone()).await;
            let duration = began.elapsed();
            process.drain_logs();
            match outcome {
                Ok(outcome) => {
                    return Invocation {
                        request_id,
                        outcome,
                        duration,
                    };
                }
                Err(IdleExit(_)) if may_try_again => may_try_again = false,
                Err(IdleExit(status)) => {
                    return Invocation {
                        request_id,
                        outcome: InvocationOutcome::Crashed { status },
                        duration,
                    };
                }
            }
        }
    }

    async fn run(
        &self,
        process: &Process,
        request_id: &str,
        payload: Bytes,
    ) -> Result<InvocationOutcome, IdleExit> {
        let (sender, mut answer) = oneshot::channel();
        process.api().send(PendingInvocation {
            request_id: request_id.to_owned(),
            function_arn: self.config.arn(),
            deadline: SystemTime::now() + self.config.timeout,
            payload,
            answer: sender,
        });
        tokio::select! {
            // An answer wins over the end of the process that sent it.
            biased;
            Ok(answer) = &mut answer => Ok(answer.into()),
            status = process.exited() => {
                // The answer may have come in together with the end.
                if let Ok(answer) = answer.try_recv() {
                    return Ok(answer.into());
                }
                self.forget(process);
                if process.api().is_running(request_id) {
                    Ok(InvocationOutcome::Crashed { status })
                } else {
                    Err(IdleExit(status))
                }
            }
            () = tokio::time::sleep(self.config.timeout) => {
                process.kill().await;
                self.forget(process);
                Ok(InvocationOutcome::TimedOut { after: self.config.timeout })
            }
        }
    }

    /// The running process, or a new one.
    async fn ready_process(&self) -> Result<Arc<Process>, StartError> {
        let _starting = self.starting.lock().await;
        let running = self.current().clone();
        if let Some(process) = running
            && process.is_running()
        {
            return Ok(process);
        }
        self.starts.fetch_add(1, Ordering::Relaxed);
        let process = Arc::new(Process::start(&self.config, self.logs.clone()).await?);
        *self.current() = Some(Arc::clone(&process));
        Ok(process)
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Process>>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, process: &Process) {
        self.current()
            .take_if(|current| std::ptr::eq(Arc::as_ptr(current), process));
    }

    /// Ends the function as Lambda ends an environment: SIGTERM, then SIGKILL after the grace period.
    ///
    /// Returns how the process ended, or `None` if there was none. A later [`Function::invoke`] starts a new one.
    pub async fn stop(&self) -> Option<ExitStatus> {
        let process = self.current().take()?;
        Some(process.stop(self.config.grace_period).await)
    }

    /// Kills the process with SIGKILL, for fault tests, also in the middle of an invocation, which then crashed.
    ///
    /// Returns how the process ended, or `None` if there was none.
    pub async fn kill(&self) -> Option<ExitStatus> {
        let process = self.current().clone()?;
        Some(process.kill().await)
    }

    /// The process id, for reading CPU time and memory. `None` while there is no process.
    pub fn pid(&self) -> Option<u32> {
        let process = self.current();
        process.as_ref().filter(|p| p.is_running()).map(|p| p.pid())
    }

    /// From spawning the current process until it first asked for work; zero while there is no process.
    pub fn start_time(&self) -> Duration {
        let process = self.current();
        process.as_ref().map(|p| p.start_time()).unwrap_or_default()
    }

    /// How many processes were started so far, the first one and failed ones included.
    pub fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    /// What the function was started with.
    pub fn config(&self) -> &FunctionConfig {
        &self.config
    }

    /// A copy of all lines that the function's processes wrote and that were not drained.
    pub fn logs(&self) -> Vec<LogLine> {
        self.logs.lines()
    }

    /// The store of those lines, to drain it or to listen live.
    pub fn log_store(&self) -> &LogStore {
        &self.logs
    }
}

/// The process ended before it took the invocation.
struct IdleExit(ExitStatus);

impl From<RuntimeReply> for InvocationOutcome {
    fn from(answer: RuntimeReply) -> Self {
        match answer {
            RuntimeReply::Response(payload) => Self::Response(payload),
            RuntimeReply::Error {
                error_type,
                message,
            } => Self::FunctionError {
                error_type,
                message,
            },
        }
    }
}

/// A random id in the form of a version 4 UUID, as Lambda's request ids are.
pub(crate) fn request_id() -> String {
    let random = fastrand::u128(..);
    let hex = format!("{random:032x}");
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
