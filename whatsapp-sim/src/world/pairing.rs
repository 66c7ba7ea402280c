//! Linking a companion: the offer with its QR references, the scan, and the companion's signed answer. A device exists
//! only once both signatures over its identity verify; until then nothing is kept.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use tokio::sync::oneshot;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::Message as _;
use waproto::whatsapp::{ClientPairingProps, ClientPayload};

use super::account::{Device, Registration};
use super::connection::{ConnectionId, Out, Peer};
use super::pair_code::CodeRequest;
use super::records::Key;
use super::{DeviceRef, World};
use crate::blob::{Blob, Key32};
use crate::sim::{Linked, SimError};
use crate::{address, clock, stanza};

/// WhatsApp sends six references: one minute for the first code, 20 s for each other.
const REFERENCES: usize = 6;
/// The restart order may not overtake the client's own book-keeping after its answer (a race in the client).
const RESTART_DELAY: Duration = Duration::from_millis(120);
/// The restart order after pairing.
const RESTART: u16 = 515;
/// A QR text is about 240 characters; longer input is not looked at.
const MAX_QR: usize = 1024;

/// A connection that waits for its code to be scanned.
pub(crate) struct Pairing {
    noise_key: [u8; 32],
    /// What the registration payload says; a client with a seeded chain says nothing before its first login.
    identity: Option<[u8; 32]>,
    registration: Option<Registration>,
    pub(crate) push_name: Option<String>,
    references: Vec<String>,
    /// The code that this companion shows for a number, and how many it has asked for.
    pub(super) code: Option<CodeRequest>,
    pub(super) code_requests: u32,
    scanned: Option<Scanned>,
}

/// A scan that waits for the companion's answer.
struct Scanned {
    request: String,
    who: DeviceRef,
    key_index: u32,
    identity: [u8; 32],
    done: oneshot::Sender<Result<Linked, SimError>>,
}

/// The fields of a QR text.
struct Code {
    reference: String,
    noise_key: [u8; 32],
    identity: [u8; 32],
    adv_secret: Vec<u8>,
}

impl Code {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_QR {
            return None;
        }
        let mut fields = text.trim().split(',');
        let reference = fields.next().filter(|reference| !reference.is_empty())?.to_owned();
        let mut bytes = || STANDARD.decode(fields.next()?).ok();
        let noise_key = bytes()?.try_into().ok()?;
        let identity = bytes()?.try_into().ok()?;
        let adv_secret = bytes().filter(|secret| secret.len() == 32)?;
        Some(Self { reference, noise_key, identity, adv_secret })
    }
}

impl Pairing {
    pub(crate) fn new(noise_key: [u8; 32], payload: &ClientPayload) -> Self {
        let data = payload.device_pairing_data.as_option();
        let number = |bytes: &[u8]| bytes.iter().fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        let registration = data.and_then(|data| {
            Some(Registration {
                id: number(data.e_regid.as_deref()?),
                signed_pre_key_id: number(data.e_skey_id.as_deref()?),
                signed_pre_key: Key32(data.e_skey_val.as_deref()?.try_into().ok()?),
                signature: Blob(data.e_skey_sig.clone().filter(|signature| signature.len() == 64)?),
            })
        });
        Self {
            noise_key,
            identity: data.and_then(|data| data.e_ident.as_deref()?.try_into().ok()),
            registration,
            push_name: payload.push_name.clone().filter(|name| !name.trim().is_empty()),
            references: (0..REFERENCES)
                .map(|_| format!("2@{}", hex::encode(rand::rng().random::<[u8; 24]>())))
                .collect(),
            code: None,
            code_requests: 0,
            scanned: None,
        }
    }

    /// The offer: the references that the companion shows as codes, one after the other.
    pub(crate) fn offer(&self) -> Node {
        let references = self.references.iter().map(|reference| stanza::leaf("ref", reference.as_bytes()));
        let pair_device = NodeBuilder::new("pair-device").children(references).build();
        NodeBuilder::new("iq")
            .attr("from", stanza::server())
            .attr("type", "set")
            .attr("id", World::fresh_id())
            .attr("xmlns", "md")
            .children([pair_device])
            .build()
    }
}

impl World {
    /// The connection that shows this code, and the push name of its registration.
    fn showing(&mut self, code: &Code) -> Result<(ConnectionId, &mut Pairing), SimError> {
        let showing = self.connections.iter_mut().find_map(|(id, connection)| match &mut connection.peer {
            Peer::Pairing(pairing) if pairing.references.contains(&code.reference) => Some((*id, pairing.as_mut())),
            _ => None,
        });
        let (id, pairing) = showing.ok_or(SimError::CodeExpired)?;
        let same_identity = pairing.identity.is_none_or(|identity| identity == code.identity);
        if pairing.noise_key != code.noise_key || !same_identity {
            return Err(SimError::BadCode);
        }
        Ok((id, pairing))
    }

    /// The push name with which the companion of this code registered, if it did.
    pub(crate) fn name_behind(&mut self, text: &str) -> Result<Option<String>, SimError> {
        let code = Code::parse(text).ok_or(SimError::BadCode)?;
        Ok(self.showing(&code)?.1.push_name.clone())
    }

    /// The phone of `number` scans a code. The receiver hears when the companion has answered.
    pub(crate) fn scan(
        &mut self,
        number: u64,
        text: &str,
    ) -> Result<oneshot::Receiver<Result<Linked, SimError>>, SimError> {
        let code = Code::parse(text).ok_or(SimError::BadCode)?;
        let (connection, pairing) = self.showing(&code)?;
        if pairing.scanned.is_some() {
            return Err(SimError::AlreadyScanned);
        }
        let (done, heard) = oneshot::channel();
        self.vouch(connection, number, code.identity, &code.adv_secret, done);
        Ok(heard)
    }

