//! Settings of an account: experiments (none) and the about text.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::sim::MAX_ABOUT;
use crate::stanza;
use crate::world::{DeviceRef, World};

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
    world.set_about(who, &about);
    stanza::result(request, [])
}
