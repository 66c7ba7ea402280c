//! The network as clients, people and operators meet it: unmodified clients over real sockets, phones by the handle and
//! by the admin API. Tests wait for facts; nothing here sleeps.
#![recursion_limit = "512"]

mod account;
mod admin;
mod app_state;
mod calls;
mod client;
mod document;
mod faults;
mod groups;
mod handshake;
mod history;
mod hostile;
mod kinds;
mod linking;
mod load;
mod media;
mod messages;
mod newsletters;
mod page;
mod pair_code;
mod people;
mod phone;
mod picture;
mod privacy;
mod refusal;
mod restart;
mod scenario;
mod stanza_log;
mod tls;
mod wire;
