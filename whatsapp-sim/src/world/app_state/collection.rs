//! One app-state collection as the server keeps it: the latest patches as they came, and what the older ones amount to,
//! which becomes a snapshot. All of it is ciphertext; only the MACs of indexes tell which record replaces which.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wacore_binary::Node;
use waproto::buffa::{Message as _, MessageField};
use waproto::codec;
use waproto::whatsapp as wa;
use waproto::whatsapp::syncd_mutation::SyncdOperation;

use crate::blob::Blob;
use crate::stanza;

/// A patch of a chat action is a few hundred bytes; WhatsApp's limit is not known, this one protects the journal.
const MAX_PATCH: usize = 256 * 1024;
/// Everything in one collection; an account with thousands of contacts stays far below.
const MAX_SIZE: usize = 16 * 1024 * 1024;
/// How many patches one answer holds.
const PATCHES_PER_ANSWER: usize = 50;
/// With this many patches the older half is folded into the base.
const MAX_PATCHES: usize = 240;

/// One collection: patch `n` made version `n`, counting from 1.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Collection {
    base: Base,
    /// By version; each is a record of its own in the journal.
    #[serde(skip)]
    pub(crate) patches: BTreeMap<u64, Blob>,
    /// Bytes of the patches.
    #[serde(skip)]
    size: usize,
}

/// What the patches up to a version amount to.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Base {
    version: u64,
    /// The valid records, by the index MAC as hex.
    records: BTreeMap<String, Blob>,
    size: usize,
    /// The MAC that the last folded patch gives for the state after it, and its key: the server can make none itself.
    mac: Blob,
    key_id: Blob,
    /// Where the snapshot lies, once somebody needed it: an `ExternalBlobReference`.
    reference: Option<Blob>,
}

/// Why a patch is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// Somebody was faster.
    Conflict,
    /// It is no patch, or it does not fit.
    Malformed,
}

/// What a push changed in the journal.
pub(crate) struct Pushed {
    pub(crate) version: u64,
    /// Versions whose patches were folded.
    pub(crate) folded: Vec<u64>,
}

impl Collection {
    pub(crate) fn version(&self) -> u64 {
        self.patches.keys().next_back().copied().unwrap_or(self.base.version)
    }

    /// Below this version only a snapshot helps.
    pub(crate) fn base_version(&self) -> u64 {
        self.base.version
    }

    /// Takes a patch on top of `base`, stamped with its version.
    pub(crate) fn push(&mut self, base: u64, patch: &[u8]) -> Result<Pushed, Rejected> {
        if base != self.version() {
            return Err(Rejected::Conflict);
        }
        if patch.len() > MAX_PATCH || self.base.size + self.size + patch.len() > MAX_SIZE {
            return Err(Rejected::Malformed);
        }
        let mut patch = codec::syncd_patch_decode(patch).map_err(|_| Rejected::Malformed)?;
        // Mutations that lie at the media host could not be folded: the server has no key to them.
        if patch.external_mutations.is_set() {
            return Err(Rejected::Malformed);
        }
        let version = base + 1;
        patch.version = MessageField::some(wa::SyncdVersion { version: Some(version) });
        self.restore(version, Blob(codec::syncd_patch_to_vec(&patch)));
        let folded = if self.patches.len() > MAX_PATCHES { self.fold() } else { Vec::new() };
        Ok(Pushed { version, folded })
    }

    /// Puts a stored patch in its place.
    pub(crate) fn restore(&mut self, version: u64, patch: Blob) {
        self.size += patch.0.len();
        self.patches.insert(version, patch);
    }

    fn fold(&mut self) -> Vec<u64> {
        let mut folded = Vec::new();
        while self.patches.len() > MAX_PATCHES / 2 {
            let Some((version, patch)) = self.patches.pop_first() else { break };
            self.size -= patch.0.len();
            // It decoded when it was pushed.
            if let Ok(patch) = codec::syncd_patch_decode(&patch.0) {
                self.base.apply(version, &patch);
            }
            folded.push(version);
        }
        folded
    }

    /// The patches after `since`, as many as one answer holds, and whether there are more.
    pub(crate) fn after(&self, since: u64) -> (Vec<Node>, bool) {
        let mut rest = self.patches.range(since.saturating_add(1)..).map(|(_, patch)| patch);
        let nodes: Vec<Node> =
            rest.by_ref().take(PATCHES_PER_ANSWER).map(|patch| stanza::leaf("patch", patch.0.clone())).collect();
        (nodes, rest.next().is_some())
    }

