//! How much the simulator bears: many idle clients, and messages between some of them.
//!
//! The simulator is a process of its own, so that its processor time and memory are its own; all clients are in this one and
//! share the machine with it. Every client is unmodified and has a seeded account.
#![recursion_limit = "512"]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what the program is for")]

mod clients;
mod measure;
mod options;
#[path = "../../tests/it/client/seeded_store.rs"]
mod seeded_store;
mod simulator;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clients::{Clients, Flight};
use options::{HELP, Options, Parsed};
use simulator::Simulator;

/// How long the clients may be quiet before the idle phase is measured.
const SETTLE: Duration = Duration::from_secs(3);
/// Files besides the clients' sockets, plentifully.
const SPARE_FILES: usize = 100;
/// How long idle clients are looked at.
const IDLE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("sim-load: {problem}");
            return ExitCode::FAILURE;
        }
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sim-load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let Options { accounts, writers, rate, seconds } = *options;
    let cores = std::thread::available_parallelism()?;
    println!(
        "{accounts} accounts, {writers} of them writing {rate} messages/s together for {seconds} s; {cores} cores"
    );
    if cfg!(debug_assertions) {
        println!("this is a debug build: it shows whether it works, not how fast it is");
    }
    let (most, needed) = (measure::open_files()?, accounts + SPARE_FILES);
    anyhow::ensure!(most >= needed, "each side opens {needed} files and may open {most}: ulimit -n {needed}");
    let simulator = Simulator::start().await?;
    let bare = simulator.resident()?;
    let seeded = simulator.seed(accounts).await?;
    let flight = Arc::new(Flight::new(rate, seconds));
    let clients = Clients::start(&simulator, seeded, &flight).await?;
    clients.introduce(writers).await?;

    tokio::time::sleep(SETTLE).await;
    let idle = simulator.during(tokio::time::sleep(IDLE)).await?.0;
    println!("\n{:<32} {:>10}", "simulator, at the start", mib(bare));
    println!("{:<32} {:>10}", "with all clients idle", mib(idle.resident));
    println!("{:<32} {:>8.1} %", "processor, idle", idle.cores() * 100.0);

    let (load, ()) = simulator.during(clients.write(&flight, rate, writers)).await?;
    flight.landed().await;
    let after = simulator.resident()?;
    let report = flight.report();
    let sent_within = load.wall.as_secs_f64();
    println!("\n{:<32} {:>10}", "messages sent", report.sent);
    println!("{:<32} {:>8.0} /s", "achieved", per_second(report.sent, sent_within));
    println!("{:<32} {:>10}", "lost", report.lost);
    println!("{:<32} {:>7.2} ms", "to the far client, p50", millis(report.median));
    println!("{:<32} {:>7.2} ms", "to the far client, p99", millis(report.slow));
    println!("{:<32} {:>8.1} %", "processor, of one core", load.cores() * 100.0);
    println!("{:<32} {:>10}", "memory after the load", mib(after));
    println!("{:<32} {:>6} KiB", "grown by", i64::try_from(after)? - i64::try_from(idle.resident)?);
    let stats = simulator.stats().await?;
    println!(
        "\nunknown requests {}, undecryptable {}, dropped from queues {}",
        stats["unknownRequests"], stats["undecryptable"], stats["droppedFromQueues"]
    );
    clients.stop().await;
    simulator.stop().await
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process are far below what a double holds exactly")]
fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "a count of messages is far below what a double holds exactly")]
fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
