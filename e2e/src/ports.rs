//! Ports to listen on. They lie below those that the system gives to outgoing connections, so that a server that was killed
//! finds its port free when it is started again.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;

/// First port of the range.
const FIRST: u32 = 20_000;

/// Ports in the range; it ends where Linux begins to number outgoing connections.
const COUNT: u32 = 12_000;

/// Distance between the starting points of two processes with neighbouring ids: tests of one run do not meet.
const STRIDE: u32 = 41;

/// A port that nobody listens on.
pub(crate) fn free() -> anyhow::Result<u16> {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let offset = std::process::id().wrapping_mul(STRIDE).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + offset % COUNT)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    None.context("no free port")
}
