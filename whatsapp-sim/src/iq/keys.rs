//! Signal keys of devices: uploads, bundles for others, stock, and the digest by which a client checks what the server
//! holds. A one-time key is handed out once.

use std::collections::VecDeque;

use wacore::iq::prekeys::{OneTimePreKeyNode, SignedPreKeyNode};
use wacore::prekeys::compute_key_bundle_digest;
use wacore::protocol::ProtocolNode as _;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::blob::{Blob, Key32};
use crate::stanza;
use crate::world::account::{Device, Registration};
use crate::world::phone_inbox::PhoneTask;
use crate::world::records::Key;
use crate::world::{DeviceRef, World};

/// The type of every Curve25519 key.
const KEY_TYPE: u8 = 5;
/// Twice what a client uploads at once.
const MAX_ONE_TIME: usize = 2048;
/// A device below this is asked for more keys.
const LOW_STOCK: usize = 5;
/// How many users one request may name.
const MAX_USERS: usize = 1024;

/// `<list><key/>…</list>`, `<skey>`, `<registration>`: the first upload brings all, later ones fresh one-time keys.
pub(super) fn upload(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let Some(registration) = registration(request) else { return stanza::refusal(request, 400, "bad-request") };
    let identity: Option<[u8; 32]> = stanza::child_array(request, "identity");
    let keys: VecDeque<(u32, Key32)> = request
        .get_optional_child("list")
        .map(|list| list.get_children_by_tag("key").filter_map(one_time).take(MAX_ONE_TIME).collect())
        .unwrap_or_default();
    let Some(device) = world.device_mut(who).filter(|device| identity == Some(device.identity.0)) else {
        return stanza::refusal(request, 406, "not-acceptable");
    };
    device.registration = Some(registration);
    device.uploaded = true;
    for (id, key) in keys {
        device.one_time.retain(|(known, _)| *known != id);
        device.one_time.push_back((id, key));
    }
    let excess = device.one_time.len().saturating_sub(MAX_ONE_TIME);
    device.one_time.drain(..excess);
    world.touch(Key::Device(who.number, who.device));
    world.phone_task(PhoneTask::Welcome(who));
    stanza::result(request, [])
}

fn registration(request: &Node) -> Option<Registration> {
    let id = stanza::child_number(request, "registration")?;
    Some(Registration { id, ..signed_pre_key(request.get_optional_child("skey")?)? })
}

fn signed_pre_key(skey: &Node) -> Option<Registration> {
    Some(Registration {
        id: 0,
        signed_pre_key_id: stanza::child_number(skey, "id")?,
        signed_pre_key: Key32(stanza::child_array(skey, "value")?),
        signature: Blob(stanza::child_array::<64>(skey, "signature")?.to_vec()),
    })
}

fn one_time(key: &Node) -> Option<(u32, Key32)> {
    Some((stanza::child_number(key, "id")?, Key32(stanza::child_array(key, "value")?)))
}

/// `<rotate><skey/></rotate>`: a new signed prekey.
pub(super) fn rotate(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let skey = request.get_optional_child_by_tag(&["rotate", "skey"]).and_then(signed_pre_key);
    let registration = world.device_mut(who).and_then(|device| device.registration.as_mut());
    let (Some(skey), Some(registration)) = (skey, registration) else {
        return stanza::refusal(request, 400, "bad-request");
    };
    *registration = Registration { id: registration.id, ..skey };
    world.touch(Key::Device(who.number, who.device));
    stanza::result(request, [])
}

pub(super) fn count(world: &World, who: DeviceRef, request: &Node) -> Node {
    let stock = world.device(who).map_or(0, |device| device.one_time.len());
    stanza::result(request, [NodeBuilder::new("count").attr("value", stock).build()])
}

/// What the server holds of a device, with the hash over it. Without an upload: 503, after which the client only warns;
/// 404 would make it upload again at every login.
pub(super) fn digest(world: &World, who: DeviceRef, request: &Node) -> Node {
    let held = world.device(who).filter(|device| device.uploaded);
    let Some((device, registration)) = held.and_then(|device| Some((device, device.registration.as_ref()?))) else {
        return stanza::refusal(request, 503, "service-unavailable");
    };
    stanza::result(request, [digest_node(device, registration)])
}

fn digest_node(device: &Device, registration: &Registration) -> Node {
    let publics: Vec<&[u8]> = device.one_time.iter().map(|(_, key)| key.0.as_slice()).collect();
    let hash = compute_key_bundle_digest(
        &device.identity.0,
        &registration.signed_pre_key.0,
        &registration.signature.0,
        &publics,
    );
    let ids = device.one_time.iter().map(|(id, _)| stanza::leaf("id", id.to_be_bytes()[1..].to_vec()));
    NodeBuilder::new("digest")
        .children([
            stanza::leaf("registration", registration.id.to_be_bytes()),
            stanza::leaf("type", [KEY_TYPE]),
            stanza::leaf("identity", device.identity.0),
            SignedPreKeyNode::new(
                registration.signed_pre_key_id,
                registration.signed_pre_key.0.to_vec(),
                registration.signature.0.clone(),
            )
            .into_node(),
            NodeBuilder::new("list").children(ids).build(),
            stanza::leaf("hash", hash),
        ])
        .build()
}

/// Bundles of devices, each under the very JID that was asked for.
pub(super) fn bundles(world: &mut World, request: &Node) -> Node {
    let asked: Vec<Node> = request
        .get_optional_child("key")
        .map(|key| key.get_children_by_tag("user").take(MAX_USERS).cloned().collect())
        .unwrap_or_default();
    let users: Vec<Node> = asked.iter().filter_map(|user| bundle(world, user)).collect();
    stanza::result(request, [NodeBuilder::new("list").children(users).build()])
}

fn bundle(world: &mut World, user: &Node) -> Option<Node> {
    let jid = stanza::jid(user, "jid")?;
    let node = NodeBuilder::new("user").attr("jid", jid.clone());
    let taken = world.resolve_device(&jid).and_then(|of| Some((of, world.take_bundle(of)?)));
    let Some((of, bundle)) = taken else {
        return Some(node.children([stanza::error(406, "not-acceptable")]).build());
    };
    let skey = bundle.signed_pre_key;
    let mut content = vec![
        stanza::leaf("registration", bundle.registration_id.to_be_bytes()),
        stanza::leaf("type", [KEY_TYPE]),
        stanza::leaf("identity", bundle.identity),
        SignedPreKeyNode::new(skey.id, skey.public.to_vec(), skey.signature.to_vec()).into_node(),
    ];
    if let Some((id, key)) = bundle.one_time {
        content.push(OneTimePreKeyNode::new(id, key.to_vec()).into_node());
    }
    if let Some(device) = world.device(of) {
        content.push(stanza::leaf("device-identity", device.signed_identity.0.clone()));
        if device.one_time.len() < LOW_STOCK {
            world.ask_for_keys(of);
        }
    }
    Some(node.children(content).build())
}
