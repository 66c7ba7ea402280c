//! Group ciphertexts: one chain per sender and group, handed to each recipient once over its own session.
//!
//! A phone begins a new chain whenever somebody who holds the old one is no longer a recipient; nothing else has to tell
//! it that a member left. It refuses to decrypt what nobody gave it the key for.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use wacore::libsignal::protocol::error::Result as SignalResult;
use wacore::libsignal::protocol::{
    SenderKeyDistributionMessage, SenderKeyRecord, SenderKeyStore, SignalProtocolError,
    create_sender_key_distribution_message, group_decrypt, group_encrypt, process_sender_key_distribution_message,
};
use wacore::libsignal::store::sender_key_name::SenderKeyName;
use wacore::messages::{MessageUtils, decode_plaintext};
use waproto::whatsapp as wa;

use super::session::{self, MAX_CIPHERTEXT, PADDING_VERSION};
use super::{PhoneError, PhoneSignal, keys};

/// Chains by group and sender, and who holds the phone's own ones.
#[derive(Default)]
pub(super) struct SenderKeys {
    /// By group and sender.
    pub(super) records: BTreeMap<String, SenderKeyRecord>,
    /// By group: the devices that have the phone's own chain.
    pub(super) holders: BTreeMap<String, BTreeSet<String>>,
}

#[async_trait]
impl SenderKeyStore for SenderKeys {
    async fn store_sender_key(&mut self, name: &SenderKeyName, record: SenderKeyRecord) -> SignalResult<()> {
        self.records.insert(name.cache_key().to_owned(), record);
        Ok(())
    }

    async fn load_sender_key(&self, name: &SenderKeyName) -> SignalResult<Option<SenderKeyRecord>> {
        // As with sessions: the phone is written down before anything of it is sent, so it leases no counters.
        let Some(mut record) = self.records.get(name.cache_key()).cloned() else { return Ok(None) };
        record.waive_counter_lease()?;
        Ok(Some(record))
    }
}

/// A device to which a phone writes, as (user, device).
pub type Recipient = (String, u16);

impl PhoneSignal {
    /// Learns another device's chain of a group.
    pub async fn learn_sender_key(
        &mut self,
        group: &str,
        from_user: &str,
        from_device: u16,
        distribution: &[u8],
    ) -> Result<(), PhoneError> {
        let distribution = SenderKeyDistributionMessage::try_from(distribution).map_err(PhoneError::Envelope)?;
        let name = name(group, from_user, from_device);
        process_sender_key_distribution_message(&name, &distribution, &mut self.sender_keys)
            .await
            .map_err(PhoneError::Decrypt)
    }

    /// Decrypts one group message.
    pub async fn decrypt_group(
        &mut self,
        group: &str,
        from_user: &str,
        from_device: u16,
        bytes: &[u8],
    ) -> Result<wa::Message, PhoneError> {
        if bytes.len() > MAX_CIPHERTEXT {
            return Err(PhoneError::TooLarge(bytes.len()));
        }
        let name = name(group, from_user, from_device);
        let opened = group_decrypt(bytes, &mut self.sender_keys, &name).await.map_err(|error| match error {
            SignalProtocolError::DuplicatedMessage(..) => PhoneError::Duplicate,
            other => PhoneError::Decrypt(other),
        })?;
        decode_plaintext(&opened, PADDING_VERSION).map_err(|_| PhoneError::Plaintext)
    }

    /// The phone's own chain of a group for those of the `recipients` who do not hold it yet; `user` is the phone itself. A
    /// chain that somebody else holds is given up first.
    pub async fn share_sender_key(
        &mut self,
        group: &str,
        user: &str,
        recipients: &[Recipient],
    ) -> Result<(Vec<u8>, Vec<Recipient>), PhoneError> {
        let name = name(group, user, 0);
        let wanted: BTreeSet<String> = recipients.iter().map(holder).collect();
        let holders = self.sender_keys.holders.entry(group.to_owned()).or_default();
        if !holders.is_subset(&wanted) {
            holders.clear();
            self.sender_keys.records.remove(name.cache_key());
        }
        let missing = recipients.iter().filter(|recipient| !holders.contains(&holder(recipient))).cloned().collect();
        let chain = create_sender_key_distribution_message(&name, &mut self.sender_keys, &mut keys::rng())
            .await
            .map_err(PhoneError::Encrypt)?;
        Ok((chain.into_serialized().into_vec(), missing))
    }

    /// Notes that a device has been given the phone's own chain.
    pub fn holds_sender_key(&mut self, group: &str, device: &Recipient) {
        self.sender_keys.holders.entry(group.to_owned()).or_default().insert(holder(device));
    }

    /// Notes that a device could not use the phone's own chain: it gets it again with the next message.
    pub fn lost_sender_key(&mut self, group: &str, device: &Recipient) {
        if let Some(holders) = self.sender_keys.holders.get_mut(group) {
            holders.remove(&holder(device));
        }
    }

    /// Encrypts one message for everyone who holds the phone's own chain.
    pub async fn encrypt_group(
        &mut self,
        group: &str,
        user: &str,
        message: &wa::Message,
    ) -> Result<Vec<u8>, PhoneError> {
        let plaintext = MessageUtils::encode_and_pad(message);
        let sealed = group_encrypt(&mut self.sender_keys, &name(group, user, 0), &plaintext, &mut keys::rng())
            .await
            .map_err(PhoneError::Encrypt)?;
        Ok(sealed.into_serialized().into_vec())
    }
}

fn name(group: &str, user: &str, device: u16) -> SenderKeyName {
    SenderKeyName::from_parts(group, session::address(user, device).as_str())
}

fn holder((user, device): &Recipient) -> String {
    session::address(user, *device).as_str().to_owned()
}
