//! Settings of an account: experiments (none) and the about text.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::stanza;
use crate::world::records::Key;
use crate::world::{DeviceRef, World};

/// WhatsApp's own limit of an about text.
const MAX_ABOUT: usize = 139 * 4;

/// No experiments.
pub(super) fn props(request: &Node) -> Node {
    let props = NodeBuilder::new("props").attr("protocol", "1").attr("hash", "sandbox").attr("refresh", 86_400).build();
    stanza::result(request, [props])
}

pub(super) fn set_about(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let about = request.get_optional_child("status").and_then(Node::content_as_string).unwrap_or_default();
    if about.len() > MAX_ABOUT {
        return stanza::refusal(request, 400, "bad-request");
    }
    if let Some(account) = world.accounts.get_mut(&who.number) {
        account.about = about.to_string();
    }
    world.touch(Key::Account(who.number));
    stanza::result(request, [])
}
