//! Black-box tests over the whole of Chatery Edge: what starts the program `chatery` as it ships and drives it as its users do,
//! over HTTP, with the official Socket.IO client, and with simulated phones. The tests are in `tests/it`, the benchmark is
//! the program `bench`.
//!
//! Nothing here knows the code it tests: the wire types of [`contract`] are all it shares with it.

pub mod api;
pub mod bench;
pub mod browser;
pub mod bucket;
pub mod files;
pub mod host;
pub mod links;
pub mod parts;
pub mod phones;
mod ports;
pub mod process;
pub mod programs;
pub mod receiver;
mod redis_child;
pub mod simulator;
pub mod sockets;
pub mod stack;
pub mod wait;
