//! What an account tells the world about itself and whom it lets see it: its contacts, the people it hides from, its
//! default timer, its business, its presence. Only data; who may change and see it is decided in `privacy`, `blocklist`
//! and `presence`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::sim::BusinessProfile;

/// The social side of an account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Social {
    /// Its address book: whoever it wrote to, gave a token, or synchronised as a contact.
    pub(crate) contacts: BTreeSet<u64>,
    /// Per privacy category, the contacts that `contact_blacklist` leaves out.
    pub(crate) left_out: BTreeMap<String, BTreeSet<u64>>,
    /// The timer that new chats begin with.
    pub(crate) timer: Timer,
    /// What a business shows; a person has none.
    pub(crate) business: Option<BusinessProfile>,
    /// When it was last in use; unknown after a restart.
    #[serde(skip)]
    pub(crate) last_seen: Option<u64>,
    /// Whether somebody is looking at the phone.
    #[serde(skip)]
    pub(crate) phone_available: bool,
}

/// A default timer of disappearing messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timer {
    /// Seconds; 0 is off.
    pub(crate) duration: u32,
    /// When it was set.
    pub(crate) set_at: u64,
}