    /// The snapshot at the base version.
    pub(crate) fn snapshot(&self) -> wa::SyncdSnapshot {
        let records =
            self.base.records.values().filter_map(|record| wa::SyncdRecord::decode_from_slice(&record.0).ok());
        wa::SyncdSnapshot {
            version: MessageField::some(wa::SyncdVersion { version: Some(self.base.version) }),
            records: records.collect(),
            mac: Some(self.base.mac.0.clone()),
            key_id: MessageField::some(wa::KeyId { id: Some(self.base.key_id.0.clone()) }),
        }
    }

    /// Where the snapshot was laid.
    pub(crate) fn reference(&self) -> Option<wa::ExternalBlobReference> {
        codec::external_blob_reference_decode(&self.base.reference.as_ref()?.0).ok()
    }

    pub(crate) fn set_reference(&mut self, reference: &wa::ExternalBlobReference) {
        self.base.reference = Some(Blob(reference.encode_to_vec()));
    }
}

impl Base {
    fn apply(&mut self, version: u64, patch: &wa::SyncdPatch) {
        let key = |record: &wa::SyncdRecord| record.index.blob.as_ref().map(hex::encode);
        let is_remove =
            |mutation: &wa::SyncdMutation| mutation.operation.is_some_and(|op| op == SyncdOperation::REMOVE);
        // Removals first: a set of the same index in the same patch survives, as clients count it.
        for mutation in patch.mutations.iter().filter(|mutation| is_remove(mutation)) {
            if let Some(removed) = key(&mutation.record).and_then(|key| self.records.remove(&key)) {
                self.size -= removed.0.len();
            }
        }
        for mutation in patch.mutations.iter().filter(|mutation| !is_remove(mutation)) {
            let Some(key) = key(&mutation.record) else { continue };
            let record = Blob(mutation.record.encode_to_vec());
            self.size += record.0.len();
            if let Some(replaced) = self.records.insert(key, record) {
                self.size -= replaced.0.len();
            }
        }
        self.version = version;
        self.mac = Blob(patch.snapshot_mac.clone().unwrap_or_default());
        self.key_id = Blob(patch.key_id.id.clone().unwrap_or_default());
        self.reference = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(index: u8, value: u8) -> Vec<u8> {
        let record = wa::SyncdRecord {
            index: MessageField::some(wa::SyncdIndex { blob: Some(vec![index]) }),
            value: MessageField::some(wa::SyncdValue { blob: Some(vec![value]) }),
            ..Default::default()
        };
        let mutation = wa::SyncdMutation { record: MessageField::some(record), ..Default::default() };
        codec::syncd_patch_to_vec(&wa::SyncdPatch {
            mutations: vec![mutation],
            snapshot_mac: Some(vec![value]),
            ..Default::default()
        })
    }

    #[test]
    fn a_patch_is_stamped_and_an_old_base_is_refused() {
        let mut collection = Collection::default();
        assert_eq!(collection.push(0, &[]).map(|pushed| pushed.version), Ok(1));
        assert_eq!(collection.push(0, &[]).err(), Some(Rejected::Conflict), "somebody was faster");
        assert_eq!(collection.push(1, &[]).map(|pushed| pushed.version), Ok(2));
        let stamped = codec::syncd_patch_decode(&collection.patches[&2].0).unwrap();
        assert_eq!(stamped.version.as_option().and_then(|version| version.version), Some(2));
        let (after, more) = collection.after(1);
        assert_eq!((after.len(), more), (1, false));
        assert_eq!(collection.push(2, &[0xff; 3]).err(), Some(Rejected::Malformed), "no protobuf");
    }

    #[test]
    fn many_patches_become_a_snapshot_of_their_latest_records() {
        let mut collection = Collection::default();
        for value in 0..=MAX_PATCHES {
            let value = u8::try_from(value).unwrap();
            let pushed = collection.push(u64::from(value), &patch(value % 2, value)).unwrap();
            assert_eq!(pushed.folded.is_empty(), usize::from(value) < MAX_PATCHES);
        }
        let half = MAX_PATCHES / 2;
        assert_eq!(collection.patches.len(), half);
        assert_eq!(collection.base_version(), u64::try_from(MAX_PATCHES + 1 - half).unwrap());
        let snapshot = collection.snapshot();
        let latest: Vec<u8> = snapshot.records.iter().map(|record| record.value.blob.as_ref().unwrap()[0]).collect();
        let last = u8::try_from(MAX_PATCHES - half).unwrap();
        assert_eq!(latest, [last, last - 1]);
        assert_eq!(snapshot.mac, Some(vec![last]));
        assert_eq!(collection.after(0).0.len(), PATCHES_PER_ANSWER);
    }
}
