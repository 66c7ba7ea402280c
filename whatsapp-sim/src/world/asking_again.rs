//! What a phone cannot decrypt: it asks the device that sent it for another copy, from the second time on with keys for a new
//! session, and gives up when clients do. It refuses to ask for what is no Signal message at all.

use std::collections::VecDeque;

use wacore::iq::prekeys::{OneTimePreKeyNode, SignedPreKeyNode};
use wacore::protocol::ProtocolNode as _;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::chat::Chat;
use super::phone_inbox::{Arrival, PhoneTask};
use super::queue::Class;
use super::records::Key;
use super::{DeviceRef, World};
use crate::phone::PublicBundle;
use crate::sim::SimError;
use crate::{address, clock, stanza};

/// Clients do not answer the fifth request.
const MOST: u8 = 4;
/// From here on a request brings keys.
const WITH_KEYS: u8 = 2;
/// For how many messages a phone counts its requests.
const MAX_COUNTED: usize = 256;
/// The type of every Curve25519 key.
const KEY_TYPE: u8 = 5;
/// What clients call "no session".
const NO_SESSION: u8 = 1;

/// How often a phone has asked for which messages.
#[derive(Default)]
pub(super) struct Asked(VecDeque<(DeviceRef, String, u8)>);

impl Asked {
    /// Counts a request; `None` when it is one too many.
    fn count(&mut self, from: DeviceRef, id: &str) -> Option<u8> {
        if let Some((.., times)) = self.0.iter_mut().find(|(device, known, _)| *device == from && known == id) {
            *times = times.saturating_add(1);
            return (*times <= MOST).then_some(*times);
        }
        self.0.push_back((from, id.to_owned(), 1));
        if self.0.len() > MAX_COUNTED {
            self.0.pop_front();
        }
        Some(1)
    }
}

impl World {
    /// The phone asks for another copy of something that it cannot decrypt.
    pub(super) fn ask_again(&mut self, arrival: &Arrival) {
        let (number, from) = (arrival.number, arrival.from);
        let Some(account) = self.accounts.get_mut(&number) else { return };
        let Some(count) = account.inbox.asked.count(from, &arrival.id).filter(|_| !arrival.peer) else { return };
        let registration = account.phone.registration_id();
        let this = DeviceRef { number, device: 0 };
        if from.device == 0 {
            let anew = count >= WITH_KEYS;
            self.phone_task(PhoneTask::Resend { author: from.number, to: this, id: arrival.id.clone(), anew });
            return;
        }
        let retry = NodeBuilder::new("retry")
            .attr("v", "1")
            .attr("id", arrival.id.as_str())
            .attr("t", arrival.timestamp)
            .attr("count", count)
            .attr("error", NO_SESSION)
            .build();
        let keys = (count >= WITH_KEYS).then(|| self.take_bundle(this)).flatten().map(keys);
        let children = [retry, stanza::leaf("registration", registration.to_be_bytes())].into_iter().chain(keys);
        let receipt =
            NodeBuilder::new("receipt").attr("id", arrival.id.as_str()).attr("type", "retry").attr("t", clock::now());
        let lid = address::lid(self.lid_of(number), 0);
        let mut receipt = match arrival.chat {
            Chat::Person(_) => receipt.attr("from", lid),
            chat => self.heard_among_many(receipt, chat, lid, number),
        };
        // To the own companions every chat is with the account itself: they have to hear which one is meant.
        if from.number == number && arrival.chat.person().is_some() {
            receipt = receipt.attr("recipient", self.chat_jid(arrival.chat));
        }
        self.deliver(from, Class::Receipt, receipt.children(children).build());
    }

    /// The phone loses its sessions and the chains of groups, as a damaged one does; its keys stay.
    pub(crate) fn lose_sessions(&mut self, number: u64) -> Result<(), SimError> {
        let account = self.accounts.get_mut(&number).ok_or(SimError::Unregistered)?;
        account.phone.forget_sessions();
        self.touch(Key::Signal(number));
        Ok(())
    }
}

/// Keys for a new session, in the form of a request for another copy.
fn keys(bundle: PublicBundle) -> Node {
    let skey = bundle.signed_pre_key;
    let one_time = bundle.one_time.map(|(id, key)| OneTimePreKeyNode::new(id, key.to_vec()).into_node());
    let fixed = [stanza::leaf("type", [KEY_TYPE]), stanza::leaf("identity", bundle.identity)];
    let signed = SignedPreKeyNode::new(skey.id, skey.public.to_vec(), skey.signature.to_vec()).into_node();
    NodeBuilder::new("keys").children(fixed.into_iter().chain(one_time).chain([signed])).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_asks_as_often_as_clients_answer() {
        let mut asked = Asked::default();
        let from = DeviceRef { number: 1, device: 2 };
        let times: Vec<_> = (0..6).map(|_| asked.count(from, "A")).collect();
        assert_eq!(times, [Some(1), Some(2), Some(3), Some(4), None, None]);
        assert_eq!(asked.count(DeviceRef { device: 3, ..from }, "A"), Some(1), "every device is asked");
        for id in 0..MAX_COUNTED {
            asked.count(from, &id.to_string());
        }
        assert_eq!(asked.0.len(), MAX_COUNTED);
    }
}
