//! One process of a function: an execution environment, in Lambda's words.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::logs::{LogPipe, LogStore, LogStream};
use super::runtime_api::{InitPhase, RuntimeApi};
use super::{FunctionConfig, StartError};
use crate::http::Server;

/// How many lines of standard error an error message quotes.
const QUOTED_LINES: usize = 20;

/// A running process with the Runtime API that feeds it. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    api: RuntimeApi,
    exit: watch::Receiver<Option<ExitStatus>>,
    signals: mpsc::UnboundedSender<Signal>,
    output: [Arc<LogPipe>; 2],
    store: LogStore,
    start_time: Duration,
    _server: Server,
    tasks: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the bootstrap and waits until it asks for work.
    pub(super) async fn start(
        config: &FunctionConfig,
        store: LogStore,
    ) -> Result<Self, StartError> {
        let bootstrap =
            config
                .bootstrap
                .canonicalize()
                .map_err(|source| StartError::BootstrapNotFound {
                    path: config.bootstrap.clone(),
                    source,
                })?;
        let (api, router) = RuntimeApi::new(config.takes_extensions);
        let server = Server::start(router, 0)
            .await
            .map_err(StartError::Endpoint)?;
        let began = Instant::now();
        let mut process = Self::spawn(config, &bootstrap, api, server, store)?;
        let ready = tokio::time::timeout(config.init_timeout, process.wait_until_ready()).await;
        match ready {
            Ok(Ok(())) => {
                process.start_time = began.elapsed();
                Ok(process)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::InitTimedOut {
                after: config.init_timeout,
                stderr: process.stderr_tail(),
            }),
        }
    }

    fn spawn(
        config: &FunctionConfig,
        bootstrap: &Path,
        api: RuntimeApi,
        server: Server,
        store: LogStore,
    ) -> Result<Self, StartError> {
        let task_root = bootstrap.parent().unwrap_or(Path::new("/"));
        let endpoint = server.address().to_string();
        let cannot_run = |source| StartError::CannotRun {
            path: bootstrap.to_owned(),
            source,
        };
        let (stdout, child_stdout) = std::io::pipe().map_err(cannot_run)?;
        let (stderr, child_stderr) = std::io::pipe().map_err(cannot_run)?;
        let mut command = Command::new(bootstrap);
        command
            .current_dir(task_root)
            .env_clear()
            .envs(config.process_environment(&endpoint, task_root))
            .stdin(Stdio::null())
            .stdout(child_stdout)
            .stderr(child_stderr)
            // A group of its own: Ctrl-C at the terminal must reach the owner alone, which then ends its functions.
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().map_err(cannot_run)?;
        // The command holds the writing ends; the log would never end while they are open.
        drop(command);

        let pid = child.id().unwrap_or_default();
        let pipe = |reader, stream| {
            LogPipe::new(reader, pid, stream, store.clone())
                .map(Arc::new)
                .map_err(cannot_run)
        };
        let output = [
            pipe(stdout, LogStream::Stdout)?,
            pipe(stderr, LogStream::Stderr)?,
        ];
        let (exit_sender, exit) = watch::channel(None);
        let (signals, signal_receiver) = mpsc::unbounded_channel();
        let mut tasks = vec![tokio::spawn(supervise(child, signal_receiver, exit_sender))];
        tasks.extend(output.iter().map(|pipe| {
            let pipe = Arc::clone(pipe);
            tokio::spawn(async move { pipe.follow().await })
        }));
        Ok(Self {
            pid,
            api,
            exit,
            signals,
            output,
            store,
            start_time: Duration::ZERO,
            _server: server,
            tasks,
        })
    }

    async fn wait_until_ready(&self) -> Result<(), StartError> {
        let mut init = self.api.init();
        let state = tokio::select! {
            // An init error wins over the exit that follows it.
            biased;
            state = init.wait_for(|state| *state != InitPhase::Running) => {
                state.map_or(InitPhase::Running, |state| state.clone())
            }
            _ = self.exited() => self.api.init().borrow().clone(),
        };
        match state {
            InitPhase::Ready => Ok(()),
            InitPhase::Failed {
                error_type,
                message,
            } => {
                // Lambda ends the environment too. Waiting for the end makes the quoted log complete.
                self.signal(Signal::SIGKILL);
                self.exited().await;
                Err(StartError::InitError {
                    error_type,
                    message,
                    stderr: self.stderr_tail(),
                })
            }
            InitPhase::Running => Err(StartError::ExitedBeforeReady {
                status: self.exited().await,
                stderr: self.stderr_tail(),
            }),
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn api(&self) -> &RuntimeApi {
        &self.api
    }

    /// From spawning the process until it first asked for work.
    pub(super) fn start_time(&self) -> Duration {
        self.start_time
    }

    pub(super) fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Waits for the process to end.
    pub(super) async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await;
        let status = status.ok().and_then(|status| *status);
        self.drain_logs();
        // The supervisor reports before it ends; a default can only stand in for one that was aborted.
        status.unwrap_or_default()
    }

    pub(super) fn signal(&self, signal: Signal) {
        // A supervisor that is gone has no process left to signal.
        let _ = self.signals.send(signal);
    }

    /// Puts what the process has written so far into the log.
    pub(super) fn drain_logs(&self) {
        for pipe in &self.output {
            pipe.drain();
        }
    }

    /// Ends the process: SIGTERM, and SIGKILL where it is still there after `grace_period`.
    pub(super) async fn stop(&self, grace_period: Duration) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        match tokio::time::timeout(grace_period, self.exited()).await {
            Ok(status) => status,
            Err(_) => self.kill().await,
        }
    }

    /// Ends the process at once.
    pub(super) async fn kill(&self) -> ExitStatus {
        self.signal(Signal::SIGKILL);
        self.exited().await
    }

    fn stderr_tail(&self) -> String {
        self.drain_logs();
        self.store.stderr_tail(self.pid, QUOTED_LINES)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.drain_logs();
        // The supervisor owns the child; ending it kills the child.
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Waits for the child and passes signals on. Only here, where the child is waited for, is its pid known to be its own.
async fn supervise(
    mut child: Child,
    mut signals: mpsc::UnboundedReceiver<Signal>,
    exit: watch::Sender<Option<ExitStatus>>,
) {
    loop {
        tokio::select! {
            status = child.wait() => {
                match status {
                    Ok(status) => {
                        exit.send_replace(Some(status));
                    }
                    Err(error) => {
                        tracing::error!(%error, "waiting for a function's process failed");
                        exit.send_replace(Some(ExitStatus::default()));
                    }
                }
                return;
            }
            Some(signal) = signals.recv() => {
                let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
                if let Some(pid) = pid
                    && let Err(error) = kill(Pid::from_raw(pid), signal)
                {
                    tracing::warn!(%error, %signal, "a function's process could not be signalled");
                }
            }
        }
    }
}
