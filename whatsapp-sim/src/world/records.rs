//! The world as records: what is stored under which key, and the world that a set of records makes. Small records, so
//! that a step writes little: a queued stanza is a record, and so is a message on a phone.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::account::{Account, AppStateKey, Device};
use super::app_state::Collection;
use super::chat::Chat;
use super::phone_inbox::{Inbox, Stored};
use super::queue::Queued;
use super::social::Social;
use super::{DeviceRef, World};
use crate::blob::Blob;
use crate::phone::content::Attachment;
use crate::phone::{PhoneError, PhoneSignal, PhoneState};

/// What a record is about. The order is the order of loading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Key {
    /// The counter of created accounts.
    World,
    /// An account without what has records of its own.
    Account(u64),
    /// The keys and sessions of an account's phone.
    Signal(u64),
    /// A linked companion without its queue.
    Device(u64, u16),
    /// One stanza in a companion's queue.
    Queue(u64, u16, u64),
    /// One message on a phone.
    Message(u64, u64),
    /// What a phone answers by itself.
    Replies(u64),
    /// A channel without its posts.
    Newsletter(u64),
    /// One post of a channel.
    Post(u64, u64),
    /// The file of a message on a phone.
    Attachment(u64, u64),
    /// A group.
    Group(u64),
    /// The picture of a person or a group.
    Picture(Chat),
    /// What the older patches of an app-state collection amount to.
    Collection(u64, String),
    /// One of the latest patches of a collection.
    Patch(u64, String, u64),
}

