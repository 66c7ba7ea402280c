#![doc = include_str!("../README.md")]

mod body;
mod cpu;
mod egress;
mod engine;
mod error;
mod host;
mod instance;
pub mod limits;
mod logs;
pub mod manifest;
mod request;
mod route;
mod runtime;
mod service;
mod shutdown;
mod variables;
mod warning;
pub mod world;

pub use egress::{AllowAll, EgressKind, EgressPolicy};
pub use error::Error;
pub use limits::Limits;
pub use runtime::{EdgeRuntime, Options};
pub use world::{SPIN_4_1_WORLD, component_exports, component_imports, offered_by_spin_4_1};
