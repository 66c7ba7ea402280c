//! The tables that people read at the terminal.

#![expect(clippy::print_stdout, reason = "the tables are what the program is for")]

use std::time::Duration;

use super::options::Options;
use super::{events, load, memory};
use crate::programs;

/// Aim for the median of one client.
const MEDIAN_AIM: Duration = Duration::from_millis(5);

/// Aim for messages a second from phones to a webhook, and for the slowest percent of them.
const FLOW_AIM: u32 = 500;
const SLOWEST_AIM: Duration = Duration::from_millis(100);

/// Aim for an idle connected session, in KiB.
const SESSION_AIM: u64 = 250;

pub(super) fn heading(options: &Options) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism()?;
    println!("{} on {cores} cores, against a simulated network", programs::chatery()?.display());
    if let Some(most) = options.sessions.iter().max() {
        println!("up to {most} sessions");
    }
    Ok(())
}

pub(super) fn load_heading() {
    println!("\nsend-text through the WASM edge, to WhatsApp's acknowledgement");
    println!("{:>8} {:>8} {:>9} {:>9} {:>9}", "clients", "sends", "sends/s", "p50 ms", "p99 ms");
}

pub(super) fn load(measured: &load::Measured) {
    let load = measured.load;
    let rate = per_second(load.sends, measured.took);
    let (median, slow) = (millis(measured.median), millis(measured.slowest_percent));
    println!("{:>8} {:>8} {rate:>9.0} {median:>9.2} {slow:>9.2}", load.clients, load.sends);
}

pub(super) fn flow_heading() {
    println!("\nmessages from phones through store and log to a webhook, a socket beside it; from sending to reading");
    println!("{:>8} {:>9} {:>9} {:>9} {:>9}", "asked/s", "messages", "reached/s", "p50 ms", "p99 ms");
}

pub(super) fn flow(measured: &events::Measured) {
    let rate = per_second(measured.count, measured.took);
    let (median, slow) = (millis(measured.median), millis(measured.slowest_percent));
    let beside = if measured.flow.beside_bad_ones { "  beside five receivers that fail" } else { "" };
    println!("{:>8} {:>9} {rate:>9.0} {median:>9.2} {slow:>9.2}{beside}", measured.flow.per_second, measured.count);
}

pub(super) fn memory_heading() {
    println!("\nresident memory with idle connected sessions, in KiB");
    println!("{:>8} {:>10} {:>12} {:>10} {:>12}", "sessions", "linked", "each more", "restarted", "each more");
}

pub(super) fn memory(measured: &memory::Measured, first: Option<&memory::Measured>) {
    let more = |of: fn(&memory::Measured) -> u64| {
        first.and_then(|first| each_more(first, measured, of)).map_or_else(|| "-".to_owned(), |more| more.to_string())
    };
    let (linked, restarted) = (more(|it| it.linked), more(|it| it.restarted));
    let memory::Measured { sessions, linked: all, restarted: again } = measured;
    println!("{sessions:>8} {all:>10} {linked:>12} {again:>10} {restarted:>12}");
}

/// What each session beyond the first measurement costs.
fn each_more(first: &memory::Measured, last: &memory::Measured, of: fn(&memory::Measured) -> u64) -> Option<u64> {
    let sessions = u64::try_from(last.sessions.checked_sub(first.sessions)?).ok()?;
    of(last).saturating_sub(of(first)).checked_div(sessions)
}

pub(super) fn aims(loads: &[load::Measured], flows: &[events::Measured], memory: &[memory::Measured]) {
    println!();
    if let Some(single) = loads.iter().find(|measured| measured.load.clients == 1) {
        let (median, aim) = (single.median, MEDIAN_AIM);
        println!(
            "p50 of one client: {:.2} ms, aim below {} ms: {}",
            millis(median),
            aim.as_millis(),
            word(median < aim)
        );
    }
    if let Some(flow) = flows.iter().find(|measured| measured.flow.per_second == FLOW_AIM) {
        let reached = per_second(flow.count, flow.took) >= f64::from(FLOW_AIM) * 0.95;
        let slowest = flow.slowest_percent;
        println!(
            "{FLOW_AIM} messages a second to a webhook: {}; p99 {:.2} ms, aim below {} ms: {}",
            word(reached),
            millis(slowest),
            SLOWEST_AIM.as_millis(),
            word(slowest < SLOWEST_AIM)
        );
    }
    if let (Some(first), Some(last)) = (memory.first(), memory.last())
        && let Some(each) = each_more(first, last, |it| it.linked)
    {
        println!("idle session: {each} KiB, aim below {SESSION_AIM} KiB: {}", word(each < SESSION_AIM));
    }
}

fn word(reached: bool) -> &'static str {
    if reached { "OK" } else { "MISSED" }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a count of sends is far below what a double holds exactly")]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_a_session_is_that_of_those_beyond_the_first() {
        let at = |sessions, linked| memory::Measured { sessions, linked, restarted: 0 };
        assert_eq!(each_more(&at(1, 50_000), &at(101, 70_000), |it| it.linked), Some(200));
        assert_eq!(each_more(&at(1, 50_000), &at(1, 50_000), |it| it.linked), None);
        assert_eq!(each_more(&at(1, 9), &at(2, 8), |it| it.linked), Some(0), "the allocator gave some back");
    }
}