/// Why stored records make no world.
#[derive(Debug, Error)]
pub enum RecordError {
    /// A record does not have the form it should have.
    #[error("a stored record is malformed")]
    Malformed(#[from] serde_json::Error),
    /// The stored state of a phone is refused.
    #[error("the stored keys of a phone are refused")]
    Phone(#[from] PhoneError),
    /// A record belongs to an account or device that is not stored.
    #[error("a stored record has no owner")]
    Orphan,
}

#[derive(Serialize, Deserialize)]
struct WorldRecord {
    created: u64,
    #[serde(default)]
    founded: u64,
}

#[derive(Serialize, Deserialize)]
struct AccountRecord {
    lid: u64,
    name: String,
    raw_id: u32,
    last_key_index: u32,
    last_device: u16,
    about: String,
    echo: bool,
    watchers: BTreeSet<u64>,
    blocked: BTreeSet<u64>,
    privacy: BTreeMap<String, String>,
    #[serde(default)]
    social: Social,
    app_state_key: AppStateKey,
}

impl World {
    /// The record under a key; `None` when there is nothing (any more).
    pub(crate) fn record(&self, key: &Key) -> Result<Option<Value>, RecordError> {
        let account = |number: &u64| self.accounts.get(number);
        let value = match key {
            Key::World => Some(json(&WorldRecord { created: self.created(), founded: self.founded })?),
            Key::Account(number) => account(number).map(|account| json(&account_record(account))).transpose()?,
            Key::Signal(number) => account(number).map(|account| json(&account.phone.to_state())).transpose()?,
            Key::Device(number, device) => {
                self.device(DeviceRef { number: *number, device: *device }).map(json).transpose()?
            }
            Key::Queue(number, device, sequence) => self
                .device(DeviceRef { number: *number, device: *device })
                .and_then(|device| device.queue.entries.get(sequence))
                .map(json)
                .transpose()?,
            Key::Message(number, sequence) => account(number)
                .and_then(|account| account.inbox.stored(*sequence))
                .map(|stored| json(&stored))
                .transpose()?,
            Key::Picture(owner) => self.pictures.get(owner).map(json).transpose()?,
            Key::Attachment(number, sequence) => {
                account(number).and_then(|account| account.inbox.attachments.get(sequence)).map(json).transpose()?
            }
            Key::Group(id) => self.groups.get(id).map(json).transpose()?,
            Key::Collection(number, name) => {
                account(number).and_then(|account| account.collections.get(name)).map(json).transpose()?
            }
            Key::Replies(number) => self.replies.by_number.get(number).map(json).transpose()?,
            Key::Newsletter(id) => self.newsletters.get(id).map(json).transpose()?,
            Key::Post(id, post) => {
                self.newsletters.get(id).and_then(|newsletter| newsletter.posts.get(post)).map(json).transpose()?
            }
            Key::Patch(number, name, version) => account(number)
                .and_then(|account| account.collections.get(name)?.patches.get(version))
                .map(json)
                .transpose()?,
        };
        Ok(value)
    }

    /// The keys of everything there is.
    pub(crate) fn keys(&self) -> BTreeSet<Key> {
        let mut keys = BTreeSet::from([Key::World]);
        keys.extend(self.groups.keys().map(|id| Key::Group(*id)));
        keys.extend(self.replies.by_number.keys().map(|number| Key::Replies(*number)));
        keys.extend(self.pictures.keys().map(|owner| Key::Picture(*owner)));
        for (number, account) in &self.accounts {
            keys.extend([Key::Account(*number), Key::Signal(*number)]);
            keys.extend(account.inbox.messages.keys().map(|sequence| Key::Message(*number, *sequence)));
            keys.extend(account.inbox.attachments.keys().map(|sequence| Key::Attachment(*number, *sequence)));
            for (name, collection) in &account.collections {
                keys.insert(Key::Collection(*number, name.clone()));
                keys.extend(collection.patches.keys().map(|version| Key::Patch(*number, name.clone(), *version)));
            }
            for (id, device) in &account.devices {
                keys.insert(Key::Device(*number, *id));
                keys.extend(device.queue.entries.keys().map(|sequence| Key::Queue(*number, *id, *sequence)));
            }
        }
        for (id, newsletter) in &self.newsletters {
            keys.insert(Key::Newsletter(*id));
            keys.extend(newsletter.posts.keys().map(|post| Key::Post(*id, *post)));
        }
        keys
    }

    /// The world that stored records make.
    pub(crate) fn from_records(mut records: BTreeMap<Key, Value>) -> Result<Self, RecordError> {
        let mut world = Self::default();
        while let Some((key, value)) = records.pop_first() {
            match key {
                Key::World => {
                    let stored: WorldRecord = parse(value)?;
                    world.set_created(stored.created);
                    world.founded = stored.founded;
                }
                Key::Group(id) => {
                    world.groups.insert(id, parse(value)?);
                }
                Key::Account(number) => {
                    let state = records.remove(&Key::Signal(number)).ok_or(RecordError::Orphan)?;
                    let phone = PhoneSignal::from_state(parse::<PhoneState>(state)?)?;
                    world.add_account(account(number, parse(value)?, phone));
                }
                Key::Signal(_) => return Err(RecordError::Orphan),
                Key::Device(number, device) => {
                    let stored: Device = parse(value)?;
                    world.owner(number)?.devices.insert(device, stored);
                }
                Key::Queue(number, device, sequence) => {
                    let entry: Queued = parse(value)?;
                    let device = world.owner(number)?.devices.get_mut(&device).ok_or(RecordError::Orphan)?;
                    device.queue.restore(sequence, entry);
                }
                Key::Message(number, sequence) => {
                    let stored: Stored = parse(value)?;
                    world.owner(number)?.inbox.restore(sequence, stored);
                }
                Key::Picture(owner) => {
                    world.pictures.insert(owner, parse(value)?);
                }
                Key::Attachment(number, sequence) => {
                    let attachment: Attachment = parse(value)?;
                    world.owner(number)?.inbox.attachments.insert(sequence, attachment);
                }
                Key::Collection(number, name) => {
                    let collection: Collection = parse(value)?;
                    world.owner(number)?.collections.insert(name, collection);
                }
                Key::Replies(number) => {
                    world.owner(number)?;
                    world.replies.by_number.insert(number, parse(value)?);
                }
                Key::Newsletter(id) => {
                    world.newsletters.insert(id, parse(value)?);
                }
                Key::Post(id, post) => {
                    let newsletter = world.newsletters.get_mut(&id).ok_or(RecordError::Orphan)?;
                    newsletter.posts.insert(post, parse(value)?);
                }
                Key::Patch(number, name, version) => {
                    let patch: Blob = parse(value)?;
                    let collection = world.owner(number)?.collections.get_mut(&name).ok_or(RecordError::Orphan)?;
                    collection.restore(version, patch);
                }
            }
        }
        Ok(world)
    }

    fn owner(&mut self, number: u64) -> Result<&mut Account, RecordError> {
        self.accounts.get_mut(&number).ok_or(RecordError::Orphan)
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<Value, RecordError> {
    Ok(serde_json::to_value(value)?)
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, RecordError> {
    Ok(serde_json::from_value(value)?)
}

fn account_record(account: &Account) -> AccountRecord {
    AccountRecord {
        lid: account.lid,
        name: account.name.clone(),
        raw_id: account.raw_id,
        last_key_index: account.last_key_index,
        last_device: account.last_device,
        about: account.about.clone(),
        echo: account.echo,
        watchers: account.watchers.clone(),
        blocked: account.blocked.clone(),
        privacy: account.privacy.clone(),
        social: account.social.clone(),
        app_state_key: account.app_state_key.clone(),
    }
}

fn account(number: u64, record: AccountRecord, phone: PhoneSignal) -> Account {
    Account {
        number,
        lid: record.lid,
        name: record.name,
        raw_id: record.raw_id,
        last_key_index: record.last_key_index,
        last_device: record.last_device,
        about: record.about,
        echo: record.echo,
        watchers: record.watchers,
        blocked: record.blocked,
        privacy: record.privacy,
        social: record.social,
        app_state_key: record.app_state_key,
        devices: BTreeMap::new(),
        collections: BTreeMap::new(),
        replicas: BTreeMap::new(),
        phone,
        inbox: Inbox::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(world: &World) -> BTreeMap<Key, Value> {
        world.keys().into_iter().filter_map(|key| world.record(&key).unwrap().map(|value| (key, value))).collect()
    }

    #[test]
    fn a_world_comes_back_from_its_records() {
        let mut world = World::default();
        let ada = world.create_account("Ada", None).unwrap();
        world.create_account("Bob", Some("+1 555 0100 001")).unwrap();
        let again = World::from_records(stored(&world)).unwrap();
        assert_eq!(stored(&again), stored(&world));
        assert_eq!(again.accounts[&ada].phone.identity_public(), world.accounts[&ada].phone.identity_public());
    }

    #[test]
    fn a_record_without_its_owner_is_refused() {
        let mut world = World::default();
        let ada = world.create_account("Ada", None).unwrap();
        let mut records = stored(&world);
        records.remove(&Key::Account(ada));
        assert!(matches!(World::from_records(records), Err(RecordError::Orphan)));
    }
}
