//! Messages from phones through store and log to a webhook, with a socket beside it: how many a second, and how long each takes from the
//! phone's sending to the receiver's reading.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::load::percentile;
use super::options::Flow;
use super::report;
use crate::receiver::{Reaction, Receiver};
use crate::simulator::Simulator;
use crate::stack::{Plan, Stack};

/// The session that receives.
const SESSION: &str = "bench";

/// People who write at once.
const PEOPLE: usize = 10;

/// How long the last message may take.
const ARRIVES_WITHIN: Duration = Duration::from_mins(1);

/// What a run showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) flow: Flow,
    /// Messages.
    pub(super) count: usize,
    /// From the first sending to the last reading.
    pub(super) took: Duration,
    pub(super) median: Duration,
    pub(super) slowest_percent: Duration,
}

/// Runs the flows one after another on one stack.
pub(super) async fn measure(flows: &[Flow]) -> anyhow::Result<Vec<Measured>> {
    let simulator = Simulator::forgetful().await?;
    let stack = Plan::default().on(&simulator).await?.start().await?;
    let phone = stack.linked(SESSION, "Bench").await?;
    let receiver = Receiver::start().await?;
    let webhook = json!({ "url": receiver.url("/"), "events": ["message"] });
    let added = stack.api.post("/api/whatsapp/sessions/bench/webhooks", &webhook).await?;
    anyhow::ensure!(added.status == 200, "{added:?}");
    let mut socket = stack.socket().await?;
    socket.subscribe(SESSION).await?;
    // It reads along, as a dashboard does.
    let reading = tokio::spawn(async move { socket.message("the end of it all").await });
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(stack.phones.create(&format!("Person {number}")).await?.number);
    }
    // The first message of a person makes the keys of the two: once in a lifetime, so not measured.
    for (number, person) in people.iter().enumerate() {
        stack.phones.send(person, &phone.number, &format!("hello {number}")).await?;
        receiver.message(&format!("hello {number}")).await?;
    }
    let mut measured = Vec::new();
    let mut bad = Vec::new();
    for (run, flow) in flows.iter().enumerate() {
        if flow.beside_bad_ones && bad.is_empty() {
            bad = bad_ones(&stack).await?;
        }
        let sent: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
        let from = receiver.requests().len();
        let mut writers = JoinSet::new();
        for (number, person) in people.iter().enumerate() {
            let (phones, person, to, sent) =
                (stack.phones.clone(), person.clone(), phone.number.clone(), Arc::clone(&sent));
            let (each, pace) =
                (flow.count() / PEOPLE, Duration::from_secs(1) * u32::try_from(PEOPLE)? / flow.per_second);
            writers.spawn(async move {
                let mut tick = interval(pace);
                // A writer that is late stays late: what is measured is what was reached.
                tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
                for line in 0..each {
                    tick.tick().await;
                    let text = format!("{run} {number} {line}");
                    sent.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone(), Instant::now());
                    phones.send(&person, &to, &text).await?;
                }
                anyhow::Ok(())
            });
        }
        let started = Instant::now();
        while let Some(writer) = writers.join_next().await {
            writer??;
        }
        let count = flow.count() / PEOPLE * PEOPLE;
        let all = receiver
            .wait_within("all of it", ARRIVES_WITHIN, |all| (all.len() >= from + count).then(|| all[from..].to_vec()))
            .await?;
        let sent = sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let time =
            |request: &crate::receiver::Request| Some(request.at.saturating_duration_since(*sent.get(request.text())?));
        let mut times: Vec<Duration> = all.iter().filter_map(time).collect();
        times.sort_unstable();
        let last = all.iter().map(|request| request.at).max().unwrap_or(started);
        let result = Measured {
            flow: *flow,
            count,
            took: last.saturating_duration_since(started),
            median: percentile(&times, 50),
            slowest_percent: percentile(&times, 99),
        };
        report::flow(&result);
        measured.push(result);
    }
    reading.abort();
    stack.stop().await?;
    Ok(measured)
}

/// Receivers that fail, each in its own way, registered.
async fn bad_ones(stack: &Stack) -> anyhow::Result<Vec<Receiver>> {
    let says = |status, headers: &str| Reaction::Says(status, headers.to_owned(), String::new());
    let reactions =
        [says(500, ""), says(429, "retry-after: 5\r\n"), Reaction::Resets, Reaction::Hangs, Reaction::EndlessBody];
    let mut bad = Vec::new();
    for reaction in reactions {
        let receiver = Receiver::reacting(move |_| reaction.clone()).await?;
        let webhook = json!({ "url": receiver.url("/"), "events": ["message"] });
        stack.api.post("/api/whatsapp/sessions/bench/webhooks", &webhook).await?;
        bad.push(receiver);
    }
    Ok(bad)
}
