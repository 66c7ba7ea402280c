//! The benchmark: how fast texts go out through the whole stack, how fast they come in, and what an idle session costs.
//!
//! The simulated network is a process of its own, so that the server alone is measured; both share the machine with the
//! clients.

mod events;
mod load;
mod memory;
mod options;
mod report;

pub use options::{HELP, Options, Parsed};

/// Measures everything and prints the tables. Missed aims are told, not failures.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    report::heading(options)?;
    let (mut load, mut memory) = (Vec::new(), Vec::new());
    if !options.loads.is_empty() {
        report::load_heading();
        load = load::measure(&options.loads).await?;
    }
    report::flow_heading();
    let flows = events::measure(&options.flows).await?;
    if !options.sessions.is_empty() {
        report::memory_heading();
        memory = memory::measure(&options.sessions).await?;
    }
    report::aims(&load, &flows, &memory);
    Ok(())
}
