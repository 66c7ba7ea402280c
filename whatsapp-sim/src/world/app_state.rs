//! App-state collections: per account a list of patches that its companions wrote. The server reads nothing of them but
//! stamps each with its version, refuses a patch on an old base, and tells the other companions.

use serde::{Deserialize, Serialize};
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::MessageField;
use waproto::codec;
use waproto::whatsapp::SyncdVersion;

use super::queue::Class;
use super::records::Key;
use super::{DeviceRef, World};
use crate::blob::Blob;
use crate::clock;
use crate::stanza;

/// The collections that clients know; any other name is answered empty and not kept.
const COLLECTIONS: [&str; 5] = ["critical_block", "critical_unblock_low", "regular_high", "regular_low", "regular"];
/// A patch of a chat action is a few hundred bytes; WhatsApp's limit is not known, this one protects the journal.
const MAX_PATCH: usize = 256 * 1024;
/// How many patches one answer holds.
const PATCHES_PER_ANSWER: usize = 100;
/// How many patches one collection keeps; without snapshots none may be dropped, so then it is full.
const MAX_PATCHES: usize = 10_000;

/// One collection: patch `n` (counting from 1) made version `n`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Collection {
    patches: Vec<Blob>,
}

impl Collection {
    fn version(&self) -> u64 {
        self.patches.len() as u64
    }

    /// Takes a patch on top of `base`, stamped with its version. False: the base is old, or the patch is no patch.
    fn push(&mut self, base: u64, patch: &[u8]) -> bool {
        if base != self.version() || patch.len() > MAX_PATCH || self.patches.len() >= MAX_PATCHES {
            return false;
        }
        let Ok(mut patch) = codec::syncd_patch_decode(patch) else { return false };
        patch.version = MessageField::some(SyncdVersion { version: Some(base + 1) });
        self.patches.push(Blob(codec::syncd_patch_to_vec(&patch)));
        true
    }

    /// The patches after `since`, as many as one answer holds, and whether there are more.
    fn after(&self, since: u64) -> (Vec<Node>, bool) {
        let skip = usize::try_from(since).unwrap_or(usize::MAX);
        let rest = self.patches.get(skip..).unwrap_or_default();
        let nodes = rest.iter().take(PATCHES_PER_ANSWER).map(|patch| stanza::leaf("patch", patch.0.clone())).collect();
        (nodes, rest.len() > PATCHES_PER_ANSWER)
    }
}

impl World {
    /// `w:sync:app:state`: each collection that is asked for is named in the answer.
    pub(crate) fn app_state(&mut self, who: DeviceRef, request: &Node) -> Node {
        let asked: Vec<Node> = request
            .get_optional_child("sync")
            .map(|sync| sync.get_children_by_tag("collection").cloned().collect())
            .unwrap_or_default();
        let answers: Vec<Node> = asked.iter().filter_map(|collection| self.collection(who, collection)).collect();
        stanza::result(request, [NodeBuilder::new("sync").children(answers).build()])
    }

    fn collection(&mut self, who: DeviceRef, asked: &Node) -> Option<Node> {
        let name = stanza::attr(asked, "name")?;
        let since = stanza::attr(asked, "version").and_then(|version| version.parse().ok()).unwrap_or(0);
        let known = COLLECTIONS.contains(&name.as_str());
        let account = self.accounts.get_mut(&who.number).filter(|_| known);
        let Some(account) = account else {
            return Some(NodeBuilder::new("collection").attr("name", name).build());
        };
        let collection = account.collections.entry(name.clone()).or_default();
        let pushed: Vec<&[u8]> = asked
            .get_children_by_tag("patch")
            .chain(asked.get_children_by_tag("patches").flat_map(stanza::children))
            .filter_map(stanza::bytes)
            .collect();
        let accepted = (since..).zip(&pushed).take_while(|(base, patch)| collection.push(*base, patch)).count();
        let conflict = accepted < pushed.len();
        let version = collection.version();
        // A pusher reads its own patch back with its next request; a loser of the race needs what it missed.
        let (patches, more) = if pushed.is_empty() || conflict { collection.after(since) } else { (Vec::new(), false) };
        let mut answer = NodeBuilder::new("collection").attr("name", name.as_str()).attr("version", version);
        if more {
            answer = answer.attr("has_more_patches", "true");
        }
        let mut content = Vec::new();
        if conflict {
            answer = answer.attr("type", "error");
            content.push(stanza::error(409, "conflict"));
        }
        if !patches.is_empty() {
            content.push(NodeBuilder::new("patches").children(patches).build());
        }
        if accepted > 0 {
            self.touch(Key::Collection(who.number, name.clone()));
            self.announce_collection(who, &name, version);
        }
        Some(if content.is_empty() { answer.build() } else { answer.children(content).build() })
    }

    fn announce_collection(&mut self, who: DeviceRef, name: &str, version: u64) {
        let Some(account) = self.accounts.get(&who.number) else { return };
        let others: Vec<u16> = account.devices.keys().copied().filter(|device| *device != who.device).collect();
        for device in others {
            let collection = NodeBuilder::new("collection").attr("name", name).attr("version", version).build();
            let notification = NodeBuilder::new("notification")
                .attr("type", "server_sync")
                .attr("from", stanza::server())
                .attr("id", Self::fresh_id())
                .attr("t", clock::now())
                .children([collection])
                .build();
            self.deliver(DeviceRef { number: who.number, device }, Class::Notification, notification);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_stamped_and_an_old_base_is_refused() {
        let mut collection = Collection::default();
        assert!(collection.push(0, &[]));
        assert!(!collection.push(0, &[]), "somebody was faster");
        assert!(collection.push(1, &[]));
        let stamped = codec::syncd_patch_decode(&collection.patches[1].0).unwrap();
        assert_eq!(stamped.version.as_option().and_then(|version| version.version), Some(2));
        let (after, more) = collection.after(1);
        assert_eq!((after.len(), more), (1, false));
        assert!(!collection.push(2, &[0xff; 3]), "no protobuf");
    }
}
