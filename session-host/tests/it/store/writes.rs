//! Every write method of the storage traits, as a list, and what a session has in Redis.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use contract::keys::SessionKeys;
use session_host::store::RedisStore;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::Device;
use wacore::store::error::Result;
use wacore::store::traits::{
    AppStateSyncKey, AppSyncStore, DeviceInfo, DeviceListRecord, DeviceStore, LidPnMappingEntry, MsgSecretEntry,
    MsgSecretStore, PendingInboundKey, PendingInboundRow, ProtocolStore, SignalStore, TcTokenEntry,
};

use crate::support::Owned;

pub(super) type Write = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

macro_rules! writes {
    ($store:ident: $($method:ident($($arg:expr),*);)+) => {
        vec![$((
            stringify!($method),
            {
                let store = Arc::clone($store);
                Box::pin(async move { store.$method($($arg),*).await.map(drop) }) as Write
            },
        )),+]
    };
}

/// Everything that adds or replaces; each `tag` writes other values under the same names.
pub(super) fn puts(store: &Arc<RedisStore>, tag: u8) -> Vec<(&'static str, Write)> {
    let bytes = Bytes::from(vec![tag; 3]);
    let [b0, b1, b2, b3] = std::array::from_fn(|_| bytes.clone());
    let time = i64::from(tag);
    let lid = move |lid: &str| LidPnMappingEntry {
        lid: lid.to_owned(),
        phone_number: format!("1555{tag:07}"),
        created_at: time,
        updated_at: time,
        learning_source: "usync".to_owned(),
    };
    let list = move |user: &str| DeviceListRecord {
        user: user.to_owned(),
        devices: vec![DeviceInfo::new(u32::from(tag), None)],
        timestamp: time,
        phash: None,
        raw_id: None,
    };
    writes! { store:
        put_identity("1@lid.0", [tag; 32]);
        put_identities_batch(&[(Arc::from("2@lid.0"), [tag; 32])]);
        put_session("1@lid.0", &[tag]);
        put_sessions_batch(&[(Arc::from("2@lid.0"), b0)]);
        store_prekey(u32::from(tag) + 100, &[tag], false);
        store_prekeys_batch(&[(1, b1), (2, b2)], false);
        store_signed_prekey(1, &[tag]);
        put_sender_key("g1", &[tag]);
        put_sender_keys_batch(&[(Arc::from("g2"), b3)]);
        set_sync_key(&[tag], AppStateSyncKey { key_data: vec![tag], ..AppStateSyncKey::default() });
        set_version("regular", HashState { version: u64::from(tag), ..HashState::default() });
        put_mutation_macs("regular", 1, &[AppStateMutationMAC { index_mac: vec![1; 32], value_mac: vec![tag; 32] }]);
        set_sender_key_status("g1", &[("device", tag.is_multiple_of(2))]);
        put_lid_mapping(&lid("100"));
        put_lid_mappings(&[lid("200")]);
        save_base_key("address", "id", &[tag]);
        update_device_list(list("1"));
        update_device_lists(vec![list("2")]);
        put_group_metadata("g1", &[tag]);
        put_tc_token("1@lid", &TcTokenEntry { token: vec![tag], token_timestamp: time, sender_timestamp: Some(time) });
        touch_tc_token_sender_timestamp("2@lid", time);
        store_received_tc_token("3@lid", &[tag], time);
        store_sent_message("chat", "id", &[tag]);
        store_pending_inbound("chat", "sender", "1", &[tag]);
        store_pending_inbound_batch(&[PendingInboundRow { chat: "chat", sender: "sender", id: "2", message: &[tag] }]);
        put_msg_secret("chat", "sender", "1", &[tag; 32]);
        put_msg_secrets(vec![MsgSecretEntry {
            chat: "chat".into(), sender: "sender".into(), msg_id: "2".into(), secret: [tag; 32], expires_at: time, message_ts: time,
        }]);
        save(&Device::new());
    }
}

/// Everything that changes or removes what [`puts`] wrote. Each does something when it runs in this order.
pub(super) fn removals(store: &Arc<RedisStore>) -> Vec<(&'static str, Write)> {
    writes! { store:
        mark_prekeys_uploaded(&[1, 2]);
        delete_identity("1@lid.0");
        delete_session("1@lid.0");
        remove_prekey(1);
        remove_signed_prekey(1);
        delete_sender_key("g1");
        delete_mutation_macs("regular", &[vec![1; 32]]);
        clear_mutation_macs("regular");
        delete_sender_key_device_rows(&["device"]);
        clear_sender_key_devices("g1");
        clear_all_sender_key_devices();
        delete_base_key("address", "id");
        delete_devices("1");
        delete_group_metadata("g1");
        delete_tc_token("1@lid");
        delete_expired_tc_tokens(i64::MAX, i64::MAX);
        take_sent_message("chat", "id");
        delete_pending_inbound("chat", "sender", "1");
        delete_pending_inbound_batch(&[PendingInboundKey { chat: "chat", sender: "sender", id: "2" }]);
        delete_expired_msg_secrets(i64::MAX);
        create();
    }
}

/// Every key of the session except its lease, with its value as Redis serializes it.
pub(super) async fn snapshot(owned: &Owned) -> BTreeMap<String, Vec<u8>> {
    let keys = SessionKeys::new(&owned.session);
    let mut connection = owned.redis.shared();
    let names: Vec<String> =
        redis::cmd("KEYS").arg(format!("{}*", keys.prefix())).query_async(&mut connection).await.unwrap();
    let mut all = BTreeMap::new();
    for name in names.into_iter().filter(|name| *name != keys.lease()) {
        let value = redis::cmd("DUMP").arg(&name).query_async(&mut connection).await.unwrap();
        all.insert(name, value);
    }
    all
}
