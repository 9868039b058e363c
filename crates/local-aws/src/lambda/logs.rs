//! What the processes of a function write to their standard output and error.

use std::collections::VecDeque;
use std::io::{ErrorKind, PipeReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::unix::pipe::Receiver;

/// The newest lines that a [`LogStore`] keeps. Older ones are dropped first.
pub const MAX_LOG_LINES: usize = 200_000;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The process that wrote it.
    pub pid: u32,
    /// Where it was written.
    pub stream: LogStream,
    /// The line without its line end. Bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// The lines of all processes of one function, in the order in which they were read.
#[derive(Debug, Clone)]
pub struct LogStore {
    lines: Arc<Mutex<VecDeque<LogLine>>>,
}

impl LogStore {
    pub(super) fn new() -> Self {
        Self {
            lines: Arc::default(),
        }
    }

    /// A copy of the lines kept so far.
    pub fn lines(&self) -> Vec<LogLine> {
        lock(&self.lines).iter().cloned().collect()
    }

    /// Takes the lines kept so far, and leaves none.
    pub fn drain(&self) -> Vec<LogLine> {
        lock(&self.lines).drain(..).collect()
    }

    fn push(&self, line: LogLine) {
        let mut lines = lock(&self.lines);
        if lines.len() == MAX_LOG_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The last lines that a process wrote to standard error, for an error message.
    pub(super) fn stderr_tail(&self, pid: u32, count: usize) -> String {
        let lines = lock(&self.lines);
        let mut tail: Vec<&str> = lines
            .iter()
            .rev()
            .filter(|line| line.pid == pid && line.stream == LogStream::Stderr)
            .take(count)
            .map(|line| line.text.as_str())
            .collect();
        tail.reverse();
        tail.join("\n")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reading end of a process's output.
///
/// Both a background task and whoever calls [`LogPipe::drain`] read it. The second is what makes the log complete when
/// an invocation returns: whatever the process wrote before its answer is in the pipe by then, and one read without
/// waiting takes it out, however far behind the background task is.
#[derive(Debug)]
pub(super) struct LogPipe {
    /// Tells when there is something to read.
    readiness: Receiver,
    /// The same pipe, read without asking the runtime first: its word on readiness lags behind.
    direct: PipeReader,
    unfinished: Mutex<Vec<u8>>,
    pid: u32,
    stream: LogStream,
    store: LogStore,
}

impl LogPipe {
    pub(super) fn new(
        reader: PipeReader,
        pid: u32,
        stream: LogStream,
        store: LogStore,
    ) -> std::io::Result<Self> {
        let direct = reader.try_clone()?;
        Ok(Self {
            // This makes the pipe non-blocking for both.
            readiness: Receiver::from_owned_fd(reader.into())?,
            direct,
            unfinished: Mutex::default(),
            pid,
            stream,
            store,
        })
    }

    /// Reads until the process has closed its end.
    pub(super) async fn follow(&self) {
        while self.readiness.readable().await.is_ok() {
            // Through the runtime, so that it learns when the pipe is empty.
            if self.read_all(|buffer| self.readiness.try_read(buffer)) {
                return;
            }
        }
    }

    /// Takes everything that is in the pipe now, without waiting.
    pub(super) fn drain(&self) {
        let mut direct = &self.direct;
        self.read_all(|buffer| direct.read(buffer));
    }

    /// Reads until there is nothing left for now. True at the end of the output.
    fn read_all(&self, mut read: impl FnMut(&mut [u8]) -> std::io::Result<usize>) -> bool {
        let mut unfinished = lock(&self.unfinished);
        let mut buffer = [0u8; 16 * 1024];
        let ended = loop {
            match read(&mut buffer) {
                Ok(0) => break true,
                Ok(count) => self.split(&mut unfinished, &buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        if ended && !unfinished.is_empty() {
            self.emit(&unfinished);
            unfinished.clear();
        }
        ended
    }

    fn split(&self, unfinished: &mut Vec<u8>, mut read: &[u8]) {
        while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            unfinished.extend_from_slice(&read[..end]);
            self.emit(unfinished);
            unfinished.clear();
            read = &read[end + 1..];
        }
        unfinished.extend_from_slice(read);
    }

    fn emit(&self, line: &[u8]) {
        self.store.push(LogLine {
            pid: self.pid,
            stream: self.stream,
            text: String::from_utf8_lossy(line).into_owned(),
        });
    }
}
