//! The sessions of this host: which ones it takes, and that each runs once. Hosts are equal: a session that should run and has
//! no owner goes to whoever gets its lease.

mod actor;
mod bookkeeper;
mod changes;
mod collector;
mod ledger;
pub mod outbox;
mod outcome;
mod outgoing;
mod past;
mod questions;
mod refusal;
mod roster;
pub mod state;
mod supervisor;
mod typing;

pub use self::actor::Handle;
pub use self::supervisor::{Sessions, SessionsConfig};
