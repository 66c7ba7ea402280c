//! What idle sessions cost: the resident memory of the server with more and more of them, connected and quiet, as they were linked
//! and after a restart that only connects them.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context as _;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::time::sleep;

use super::report;
use crate::simulator::Simulator;
use crate::stack::{Plan, Stack};
use crate::wait::{Seen, wait_for};

/// Sessions that are linked at once.
const AT_ONCE: usize = 8;

/// How long all sessions may take to come back after a restart: the host staggers its starts.
const BACK_WITHIN: Duration = Duration::from_mins(5);

/// How long the memory may take to settle.
const SETTLED_WITHIN: Duration = Duration::from_mins(1);

/// Time between two readings of the memory.
const READ_EVERY: Duration = Duration::from_millis(500);

/// It is settled when so many readings in a row differ by less than [`STEADY`].
const READINGS: usize = 6;

/// KiB.
const STEADY: u64 = 256;

/// What a number of sessions showed, in KiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) sessions: usize,
    pub(super) linked: u64,
    pub(super) restarted: u64,
}

/// Measures at each number of sessions, which grow.
pub(super) async fn measure(numbers: &[usize]) -> anyhow::Result<Vec<Measured>> {
    let simulator = Simulator::forgetful().await?;
    let most = numbers.iter().max().copied().unwrap_or_default();
    let plan = Plan::default().on(&simulator).await?.setting("MAX_SESSIONS", &most.to_string());
    let mut stack = plan.setting("RUST_LOG", "warn").start().await?;
    let mut measured: Vec<Measured> = Vec::new();
    for sessions in numbers.iter().copied() {
        let there = measured.last().map_or(0, |before| before.sessions);
        link(&stack, there, sessions).await?;
        let linked = settled(&stack, sessions).await?;
        stack.terminate().await?;
        stack.start_again().await?;
        let restarted = settled(&stack, sessions).await?;
        let result = Measured { sessions, linked, restarted };
        report::memory(&result, measured.first());
        measured.push(result);
    }
    stack.stop().await?;
    Ok(measured)
}

async fn link(stack: &Stack, from: usize, to: usize) -> anyhow::Result<()> {
    let linking = stream::iter(from..to)
        .map(async |number| stack.linked(&format!("s{number}"), &format!("Phone {number}")).await.map(drop));
    linking.buffer_unordered(AT_ONCE).try_collect().await
}

/// The resident memory in KiB once all sessions are connected and it changes no more.
async fn settled(stack: &Stack, sessions: usize) -> anyhow::Result<u64> {
    let connected = async || {
        let count = stack.api.sessions().await?.iter().filter(|session| session.is_connected).count();
        Ok(Seen::when(count, |count| *count == sessions))
    };
    wait_for("all sessions", BACK_WITHIN, connected).await?;
    let pid = stack.pid()?;
    let mut last = VecDeque::new();
    let look = async || {
        sleep(READ_EVERY).await;
        last.push_back(resident(pid)?);
        if last.len() > READINGS {
            last.pop_front();
        }
        let spread = last.iter().max().zip(last.iter().min()).map(|(most, least)| most - least);
        let steady = last.len() == READINGS && spread.is_some_and(|spread| spread <= STEADY);
        Ok(match last.back() {
            Some(reading) if steady => Seen::Fact(*reading),
            _ => Seen::NotYet(format!("{last:?} KiB")),
        })
    };
    wait_for("steady memory", SETTLED_WITHIN, look).await
}

/// `VmRSS` of a process in KiB.
fn resident(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    of_status(&status).context("its status has no VmRSS")
}

fn of_status(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_memory_is_read() {
        assert_eq!(of_status("VmPeak:\t  9 kB\nVmRSS:\t  1234 kB\n"), Some(1234));
        assert_eq!(of_status("VmPeak:\t  9 kB\n"), None);
        assert!(resident(std::process::id()).is_ok_and(|size| size > 0));
    }
}
