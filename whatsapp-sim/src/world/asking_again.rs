//! What a phone cannot decrypt: it asks the device that sent it for another copy, from the second time on with keys for a new
//! session, and gives up when clients do. It refuses to ask for what is no Signal message at all.

use std::collections::VecDeque;
use std::time::Duration;

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

/// How long a phone waits with its second request and each later one.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a phone waits for the copy before it asks once more.
const REMINDER: Duration = Duration::from_secs(5);

/// A request for another copy.
pub(crate) struct Question {
    number: u64,
    from: DeviceRef,
    chat: Chat,
    id: String,
    timestamp: u64,
    /// The how manieth it is.
    count: u8,
    /// Whether it is on its way.
    asked: bool,
}

/// How often a phone has asked for which messages.
#[derive(Default)]
pub(super) struct Asked(VecDeque<(DeviceRef, String, u8)>);

impl Asked {
    fn times(&self, from: DeviceRef, id: &str) -> Option<u8> {
        self.0.iter().find(|(device, known, _)| *device == from && known == id).map(|(.., times)| *times)
    }

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
        if from.device == 0 {
            let to = DeviceRef { number, device: 0 };
            let anew = count >= WITH_KEYS;
            self.phone_task(PhoneTask::Resend { author: from.number, to, id: arrival.id.clone(), anew });
            return;
        }
        let (chat, id, timestamp) = (arrival.chat, arrival.id.clone(), arrival.timestamp);
        let question = Question { number, from, chat, id, timestamp, count, asked: false };
        // A client that is still busy with the first request does not hear the second.
        if count == 1 { self.ask(question) } else { self.questions.push((PAUSE, question)) }
    }

    /// What phones will ask, and after how long they look whether they still have to.
    pub(crate) fn take_questions(&mut self) -> Vec<(Duration, Question)> {
        std::mem::take(&mut self.questions)
    }

    /// The phone looks again: unless the copy or a newer request has made it needless, it asks.
    pub(crate) fn still_asks(&mut self, mut question: Question) {
        // Whoever is away has the request in its queue.
        if question.asked && self.device(question.from).is_none_or(|device| device.connection.is_none()) {
            return;
        }
        let Some(account) = self.accounts.get_mut(&question.number) else { return };
        let inbox = &mut account.inbox;
        let came = inbox.has(question.from.number, &question.id);
        if came || inbox.asked.times(question.from, &question.id) != Some(question.count) {
            return;
        }
        if question.asked {
            let Some(count) = inbox.asked.count(question.from, &question.id) else { return };
            question.count = count;
        }
        self.ask(question);
    }

    fn ask(&mut self, mut question: Question) {
        let Question { number, from, chat, count, .. } = question;
        let Some(account) = self.accounts.get(&number) else { return };
        let registration = account.phone.registration_id();
        let retry = NodeBuilder::new("retry")
            .attr("v", "1")
            .attr("id", question.id.as_str())
            .attr("t", question.timestamp)
            .attr("count", count)
            .attr("error", NO_SESSION)
            .build();
        let this = DeviceRef { number, device: 0 };
        let keys = (count >= WITH_KEYS).then(|| self.take_bundle(this)).flatten().map(keys);
        let children = [retry, stanza::leaf("registration", registration.to_be_bytes())].into_iter().chain(keys);
        let receipt =
            NodeBuilder::new("receipt").attr("id", question.id.as_str()).attr("type", "retry").attr("t", clock::now());
        let lid = address::lid(self.lid_of(number), 0);
        let mut receipt = match chat {
            Chat::Person(_) => receipt.attr("from", lid),
            chat => self.heard_among_many(receipt, chat, lid, number),
        };
        // To the own companions every chat is with the account itself: they have to hear which one is meant.
        if from.number == number && chat.person().is_some() {
            receipt = receipt.attr("recipient", self.chat_jid(chat));
        }
        self.deliver(from, Class::Receipt, receipt.children(children).build());
        question.asked = true;
        self.questions.push((REMINDER, question));
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
