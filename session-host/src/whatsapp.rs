//! The WhatsApp library, as the rest of the host sees it: a link that is opened over a network and tells what happens.
//!
//! Beside this folder only the storage traits ([`crate::store`], [`crate::history`]) and the path of sends and receipts
//! ([`crate::sessions`]) may name the library.

pub(crate) mod announce;
pub(crate) mod attached;
pub mod attachments;
pub(crate) mod consequences;
pub mod content;
pub mod dial;
pub(crate) mod download;
mod hook;
mod http;
pub mod identity;
pub(crate) mod inbound;
pub mod link;
pub(crate) mod notes;
pub(crate) mod past;
pub mod sandbox;
pub mod signal;
mod surroundings;
mod votes;
pub(crate) mod wrappers;
