//! The keys of the store, all below `wa:` of the session, and [`SessionKeys::lids`], which the edge reads.
//!
//! | key | type | value |
//! |---|---|---|
//! | `device` | STRING | the device as JSON |
//! | `identity`, `session`, `sender-key` | HASH | record by Signal address |
//! | `addresses` | ZSET | addresses that have a session or an identity, all with score 0, for lookups by user |
//! | `prekey` | HASH | uploaded flag and record by id |
//! | `prekey-max` | ZSET | one member, whose score is the highest id ever |
//! | `signed-prekey` | HASH | record by id |
//! | `sync-key` | HASH | app state key as JSON by key id |
//! | `sync-key-latest` | STRING | key id |
//! | `version` | HASH | state of a collection as JSON by its name |
//! | `collections` | SET | collections that have a `macs:<name>` |
//! | `macs:<name>` | HASH | value MAC by index MAC |
//! | `groups` | SET | groups that have a `sender-key-devices:<group>` |
//! | `sender-key-devices:<group>` | HASH | `1` (has our key) or `0` by device |
//! | `lid` | HASH | mapping as JSON by LID |
//! | `pn` | HASH | LID by phone number |
//! | `devices` | HASH | device list as JSON by user |
//! | `group-metadata` | HASH | record by group |
//! | `tc-token`, `tc-token-time`, `tc-sender-time` | HASH | token, its time, time of ours by contact |
//! | `secret` | HASH | message secret and time of the message by digest of chat, sender, id |
//! | `secret-expiry` | ZSET | digest by time at which the secret expires; absent when it never does |
//! | `sent:<digest>` | STRING, TTL | sent message |
//! | `pending:<digest>` | STRING, TTL | received message that is not committed |
//! | `base-key:<digest>` | STRING, TTL | base key of a session that is being rebuilt |
//! | `volatile` | ZSET | the keys with a TTL by the time at which they expire (ms), so that all can be found |

use contract::keys::SessionKeys;

use super::value;

macro_rules! keys {
    ($($field:ident = $name:literal,)+) => {
        pub(super) struct StoreKeys {
            session: SessionKeys,
            pub(super) lids: String,
            $(pub(super) $field: String,)+
        }

        impl StoreKeys {
            pub(super) fn new(session: &SessionKeys) -> Self {
                Self {
                    lids: session.lids(),
                    $($field: session.whatsapp($name),)+
                    session: session.clone(),
                }
            }

            /// Every key below `wa:` whose name does not depend on data.
            pub(super) fn fixed(&self) -> Vec<&str> {
                vec![$(&self.$field,)+]
            }
        }
    };
}

keys! {
    device = "device",
    identity = "identity",
    session_record = "session",
    sender_key = "sender-key",
    addresses = "addresses",
    prekey = "prekey",
    prekey_max = "prekey-max",
    signed_prekey = "signed-prekey",
    sync_key = "sync-key",
    sync_key_latest = "sync-key-latest",
    version = "version",
    collections = "collections",
    groups = "groups",
    lid = "lid",
    pn = "pn",
    devices = "devices",
    group_metadata = "group-metadata",
    tc_token = "tc-token",
    tc_token_time = "tc-token-time",
    tc_sender_time = "tc-sender-time",
    secret = "secret",
    secret_expiry = "secret-expiry",
    volatile = "volatile",
}

impl StoreKeys {
    pub(super) fn macs(&self, collection: &str) -> String {
        self.session.whatsapp(&format!("macs:{collection}"))
    }

    /// What a group's name is appended to.
    pub(super) fn sender_key_devices_prefix(&self) -> String {
        self.session.whatsapp("sender-key-devices:")
    }

    pub(super) fn sender_key_devices(&self, group: &str) -> String {
        format!("{}{group}", self.sender_key_devices_prefix())
    }

    pub(super) fn sent(&self, chat: &str, id: &str) -> String {
        self.digested("sent", &[chat, id])
    }

    pub(super) fn pending(&self, chat: &str, sender: &str, id: &str) -> String {
        self.digested("pending", &[chat, sender, id])
    }

    pub(super) fn base_key(&self, address: &str, message_id: &str) -> String {
        self.digested("base-key", &[address, message_id])
    }

    /// Message ids are chosen by strangers: as a digest they cannot be long, nor run into the other parts.
    fn digested(&self, kind: &str, parts: &[&str]) -> String {
        self.session.whatsapp(&format!("{kind}:{}", hex::encode(value::digest(parts))))
    }
}
