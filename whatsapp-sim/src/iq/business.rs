//! Requests about businesses. A result without a profile says that there is no business.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::stanza;
use crate::world::World;

/// How many profiles one request may ask for.
const MAX_PROFILES: usize = 64;

pub(super) fn profiles(world: &World, request: &Node) -> Node {
    let Some(asked) = request.get_optional_child("business_profile") else { return stanza::result(request, []) };
    let profiles: Vec<Node> = asked
        .get_children_by_tag("profile")
        .take(MAX_PROFILES)
        .filter_map(|profile| world.business_profile(profile))
        .collect();
    let mut node = NodeBuilder::new("business_profile");
    if let Some(version) = stanza::attr(asked, "v") {
        node = node.attr("v", version);
    }
    stanza::result(request, [node.children(profiles).build()])
}
