//! A simulated WhatsApp network: the real wire protocol (WebSocket, Noise, binary stanzas, Signal) spoken by a server
//! in this process, with phones that tests and people drive. It knows nothing of Redis, of our REST API or of the
//! session host, and it never dials anywhere.
//!
//! | module | owns |
//! |---|---|
//! | [`sim`] | the handle: start, stop, and everything a person or a test can do to the network |
//! | [`config`] | what a network is started with; the server key and its certificate chain |
//! | [`address`] | phone numbers as people type them, and the two ids every account has |
//! | [`scenario`] | a little network, written down in a file |
//! | [`phone`] | the phone as a Signal endpoint, and the messages it writes |
//! | `server` | sockets: framing, the Noise responder's bytes, one reader and one writer each |
//! | `noise` | the Noise handshake as responder, and the frame ciphers after it |
//! | `stanza` | reading and building binary stanzas |
//! | `stanza_log` | what passed the connections, for whoever looks |
//! | `tls` | the certificate for clients that accept nothing but HTTPS |
//! | `world` | accounts, devices, queues and connections; every decision of the network |
//! | `iq` | the answer to each kind of request |
//! | `journal` | what survives `kill -9` |
//! | `picture` | pictures of people and groups, in the sizes that they are shown in |
//! | `media` | blobs and pictures, and how phones encrypt them |
//! | `clock`, `blob` | the time of day; bytes as text |
//! | `admin` | the HTTP API of the simulator |
#![recursion_limit = "512"]

pub mod address;
mod admin;
mod blob;
mod clock;
pub mod config;
mod iq;
mod journal;
mod media;
mod noise;
pub mod phone;
mod picture;
pub mod scenario;
mod server;
pub mod sim;
mod stanza;
mod stanza_log;
mod tls;
mod world;
mod written;

pub use config::{RESERVED_NUMBER, SimConfig, server_public_key};
pub use media::{MediaError, Uploaded};
pub use phone::app_state::{ChatSettings, ContactName, Label, Settings, StarredMessage};
pub use phone::content::{Content, EventAnswer, FileKind, MessageError, Outgoing, OutgoingFile};
pub use picture::PictureError;
pub use scenario::{Scenario, ScenarioError};
pub use sim::ChatChange;
pub use sim::PhoneMedia;
pub use sim::{BurstInfo, BurstSpec, BurstState, BusinessCategory, BusinessDay, BusinessHours, BusinessProfile};
pub use sim::{CallOptions, CallState, PhoneCall};
pub use sim::{
    ContactCard, FileDetails, Invitation, LinkPreview, LoadedFile, MessageDetails, Occasion, Place, Poll, PollOption,
    Quoted, Reacted, Responded,
};
pub use sim::{
    DeviceInfo, FaultInfo, FaultName, FaultText, GroupError, Linked, PhoneInfo, PhoneMessage, PhoneReceipt, Sim,
    SimError, Stats,
};
pub use sim::{GroupChange, GroupInfo, GroupMember, GroupSettings, JoinOutcome, MemberAction, MemberOutcome};
pub use sim::{NewsletterInfo, NewsletterPost, NewsletterReaction};
pub use stanza_log::{Direction, LogEntry, LogPage};
pub use tls::TlsError;
pub use world::faults::{FaultKind, FaultSpec, Way};
pub use world::refusal::{LoginRefusal, StreamEnd};
pub use world::scenario::Loaded;
pub use world::seeded::{SeededDevice, SeededKeyPair, SeededPreKey};
pub use written::Written;
