//! What one life of a host wrote, the next reads.

use std::sync::Arc;

use session_host::lease::Leases;
use session_host::redis::Redis;
use session_host::store::RedisStore;
use wacore::store::traits::{AppSyncStore, DeviceStore, MsgSecretStore, ProtocolStore, SignalStore};

use super::writes::puts;
use crate::support::{LONG_LEASE, owned, redis_url};

#[tokio::test]
async fn a_new_store_reads_everything_back() {
    let owned = owned().await;
    let first = Arc::new(owned.store());
    for (method, write) in puts(&first, 7) {
        assert!(write.await.is_ok(), "{method}");
    }
    let device = serde_json::to_value(first.load().await.unwrap().unwrap()).unwrap();

    let redis = Redis::connect(&redis_url()).await.unwrap();
    let lease = Leases::new(redis, "host-a").acquire(&owned.session, LONG_LEASE).await.unwrap().unwrap();
    let store = RedisStore::new(owned.fencing.fence(&owned.session, lease.epoch));

    assert_eq!(store.load_identity("1@lid.0").await.unwrap(), Some([7; 32]));
    assert_eq!(store.load_identity("2@lid.0").await.unwrap(), Some([7; 32]));
    assert_eq!(store.get_session("1@lid.0").await.unwrap().as_deref(), Some([7].as_slice()));
    assert_eq!(store.get_session("2@lid.0").await.unwrap().as_deref(), Some([7; 3].as_slice()));
    assert_eq!(store.load_prekeys_batch(&[1, 2, 107]).await.unwrap().len(), 3);
    assert_eq!(store.get_max_prekey_id().await.unwrap(), 107);
    assert_eq!(store.load_signed_prekey(1).await.unwrap(), Some(vec![7]));
    assert_eq!(store.get_sender_key("g1").await.unwrap(), Some(vec![7]));
    assert_eq!(store.get_sender_key("g2").await.unwrap(), Some(vec![7; 3]));
    assert_eq!(store.get_sync_key(&[7]).await.unwrap().unwrap().key_data, [7]);
    assert_eq!(store.get_latest_sync_key_id().await.unwrap(), Some(vec![7]));
    assert_eq!(store.get_version("regular").await.unwrap().version, 7);
    assert_eq!(store.get_mutation_mac("regular", &[1; 32]).await.unwrap(), Some(vec![7; 32]));
    assert_eq!(store.get_sender_key_devices("g1").await.unwrap(), [("device".to_owned(), false)]);
    assert_eq!(store.get_all_lid_mappings().await.unwrap().len(), 2);
    assert_eq!(store.get_pn_mapping("15550000007").await.unwrap().unwrap().lid, "200");
    assert!(store.has_same_base_key("address", "id", &[7]).await.unwrap());
    assert_eq!(store.get_devices("1").await.unwrap().unwrap().devices[0].device_id, 7);
    assert_eq!(store.get_devices("2").await.unwrap().unwrap().timestamp, 7);
    assert_eq!(store.get_group_metadata("g1").await.unwrap(), Some(vec![7]));
    assert_eq!(store.get_all_tc_token_jids().await.unwrap().len(), 3);
    assert_eq!(store.get_pending_inbound("chat", "sender", "1").await.unwrap(), Some(vec![7]));
    assert_eq!(store.get_pending_inbound("chat", "sender", "2").await.unwrap(), Some(vec![7]));
    assert_eq!(store.get_msg_secret("chat", "sender", "1").await.unwrap(), Some(vec![7; 32]));
    assert_eq!(store.get_msg_secret_with_ts("chat", "sender", "2").await.unwrap(), Some((vec![7; 32], 7)));
    assert_eq!(serde_json::to_value(store.load().await.unwrap().unwrap()).unwrap(), device);
    assert_eq!(store.take_sent_message("chat", "id").await.unwrap(), Some(vec![7]));
}
