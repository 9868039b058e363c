//! What the kernel says of a process: CPU time and peak memory.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// The CPU time that all threads of a process have used, to the nanosecond.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // The first field of schedstat is the time on a CPU in nanoseconds. A thread may end meanwhile.
        let Ok(schedstat) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let on_cpu = schedstat.split(' ').next().context("schedstat is empty")?;
        nanos += on_cpu.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// The most memory that a process has had, in MB.
pub(crate) fn peak_memory_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .context("no VmHWM in status")?;
    let kilobytes: f64 = line
        .split_whitespace()
        .nth(1)
        .context("VmHWM has no value")?
        .parse()?;
    Ok(kilobytes / 1_024.0)
}
