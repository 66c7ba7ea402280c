//! Ends a guest that computes without end. A thread advances the engine's epoch; a guest that is computing when that
//! happens gives way to other tasks and is counted; one that was counted too often without ever having finished its turn
//! traps. Waiting for I/O costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use wasmtime::{Engine, Store, UpdateDeadline};

/// How often a computing guest is looked at: short beside any limit, long beside a request.
const TICK: Duration = Duration::from_millis(20);

/// Advances the epoch of `engine` until it is dropped. A thread and not a task: guests in endless loops could hold every
/// worker of the runtime before the first tick.
pub(crate) fn start_clock(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("guest-clock".to_owned()).spawn(move || {
        loop {
            thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else { break };
            engine.increment_epoch();
        }
    })?;
    Ok(())
}

/// Counts the ticks of the turn in which an instance is.
#[derive(Clone, Default)]
pub(crate) struct CpuMeter(Arc<State>);

#[derive(Default)]
struct State {
    ticks: AtomicU64,
    /// The instance paused because a tick came, not because it was done.
    interrupted: AtomicBool,
}

impl CpuMeter {
    /// Sets the limit of one turn for the guest in `store`.
    pub(crate) fn attach<T>(&self, store: &mut Store<T>, limit: Duration) {
        let limit = u64::try_from(limit.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX);
        let meter = self.clone();
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if meter.0.ticks.fetch_add(1, Ordering::Relaxed) >= limit {
                wasmtime::bail!("the guest computed for too long without giving control back");
            }
            meter.0.interrupted.store(true, Ordering::Relaxed);
            Ok(UpdateDeadline::Yield(1))
        });
    }

    /// The instance is not computing at the moment: a new turn begins, unless it was only interrupted.
    pub(crate) fn paused(&self) {
        if !self.0.interrupted.swap(false, Ordering::Relaxed) {
            self.0.ticks.store(0, Ordering::Relaxed);
        }
    }
}
