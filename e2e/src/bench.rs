//! The benchmark: how fast texts go out through the whole stack, and what an idle session costs.
//!
//! The simulated network is a process of its own, so that the server alone is measured; both share the machine with the
//! clients.

mod load;
mod memory;
mod options;
mod report;

pub use options::{HELP, Options, Parsed};

/// Measures everything and prints the tables. Missed aims are told, not failures.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    report::heading(options)?;
    report::load_heading();
    let load = load::measure(&options.loads).await?;
    report::memory_heading();
    let memory = memory::measure(&options.sessions).await?;
    report::aims(&load, &memory);
    Ok(())
}
