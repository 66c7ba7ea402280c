//! The WhatsApp library, as the rest of the host sees it: a link that is opened over a network and tells what happens.
//!
//! This folder, the storage traits in [`crate::store`] and [`crate::history`] are all that may name the library.

pub mod content;
pub mod dial;
mod hook;
mod http;
pub mod identity;
pub(crate) mod inbound;
pub mod link;
pub mod sandbox;
pub mod signal;
