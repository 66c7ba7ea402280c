//! What the handle shows: phones, their devices and messages, counters. Copies, taken between two steps.

use serde::Serialize;
use utoipa::ToSchema;

use super::{PhoneMessage, Sim, SimError};
use crate::world::World;
use crate::world::account::Account;

/// A phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhoneInfo {
    /// Its number, digits only.
    pub number: String,
    /// Its hidden id, digits only.
    pub lid: String,
    /// The name that others see.
    pub name: String,
    /// What others read about the person.
    pub about: String,
    /// Whether it answers by itself.
    pub echo: bool,
    /// Its linked companions.
    pub devices: Vec<DeviceInfo>,
}

/// A linked companion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceInfo {
    /// Its device number.
    pub id: u16,
    /// Whether it is connected and has got its backlog.
    pub online: bool,
    /// How many stanzas it has not acknowledged.
    pub queued: usize,
}

/// A companion that has just been linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Linked {
    /// The number of the account.
    pub number: String,
    /// The companion's device number.
    pub device: u16,
}

/// A receipt for a message that the account's devices wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhoneReceipt {
    /// The message.
    pub id: String,
    /// Who received or read it, as a number.
    pub from: String,
    /// `delivered`, `read`, `played` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unix seconds.
    pub timestamp: u64,
}

/// Counters since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Accounts on the network.
    pub accounts: usize,
    /// Connections now.
    pub connections: usize,
    /// Connections ever.
    pub connections_total: u64,
    /// Stanzas that clients sent.
    pub stanzas_in: u64,
    /// Stanzas that clients were sent.
    pub stanzas_out: u64,
    /// Requests that the network does not know. A test of a client asserts that there are none.
    pub unknown_requests: u64,
    /// Messages that reached a phone again under the same id.
    pub wire_repeats: u64,
    /// Messages that a phone could not decrypt.
    pub undecryptable: u64,
    /// Stanzas that were dropped because a device's queue was full.
    pub dropped_from_queues: u64,
}

fn info(account: &Account) -> PhoneInfo {
    let devices = account.devices.iter().map(|(id, device)| DeviceInfo {
        id: *id,
        online: device.connection.is_some() && device.live,
        queued: device.queue.entries.len(),
    });
    PhoneInfo {
        number: account.number.to_string(),
        lid: account.lid.to_string(),
        name: account.name.clone(),
        about: account.about.clone(),
        echo: account.echo,
        devices: devices.collect(),
    }
}

pub(super) fn phone(world: &World, number: &str) -> Result<PhoneInfo, SimError> {
    let number = world.find(number)?;
    world.accounts.get(&number).map(info).ok_or(SimError::Unregistered)
}

pub(super) fn messages(world: &World, number: &str) -> Result<Vec<PhoneMessage>, SimError> {
    let number = world.find(number)?;
    let account = world.accounts.get(&number).ok_or(SimError::Unregistered)?;
    Ok(account.inbox.messages.values().cloned().collect())
}

impl Sim {
    /// All phones, by number.
    pub async fn phones(&self) -> Vec<PhoneInfo> {
        self.inner.state.lock().await.world.accounts.values().map(info).collect()
    }

    /// One phone.
    pub async fn phone(&self, number: &str) -> Result<PhoneInfo, SimError> {
        phone(&self.inner.state.lock().await.world, number)
    }

    /// What a phone sent and received, the oldest first.
    pub async fn phone_messages(&self, number: &str) -> Result<Vec<PhoneMessage>, SimError> {
        messages(&self.inner.state.lock().await.world, number)
    }

    /// The receipts for what an account's devices wrote, since the start of the process.
    pub async fn phone_receipts(&self, number: &str) -> Result<Vec<PhoneReceipt>, SimError> {
        let state = self.inner.state.lock().await;
        let number = state.world.find(number)?;
        let account = state.world.accounts.get(&number).ok_or(SimError::Unregistered)?;
        Ok(account.inbox.receipts.iter().cloned().collect())
    }

    /// The counters.
    pub async fn stats(&self) -> Stats {
        let state = self.inner.state.lock().await;
        let world = &state.world;
        let counters = world.counters;
        Stats {
            accounts: world.accounts.len(),
            connections: world.connections.len(),
            connections_total: counters.connections,
            stanzas_in: counters.stanzas_in,
            stanzas_out: counters.stanzas_out,
            unknown_requests: counters.unknown_requests,
            wire_repeats: counters.wire_repeats,
            undecryptable: counters.undecryptable,
            dropped_from_queues: counters.dropped_from_queues,
        }
    }
}
