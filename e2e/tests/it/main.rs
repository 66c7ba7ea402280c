//! The stack as its users meet it. Each test starts the program `chatery` with data of its own.

mod access;
mod chats;
mod conformance;
mod coverage;
mod events;
mod fuzz;
mod groups;
mod hosts;
mod input;
mod kills;
mod kinds;
mod media;
mod network;
mod past;
mod port;
mod quick_start;
mod readme;
mod received_media;
mod received_media_kept;
mod repeats;
mod restarts;
mod sending;
mod sessions;
mod settings;
mod seventeen;
mod webhooks;
