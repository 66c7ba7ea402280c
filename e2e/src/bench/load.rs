//! Texts through the WASM edge to WhatsApp's acknowledgement: how many a second, and how long each takes.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::options::Load;
use super::report;
use crate::api::Api;
use crate::simulator::Simulator;
use crate::stack::Plan;

/// The session that sends.
const SESSION: &str = "bench";

/// What a run showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) load: Load,
    pub(super) took: Duration,
    pub(super) median: Duration,
    pub(super) slowest_percent: Duration,
}

/// Runs the loads one after another on one stack.
pub(super) async fn measure(loads: &[Load]) -> anyhow::Result<Vec<Measured>> {
    let simulator = Simulator::forgetful().await?;
    let stack = Plan::default().on(&simulator).await?.start().await?;
    stack.linked(SESSION, "Bench").await?;
    let mut people = Vec::new();
    for number in 0..loads.iter().map(|load| load.clients).max().unwrap_or_default() {
        people.push(stack.phones.create(&format!("Person {number}")).await?.number);
    }
    // The first text to a person asks who that is and makes the keys of the two: once in a lifetime, so not measured.
    for number in &people {
        stack.api.send_text(SESSION, number, "hello").await?;
    }
    let mut measured = Vec::new();
    for load in loads {
        let result = run(stack.api.base(), *load, &people).await?;
        report::load(&result);
        measured.push(result);
    }
    stack.stop().await?;
    Ok(measured)
}

/// Each client writes to a person of its own, one text after another.
async fn run(base: &str, load: Load, people: &[String]) -> anyhow::Result<Measured> {
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for (client, person) in people.iter().take(load.clients).enumerate() {
        // A connection pool of its own, of which it uses one connection.
        let (api, person) = (Api::new(base, None)?, person.clone());
        clients.spawn(async move {
            let mut times = Vec::new();
            for number in 0..share(load, client) {
                let asked = Instant::now();
                api.send_text(SESSION, &person, &format!("text {number}")).await?;
                times.push(asked.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::with_capacity(load.sends);
    while let Some(client) = clients.join_next().await {
        times.extend(client??);
    }
    let took = started.elapsed();
    times.sort_unstable();
    Ok(Measured { load, took, median: percentile(&times, 50), slowest_percent: percentile(&times, 99) })
}

/// How many of a load's texts a client sends.
fn share(load: Load, client: usize) -> usize {
    load.sends / load.clients + usize::from(client < load.sends % load.clients)
}

/// The time that so many percent did not exceed.
pub(super) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn shares_add_up() {
        let load = Load { clients: 7, sends: 100 };
        assert_eq!((0..load.clients).map(|client| share(load, client)).sum::<usize>(), load.sends);
    }
}
