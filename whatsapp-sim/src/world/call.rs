//! Calls, as far as signalling goes: who rings whom, who answers, rejects or hangs up, and which device hears of it.
//! There is no media; what calls carry for it is passed on as it is. Calls are not stored: a call does not outlive the
//! process, but offers wait in the queues of devices that are away and become missed calls there.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::chat::Chat;
use super::connection::ConnectionId;
use super::queue::Class;
use super::{DeviceRef, World};
use crate::sim::{CallOptions, CallState, SimError};
use crate::{address, clock, stanza};

/// How many calls the network remembers.
const MAX_CALLS: usize = 1000;
/// WhatsApp's call ids have 32 characters.
const MAX_CALL_ID: usize = 64;
/// How many devices one offer may name; an account has no more.
const MAX_DESTINATIONS: usize = 64;
/// What a phone says it can do in a call: an audio call as WhatsApp's own clients announce it.
const CAPABILITY: [u8; 7] = [0x01, 0x05, 0xf7, 0x09, 0xe0, 0xbb, 0x13];

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) id: String,
    /// The device that calls.
    pub(crate) caller: DeviceRef,
    pub(crate) called: u64,
    pub(crate) video: bool,
    pub(crate) group: Option<Chat>,
    pub(crate) state: CallState,
    /// Whether a device of the called has confirmed that it rings.
    pub(crate) rang: bool,
    pub(crate) started: u64,
}

impl World {
    /// `<call>` of a client.
    pub(super) fn call(&mut self, connection: ConnectionId, who: DeviceRef, call: &Node) {
        let Some(action) = stanza::children(call).first() else { return };
        let (Some(to), Some(id)) = (stanza::jid(call, "to"), stanza::attr(call, "id")) else { return };
        let ack = NodeBuilder::new("ack")
            .attr("class", "call")
            .attr("type", action.tag.to_string())
            .attr("id", id)
            .attr("from", to.clone());
        self.send(connection, ack.build());
        let call_id = stanza::attr(action, "call-id").filter(|id| !id.is_empty() && id.len() <= MAX_CALL_ID);
        let (Some(call_id), Some(other)) = (call_id, self.person(&to)) else { return };
        if action.tag == "offer" {
            return self.offered(who, other, call_id, action);
        }
        let party = |call: &&mut Call| call.id == call_id && (call.caller == who || call.called == who.number);
        let Some(known) = self.calls.iter_mut().find(party) else { return };
        let answering = known.called == who.number;
        known.state = match action.tag.as_ref() {
            "accept" if answering => CallState::Accepted,
            // A device that is busy leaves the others ringing.
            "reject" if answering && stanza::attr(action, "reason").as_deref() != Some("busy") => CallState::Rejected,
            "terminate" if known.state == CallState::Ringing => CallState::Missed,
            "terminate" => CallState::Ended,
            _ => known.state,
        };
        let known = known.clone();
        if let Some(device) = self.resolve_device(&to).filter(|device| device.device != 0 && *device != who) {
            self.signal(who, device, action.clone());
        }
        if answering && known.caller.device == 0 {
            self.dismiss(&known, Some(who.device));
        }
    }

    /// A client calls somebody.
    fn offered(&mut self, who: DeviceRef, called: u64, id: String, offer: &Node) {
        if called == who.number || self.calls.iter().any(|call| call.id == id) {
            return;
        }
        let group = stanza::jid(offer, "group-jid").and_then(|jid| self.chat_of(&jid));
        let video = offer.get_optional_child("video").is_some();
        self.begin_call(who, called, id, video, group);
        if !self.may_ring(called, who.number) {
            return;
        }
        let named: Vec<(DeviceRef, Vec<Node>)> = offer
            .get_children_by_tag("destination")
            .flat_map(stanza::children)
            .take(MAX_DESTINATIONS)
            .filter_map(|to| {
                let device = self.resolve_device(&stanza::jid(to, "jid")?)?;
                Some((device, stanza::children(to).to_vec()))
            })
            .collect();
        let mut bare = offer.clone();
        bare.attrs.insert("caller_pn", address::pn(who.number, 0));
        for device in self.companions(called) {
            let keys = named.iter().find(|(named, _)| *named == device);
            if keys.is_none() && !named.is_empty() {
                continue;
            }
            let content = stanza::children(offer).iter().flat_map(|child| match keys {
                Some((_, keys)) if child.tag == "destination" => keys.clone(),
                _ => vec![child.clone()],
            });
            let mut offer = bare.clone();
            offer.content = Some(wacore_binary::NodeContent::Nodes(content.collect()));
            self.signal(who, device, offer);
        }
    }

    fn begin_call(&mut self, caller: DeviceRef, to: u64, id: String, video: bool, group: Option<Chat>) {
        let state = CallState::Ringing;
        self.calls.push_back(Call { id, caller, called: to, video, group, state, rang: false, started: clock::now() });
        if self.calls.len() > MAX_CALLS {
            self.calls.pop_front();
        }
    }

