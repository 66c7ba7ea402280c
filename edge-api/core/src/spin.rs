//! The door on Spin: the only module that names spin-sdk's I/O.
//!
//! What a Spin import returns is bound to its thread and so is no `Send` future, which axum's handlers must be. The work
//! of a request therefore asks for I/O through a queue ([`port::SpinPort`]), and [`run`] does what is asked in the same
//! task, beside the work: nothing is spawned, nothing outlives the request, and no task is woken by another one (which
//! the component runtime answers with a trap).

mod connections;
mod port;
mod post;
mod settings;

use std::pin::pin;

use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{Either, select};

pub use port::SpinPort;
pub use settings::settings;

/// Requests for I/O that wait to be picked up. They are picked up in the same turn, so few ever wait.
const QUEUE: usize = 16;

/// Runs the work of one request.
pub async fn run<W: Future>(redis_url: &str, work: impl FnOnce(SpinPort) -> W) -> W::Output {
    let (sender, jobs) = mpsc::channel(QUEUE);
    let work = pin!(work(SpinPort::new(sender)));
    let service = pin!(jobs.for_each_concurrent(None, |job| port::serve(redis_url, job)));
    match select(work, service).await {
        Either::Left((output, _)) => output,
        Either::Right(((), work)) => work.await,
    }
}

/// Lets the host go on once: called after an answer is converted, it lets the body leave together with the head.
///
/// Without it an answer that waited for I/O costs 40 ms: small writes against delayed acknowledgements.
pub async fn give_way() {
    spin_sdk::wit_bindgen::yield_async().await;
}
