//! The service that keeps WhatsApp sessions: one actor per session, state in Redis, events over Socket.IO, media in S3.
//!
//! | module | owns |
//! |---|---|
//! | [`config`] | settings, read once, checked |
//! | [`host`] | everything long-lived: assembled, run, drained |
//! | [`sessions`] | which sessions run here, and each one's actor, sends and state machine |
//! | [`whatsapp`] | the WhatsApp library: dialling, events, content, files |
//! | [`store`] | the library's storage traits on Redis |
//! | [`history`] | chats and messages, and the events that tell of them |
//! | [`record`] | the owner's half of the session record |
//! | [`commands`] | the way from the edge to a session |
//! | [`lease`], [`fence`] | one writer per session, checked on every write |
//! | [`eventlog`], [`doorbell`], [`realtime`] | events, who is told of new ones, and the sockets that hear them |
//! | [`pump`] | who is told to deliver events to webhooks, and when |
//! | [`media`] | the bucket |
//! | [`outbound`], [`fetch`] | where clients may send the server, and what it brings from there |
//! | [`http`] | what the host serves itself |
//! | [`serve`] | the port, and how it ends |
//! | [`telemetry`] | what is logged |

#![recursion_limit = "512"]

mod clock;
mod commands;
pub mod config;
pub mod doorbell;
pub mod eventlog;
pub mod fence;
pub mod fetch;
pub mod history;
pub mod host;
pub mod http;
pub mod lease;
pub mod media;
pub mod outbound;
pub mod pump;
mod qr;
pub mod realtime;
pub mod record;
pub mod redis;
pub mod serve;
pub mod sessions;
pub mod store;
pub mod telemetry;
pub mod whatsapp;