    /// The phone vouches for a companion; whoever waits for `done` hears when the companion has answered, or why not.
    pub(super) fn vouch(
        &mut self,
        connection: ConnectionId,
        number: u64,
        identity: [u8; 32],
        adv_secret: &[u8],
        done: oneshot::Sender<Result<Linked, SimError>>,
    ) {
        if let Some(refusal) = self.scan_refusal(number) {
            self.end(connection, Some(refusal.node()));
            let _nobody_waits = done.send(Err(SimError::LinkRefused));
            return;
        }
        match self.pair_success(number, identity, adv_secret) {
            Ok((success, request, who, key_index)) => {
                if let Some(pairing) = self.pairing_at(connection) {
                    pairing.scanned = Some(Scanned { request, who, key_index, identity, done });
                }
                self.send(connection, success);
            }
            Err(error) => {
                let _nobody_waits = done.send(Err(error));
            }
        }
    }

    /// `pair-success` with its id, for the next device of an account.
    fn pair_success(
        &mut self,
        number: u64,
        identity: [u8; 32],
        adv_secret: &[u8],
    ) -> Result<(Node, String, DeviceRef, u32), SimError> {
        let now = clock::now();
        let account = self.accounts.get_mut(&number).ok_or(SimError::Unregistered)?;
        let device = account.free_device_id().ok_or(SimError::TooManyCompanions)?;
        account.last_device = device;
        account.last_key_index += 1;
        let key_index = account.last_key_index;
        let signed = account.phone.sign_companion(identity, adv_secret, account.raw_id, key_index, now)?;
        let props = ClientPairingProps { is_chat_db_lid_migrated: Some(true), ..Default::default() }.encode_to_vec();
        let request = Self::fresh_id();
        let pair_success = NodeBuilder::new("pair-success")
            .children([
                stanza::leaf("device-identity", signed),
                NodeBuilder::new("device")
                    .attr("jid", address::pn(number, device))
                    .attr("lid", address::lid(account.lid, device))
                    .build(),
                NodeBuilder::new("platform").attr("name", "android").build(),
                stanza::leaf("client-props", props),
            ])
            .build();
        let success = NodeBuilder::new("iq")
            .attr("from", stanza::server())
            .attr("type", "set")
            .attr("id", request.as_str())
            .attr("xmlns", "md")
            .attr("t", now)
            .children([pair_success])
            .build();
        self.touch(Key::Account(number));
        Ok((success, request, DeviceRef { number, device }, key_index))
    }

    /// A stanza of a companion that is not linked yet: the answer to `pair-success`, or a ping while the code is shown.
    pub(super) fn pairing_stanza(&mut self, id: ConnectionId, stanza: &Node) {
        let Some(Peer::Pairing(pairing)) = self.connections.get_mut(&id).map(|connection| &mut connection.peer) else {
            return;
        };
        let kind = stanza::attr(stanza, "type");
        let answers = pairing
            .scanned
            .as_ref()
            .is_some_and(|scanned| stanza::attr(stanza, "id").as_ref() == Some(&scanned.request));
        match kind.as_deref() {
            Some("result") if answers => self.companion_answered(id, stanza),
            Some("error") if answers => {
                if let Some(scanned) = pairing.scanned.take() {
                    let _nobody_waits = scanned.done.send(Err(SimError::CompanionRefused));
                }
            }
            Some("set") if stanza.get_optional_child("link_code_companion_reg").is_some() => self.link_code(id, stanza),
            Some("get" | "set") => {
                let ping = stanza::attr(stanza, "xmlns").as_deref() == Some("w:p");
                if !ping {
                    self.counters.unknown_requests += 1;
                    tracing::warn!(xmlns = stanza::attr(stanza, "xmlns"), "an unknown request while pairing");
                }
                let answer = if ping {
                    stanza::result(stanza, [])
                } else {
                    stanza::refusal(stanza, 501, "feature-not-implemented")
                };
                self.send(id, answer);
            }
            _ => {}
        }
    }

    fn companion_answered(&mut self, id: ConnectionId, stanza: &Node) {
        let Some(Peer::Pairing(pairing)) = self.connections.get_mut(&id).map(|connection| &mut connection.peer) else {
            return;
        };
        let Some(scanned) = pairing.scanned.take() else { return };
        let noise_key = pairing.noise_key;
        let registration = pairing.registration.clone();
        let signed = stanza
            .get_optional_child_by_tag(&["pair-device-sign", "device-identity"])
            .and_then(stanza::bytes)
            .map(<[u8]>::to_vec);
        let Scanned { who, key_index, identity, done, .. } = scanned;
        let Some(account) = self.accounts.get_mut(&who.number) else { return };
        let verified = signed.filter(|signed| account.phone.verify_companion(signed, identity).is_ok());
        let Some(signed_identity) = verified else {
            let _nobody_waits = done.send(Err(SimError::BadSignature));
            return self.push(id, Out::Close);
        };
        let mut device = Device::linked(key_index, Key32(noise_key), Key32(identity), Blob(signed_identity));
        device.registration = registration;
        account.devices.insert(who.device, device);
        self.touch(Key::Device(who.number, who.device));
        self.announce_added(who);
        self.push(id, Out::Pause(RESTART_DELAY));
        self.send(id, NodeBuilder::new("stream:error").attr("code", RESTART).build());
        self.push(id, Out::Close);
        let _nobody_waits = done.send(Ok(Linked { number: who.number.to_string(), device: who.device }));
    }
}
