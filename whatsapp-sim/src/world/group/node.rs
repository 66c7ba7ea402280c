//! A group and its members as stanzas. Everybody is named by LID with the phone number beside it.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::{Flag, Group, Role, Settings, World};
use crate::{address, stanza};

impl World {
    /// `<group>`, complete.
    pub(crate) fn group_node(&self, group: &Group) -> Node {
        self.group_node_with(group, Vec::new())
    }

    /// `<group>`, with further participants: those that could not be added to a new group stand in it with their error.
    pub(crate) fn group_node_with(&self, group: &Group, further: Vec<Node>) -> Node {
        let members = group.members.iter().map(|(number, member)| self.member_node(*number, member.role));
        let mut children: Vec<Node> = members.chain(further).collect();
        children.extend(group.description.as_ref().map(|description| {
            NodeBuilder::new("description")
                .attr("id", description.id.as_str())
                .attr("participant", self.person_jid(description.author))
                .attr("participant_pn", address::pn(description.author, 0))
                .attr("t", description.time)
                .children([stanza::leaf("body", description.text.as_bytes())])
                .build()
        }));
        children.extend(settings_nodes(&group.settings));
        NodeBuilder::new("group")
            .attr("id", group.id.to_string())
            .attr("subject", group.subject.as_str())
            .attr("addressing_mode", "lid")
            .attr("creator", self.person_jid(group.creator))
            .attr("creator_pn", address::pn(group.creator, 0))
            .attr("creation", group.created)
            .attr("s_o", self.person_jid(group.subject_by))
            .attr("s_o_pn", address::pn(group.subject_by, 0))
            .attr("s_t", group.subject_time)
            .attr("size", group.members.len())
            .children(children)
            .build()
    }

    /// `<participant>` of a member.
    pub(crate) fn member_node(&self, number: u64, role: Role) -> Node {
        let node = self.participant(number);
        match role {
            Role::Member => node.build(),
            Role::Admin => node.attr("type", "admin").build(),
            Role::Superadmin => node.attr("type", "superadmin").build(),
        }
    }

    /// `<participant>` with both ids.
    pub(crate) fn participant(&self, number: u64) -> NodeBuilder {
        NodeBuilder::new("participant")
            .attr("jid", self.person_jid(number))
            .attr("phone_number", address::pn(number, 0))
    }

    fn person_jid(&self, number: u64) -> Jid {
        address::lid(self.lid_of(number), 0)
    }
}

/// The settings that are on, as a group shows them.
fn settings_nodes(settings: &Settings) -> Vec<Node> {
    let flags = settings.flags.iter().map(|each| flag(*each, true));
    let optional = [settings.ephemeral.map(ephemeral), settings.approval.then(|| approval(true))];
    let modes = [add_mode(settings.admins_add), link_mode(settings.link_by_all)];
    flags.chain(optional.into_iter().flatten()).chain(modes).collect()
}

pub(super) fn flag(flag: Flag, on: bool) -> Node {
    let (on_tag, off_tag) = flag.tags();
    NodeBuilder::new(if on { on_tag } else { off_tag }).build()
}

pub(super) fn ephemeral(expiration: u32) -> Node {
    NodeBuilder::new("ephemeral").attr("expiration", expiration).build()
}

pub(super) fn approval(on: bool) -> Node {
    let join = NodeBuilder::new("group_join").attr("state", if on { "on" } else { "off" }).build();
    NodeBuilder::new("membership_approval_mode").children([join]).build()
}

pub(super) fn add_mode(admins: bool) -> Node {
    let mode = if admins { "admin_add" } else { "all_member_add" };
    NodeBuilder::new("member_add_mode").string_content(mode).build()
}

pub(super) fn link_mode(all: bool) -> Node {
    let mode = if all { "all_member_link" } else { "admin_link" };
    NodeBuilder::new("member_link_mode").string_content(mode).build()
}
