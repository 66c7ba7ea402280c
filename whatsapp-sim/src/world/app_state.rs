//! App-state collections on the server: it reads nothing of them, stamps each patch with its version, refuses a patch on an
//! old base, and tells the other companions. Whoever is too far behind gets a snapshot from the media host.

mod collection;

use wacore::download::MediaType;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::Message as _;
use waproto::whatsapp::ExternalBlobReference;

use super::queue::Class;
use super::records::Key;
use super::{DeviceRef, World};
use crate::{clock, stanza};

pub(crate) use collection::{Collection, Rejected};

/// The collections that clients know; any other name is answered empty and not kept.
pub(crate) const COLLECTIONS: [&str; 5] =
    ["critical_block", "critical_unblock_low", "regular_high", "regular_low", "regular"];

impl World {
    /// `w:sync:app:state`: each collection that is asked for is named in the answer.
    pub(crate) fn app_state(&mut self, who: DeviceRef, request: &Node) -> Node {
        let asked: Vec<Node> = request
            .get_optional_child("sync")
            .map(|sync| sync.get_children_by_tag("collection").take(COLLECTIONS.len()).cloned().collect())
            .unwrap_or_default();
        let answers: Vec<Node> = asked.iter().filter_map(|collection| self.collection(who, collection)).collect();
        stanza::result(request, [NodeBuilder::new("sync").children(answers).build()])
    }

    fn collection(&mut self, who: DeviceRef, asked: &Node) -> Option<Node> {
        let name = stanza::attr(asked, "name")?;
        let since: u64 = stanza::attr(asked, "version").and_then(|version| version.parse().ok()).unwrap_or(0);
        if !COLLECTIONS.contains(&name.as_str()) || !self.accounts.contains_key(&who.number) {
            return Some(NodeBuilder::new("collection").attr("name", name).build());
        }
        let pushed: Vec<&[u8]> = asked
            .get_children_by_tag("patch")
            .chain(asked.get_children_by_tag("patches").flat_map(stanza::children))
            .filter_map(stanza::bytes)
            .collect();
        let mut rejected = None;
        for (base, patch) in (since..).zip(&pushed) {
            rejected = self.push_patch(who, &name, base, patch).err();
            if rejected.is_some() {
                break;
            }
        }
        let mut content = Vec::new();
        match rejected {
            Some(Rejected::Conflict) => content.push(stanza::error(409, "conflict")),
            Some(Rejected::Malformed) => content.push(stanza::error(400, "bad-request")),
            None => {}
        }
        // A pusher reads its own patch back with its next request; a loser of the race needs what it missed.
        let wants = pushed.is_empty() || rejected == Some(Rejected::Conflict);
        let more = wants && self.missed(who.number, &name, since, &mut content);
        let version = self.accounts.get(&who.number)?.collections.get(&name).map_or(0, Collection::version);
        let mut answer = NodeBuilder::new("collection").attr("name", name).attr("version", version);
        if more {
            answer = answer.attr("has_more_patches", "true");
        }
        if rejected.is_some() {
            answer = answer.attr("type", "error");
        }
        Some(if content.is_empty() { answer.build() } else { answer.children(content).build() })
    }

    /// What somebody at version `since` has missed: a snapshot when that is too long ago, and patches; whether there are
    /// more.
    fn missed(&mut self, number: u64, name: &str, since: u64, content: &mut Vec<Node>) -> bool {
        let Some(collection) = self.accounts.get(&number).and_then(|account| account.collections.get(name)) else {
            return false;
        };
        let base = collection.base_version();
        let (patches, more) = collection.after(since.max(base));
        if since < base
            && let Some(reference) = self.snapshot(number, name)
        {
            content.push(stanza::leaf("snapshot", reference.encode_to_vec()));
        }
        if !patches.is_empty() {
            content.push(NodeBuilder::new("patches").children(patches).build());
        }
        more
    }

    /// Where the snapshot of a collection lies; it is laid there when it is first needed.
    fn snapshot(&mut self, number: u64, name: &str) -> Option<ExternalBlobReference> {
        let collection = self.accounts.get(&number)?.collections.get(name)?;
        let there = |reference: &ExternalBlobReference| {
            reference.direct_path.as_deref().is_some_and(|path| self.media.read(path).is_ok())
        };
        if let Some(reference) = collection.reference().filter(there) {
            return Some(reference);
        }
        let bytes = collection.snapshot().encode_to_vec();
        let uploaded = match self.media.phone_uploads(&bytes, MediaType::AppState) {
            Ok(uploaded) => uploaded,
            Err(error) => {
                tracing::warn!(%error, "a snapshot finds no room");
                return None;
            }
        };
        let reference = ExternalBlobReference {
            media_key: Some(uploaded.media_key.to_vec()),
            direct_path: Some(uploaded.direct_path),
            file_size_bytes: Some(bytes.len() as u64),
            file_sha256: Some(uploaded.file_sha256.to_vec()),
            file_enc_sha256: Some(uploaded.file_enc_sha256.to_vec()),
            ..Default::default()
        };
        self.accounts.get_mut(&number)?.collections.get_mut(name)?.set_reference(&reference);
        self.touch(Key::Collection(number, name.to_owned()));
        Some(reference)
    }

    /// Takes a patch of any device of the account, tells the others, and lets the phone read it.
    pub(super) fn push_patch(&mut self, who: DeviceRef, name: &str, base: u64, patch: &[u8]) -> Result<(), Rejected> {
        let account = self.accounts.get_mut(&who.number).ok_or(Rejected::Malformed)?;
        let collection = account.collections.entry(name.to_owned()).or_default();
        let fresh = collection.version() == 0;
        let pushed = collection.push(base, patch)?;
        if fresh || !pushed.folded.is_empty() {
            self.touch(Key::Collection(who.number, name.to_owned()));
        }
        for version in pushed.folded.iter().copied().chain([pushed.version]) {
            self.touch(Key::Patch(who.number, name.to_owned(), version));
        }
        self.announce_collection(who, name, pushed.version);
        self.phone_reads_settings(who.number);
        Ok(())
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
