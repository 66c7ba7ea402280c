//! The phone's copy of the account's app state: names of contacts, labels, what is pinned, muted, archived, starred.
//!
//! It holds the key, so it reads what companions write, checks every MAC, and writes patches that companions accept. Which
//! version comes next, and who hears of it, is the server's.

mod action;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt as _;
use wacore::appstate::hash::{HashState, generate_patch_mac};
use wacore::appstate::{
    AppStateError, ExpandedAppStateKeys, Mutation, encode_record, expand_app_state_keys, process_patch,
    process_snapshot,
};
use waproto::buffa::MessageField;
use waproto::codec;
use waproto::whatsapp as wa;
use waproto::whatsapp::syncd_mutation::SyncdOperation;

pub use action::Action;
pub use view::{ChatSettings, ContactName, Label, Settings, StarredMessage};

/// A key of the account's app state, with what follows from it.
pub struct Keys {
    id: Vec<u8>,
    expanded: Arc<ExpandedAppStateKeys>,
}

impl Keys {
    /// Expands a key.
    pub fn new(id: &[u8], data: &[u8; 32]) -> Self {
        Self { id: id.to_vec(), expanded: Arc::new(expand_app_state_keys(data)) }
    }

    fn find(&self, id: &[u8]) -> Result<Arc<ExpandedAppStateKeys>, AppStateError> {
        if id == self.id { Ok(Arc::clone(&self.expanded)) } else { Err(AppStateError::KeyNotFound) }
    }
}

/// The phone's copy of one collection.
#[derive(Default)]
pub struct Replica {
    state: HashState,
    /// The MAC of each index's present value, for the next hash.
    macs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What is set, by index.
    values: BTreeMap<Vec<String>, wa::SyncActionValue>,
}

impl Replica {
    /// The version up to which the phone has read.
    pub fn version(&self) -> u64 {
        self.state.version
    }

    /// The person's own name, if it is set here.
    pub fn push_name(&self) -> Option<&str> {
        self.values
            .iter()
            .find(|(index, _)| index.first().is_some_and(|kind| kind == "setting_pushName"))?
            .1
            .push_name_setting
            .name
            .as_deref()
    }

    /// Begins anew with a snapshot.
    pub fn load(&mut self, name: &str, keys: &Keys, snapshot: &wa::SyncdSnapshot) -> Result<(), AppStateError> {
        let mut state = HashState::default();
        let read = process_snapshot(snapshot, &mut state, |id| keys.find(id), true, name)?;
        self.state = read.state;
        self.macs = read.mutation_macs.into_iter().map(|mac| (mac.index_mac, mac.value_mac)).collect();
        self.values.clear();
        self.apply(read.mutations);
        Ok(())
    }

    /// Reads the next patch. One that does not verify is passed over: the next is read all the same.
    pub fn read(&mut self, name: &str, keys: &Keys, version: u64, patch: &[u8]) -> Result<(), AppStateError> {
        let read = codec::syncd_patch_decode(patch).map_err(|_| AppStateError::DecodeFailed).and_then(|patch| {
            let before = |index_mac: &[u8]| Ok(self.macs.get(index_mac).cloned());
            process_patch(&patch, &mut self.state, |id| keys.find(id), before, true, name)
        });
        self.state.version = version;
        let read = read?;
        for removed in &read.removed_index_macs {
            self.macs.remove(removed);
        }
        self.macs.extend(read.added_macs.into_iter().map(|mac| (mac.index_mac, mac.value_mac)));
        self.apply(read.mutations);
        Ok(())
    }

    fn apply(&mut self, mutations: Vec<Mutation>) {
        for mutation in mutations {
            match mutation.action_value.filter(|_| mutation.operation == SyncdOperation::SET) {
                Some(value) => self.values.insert(mutation.index, value),
                None => self.values.remove(&mutation.index),
            };
        }
    }

    /// The patch that puts an action on top of what the phone has read. The phone reads it back like any other.
    pub fn write(&self, name: &str, keys: &Keys, action: &Action) -> Result<Vec<u8>, AppStateError> {
        let iv = rand::rng().random::<[u8; 16]>();
        let index = serde_json::to_vec(&action.index).map_err(|_| AppStateError::DecodeFailed)?;
        let (mutation, _) =
            encode_record(SyncdOperation::SET, &index, &action.value, &keys.expanded, &keys.id, &iv, action.version);
        let mutations = vec![mutation];
        let mut state = self.state.clone();
        let (_, hashed) = state.update_hash(&mutations, |index_mac, _| Ok(self.macs.get(index_mac).cloned()));
        hashed.map_err(|_| AppStateError::MismatchingLTHash)?;
        state.version += 1;
        let mut patch = wa::SyncdPatch {
            snapshot_mac: Some(state.generate_snapshot_mac(name, &keys.expanded.snapshot_mac)),
            key_id: MessageField::some(wa::KeyId { id: Some(keys.id.clone()) }),
            mutations,
            ..Default::default()
        };
        patch.patch_mac = Some(generate_patch_mac(&patch, name, &keys.expanded.patch_mac, state.version));
        Ok(codec::syncd_patch_to_vec(&patch))
    }
}

#[cfg(test)]
mod tests;
