//! What a process has used, as Linux tells it.

use std::time::Duration;

use anyhow::Context as _;

/// The unit of processor time in `/proc`; Linux has used it for decades whatever the kernel's own is.
const TICKS_PER_SECOND: f64 = 100.0;
/// User and system time are the 14th and 15th field of `stat`; the first two are before the closing parenthesis.
const USER_TIME: usize = 11;

/// What a process used in a span of time.
pub(crate) struct Used {
    pub(crate) wall: Duration,
    pub(crate) processor: f64,
    /// KiB at the end.
    pub(crate) resident: u64,
}

impl Used {
    /// Processor seconds per second.
    pub(crate) fn cores(&self) -> f64 {
        self.processor / self.wall.as_secs_f64()
    }
}

/// Seconds of processor time of a process so far.
pub(crate) fn processor(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let (_, fields) = stat.rsplit_once(')').context("a stat without a name")?;
    let times = fields.split_whitespace().skip(USER_TIME).take(2).map(str::parse::<f64>);
    let ticks: f64 = times.sum::<Result<f64, _>>().context("a stat without times")?;
    Ok(ticks / TICKS_PER_SECOND)
}

/// `VmRSS` of a process in KiB.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a status without VmRSS")?;
    line.split_whitespace().next().and_then(|text| text.parse().ok()).context("VmRSS is no number")
}

/// How many files, sockets among them, this process and those that it starts may open.
pub(crate) fn open_files() -> anyhow::Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").context("no limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).context("no limit of open files")?;
    let most = line.split_whitespace().next().context("a limit without a number")?;
    Ok(most.parse().unwrap_or(usize::MAX))
}
