//! Noise as the responder: the handshake in its three forms, and the frame ciphers that follow it. It sees bytes only;
//! sockets belong to `server`, and who may log in is decided by `world`.

mod channel;
mod handshake;
mod replays;

pub(crate) use channel::{Opener, Sealer};
pub(crate) use handshake::{Hello, NoiseError, Opened, Responder};
pub(crate) use replays::Replays;