    /// A phone calls somebody.
    pub(crate) fn phone_calls(&mut self, number: u64, called: u64, options: &CallOptions) -> Result<String, SimError> {
        let group = match &options.group {
            None => None,
            Some(typed) => match self.find_chat(typed)? {
                group @ Chat::Group(_) => Some(group),
                _ => return Err(SimError::WrongChat),
            },
        };
        if called == number {
            return Err(SimError::WrongChat);
        }
        let id = Self::fresh_id();
        let phone = DeviceRef { number, device: 0 };
        self.begin_call(phone, called, id.clone(), options.video, group);
        if !self.may_ring(called, number) {
            return Ok(id);
        }
        let audio = |rate: &'static str| NodeBuilder::new("audio").attr("enc", "opus").attr("rate", rate).build();
        let mut content = vec![audio("8000"), audio("16000")];
        if options.video {
            content.push(NodeBuilder::new("video").attr("dec", "H264").attr("device_orientation", "0").build());
        }
        let mut capability = stanza::leaf("capability", CAPABILITY);
        capability.attrs.insert("ver", "1");
        content.extend([
            NodeBuilder::new("net").attr("medium", "3").build(),
            capability,
            NodeBuilder::new("encopt").attr("keygen", "2").build(),
        ]);
        let mut offer = self.action("offer", &id, phone).attr("caller_pn", address::pn(number, 0));
        if let Some(group) = group {
            offer = offer.attr("group-jid", self.chat_jid(group));
        }
        let offer = offer.children(content).build();
        for device in self.companions(called) {
            self.signal(phone, device, offer.clone());
        }
        Ok(id)
    }

    /// A phone answers or rejects a call that rings.
    pub(crate) fn phone_answers(&mut self, number: u64, id: &str, accept: bool) -> Result<(), SimError> {
        let ringing = |call: &&mut Call| call.id == id && call.called == number && call.state == CallState::Ringing;
        let call = self.calls.iter_mut().find(ringing).ok_or(SimError::NoSuchCall)?;
        call.state = if accept { CallState::Accepted } else { CallState::Rejected };
        let call = call.clone();
        let phone = DeviceRef { number, device: 0 };
        if call.caller.device == 0 {
            self.dismiss(&call, None);
            return Ok(());
        }
        let audio = || NodeBuilder::new("audio").attr("enc", "opus").attr("rate", "16000").build();
        let action = if accept {
            self.action("accept", id, call.caller).children([audio()])
        } else {
            self.action("reject", id, call.caller).attr("count", 0)
        };
        self.signal(phone, call.caller, action.build());
        Ok(())
    }

    /// A phone ends a call: hangs up, gives up, or lets it time out.
    pub(crate) fn phone_ends(&mut self, number: u64, id: &str, timeout: bool) -> Result<(), SimError> {
        let going_on = |call: &&mut Call| {
            let party = call.called == number || call.caller == DeviceRef { number, device: 0 };
            call.id == id && party && matches!(call.state, CallState::Ringing | CallState::Accepted)
        };
        let call = self.calls.iter_mut().find(going_on).ok_or(SimError::NoSuchCall)?;
        call.state = if call.state == CallState::Ringing { CallState::Missed } else { CallState::Ended };
        let call = call.clone();
        let mut terminate = self.action("terminate", id, call.caller);
        if timeout {
            terminate = terminate.attr("reason", "timeout");
        }
        let terminate = terminate.build();
        let phone = DeviceRef { number, device: 0 };
        if call.called == number {
            self.signal(phone, call.caller, terminate);
        } else if self.may_ring(call.called, number) {
            for device in self.companions(call.called) {
                self.signal(phone, device, terminate.clone());
            }
        }
        Ok(())
    }

    /// A calling phone tells the called's other companions that somebody else has taken or refused the call.
    fn dismiss(&mut self, call: &Call, except: Option<u16>) {
        let reason = match call.state {
            CallState::Accepted => "accepted_elsewhere",
            CallState::Rejected => "rejected_elsewhere",
            _ => return,
        };
        let terminate = self.action("terminate", &call.id, call.caller).attr("reason", reason).build();
        for device in self.companions(call.called) {
            if Some(device.device) != except {
                self.signal(call.caller, device, terminate.clone());
            }
        }
    }

    /// A receipt that belongs to a call: a device rings. Returns false for any other receipt.
    pub(super) fn call_receipt(&mut self, who: DeviceRef, receipt: &Node) -> bool {
        let Some(offer) = receipt.get_optional_child("offer") else { return false };
        let id = stanza::attr(offer, "call-id");
        let rings = |call: &&mut Call| Some(&call.id) == id.as_ref() && call.called == who.number;
        let Some(call) = self.calls.iter_mut().find(rings) else { return true };
        call.rang = true;
        let caller = call.caller;
        if caller.device != 0
            && let Some(stanza_id) = stanza::attr(receipt, "id")
        {
            let from = address::lid(self.lid_of(who.number), who.device);
            let forwarded = NodeBuilder::new("receipt").attr("from", from).attr("id", stanza_id);
            let forwarded = forwarded.attr("t", clock::now()).children([offer.clone()]).build();
            self.deliver(caller, Class::Receipt, forwarded);
        }
        true
    }

    fn action(&self, tag: &'static str, id: &str, creator: DeviceRef) -> NodeBuilder {
        let creator: Jid = address::lid(self.lid_of(creator.number), creator.device);
        NodeBuilder::new(tag).attr("call-id", id).attr("call-creator", creator)
    }

    /// Delivers one step of a call to a companion; phones have it in the call's state.
    fn signal(&mut self, from: DeviceRef, to: DeviceRef, action: Node) {
        if to.device == 0 {
            return;
        }
        let sender = self.accounts.get(&from.number);
        let call = NodeBuilder::new("call")
            .attr("from", address::lid(sender.map_or(0, |account| account.lid), from.device))
            .attr("id", Self::fresh_id())
            .attr("t", clock::now())
            .attr("notify", sender.map_or("", |account| account.name.as_str()));
        self.deliver(to, Class::Call, call.children([action]).build());
    }

    fn companions(&self, number: u64) -> Vec<DeviceRef> {
        let account = self.accounts.get(&number);
        account
            .into_iter()
            .flat_map(|account| account.devices.keys())
            .map(|id| DeviceRef { number, device: *id })
            .collect()
    }
}
