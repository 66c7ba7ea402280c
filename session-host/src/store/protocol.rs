//! What the protocol remembers: a list of methods, most of whose work is in the files named after the data.
//!
//! Here are those that are one command: device lists and group metadata.

use async_trait::async_trait;
use wacore::store::error::Result;
use wacore::store::traits::{
    DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore, TcTokenEntry,
};

use super::volatile::{BASE_KEY_TTL, PENDING_TTL, SENT_TTL};
use super::{RedisStore, value};
use crate::fence::Batch;

#[async_trait]
impl ProtocolStore for RedisStore {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        self.devices_of_group(group_jid).await
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        self.set_devices_of_group(group_jid, entries).await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        self.clear_group(group_jid).await
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        self.delete_devices_of_all_groups(device_jids).await
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        self.clear_all_groups().await
    }

    async fn get_lid_mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        self.lid(lid).await
    }

    async fn get_pn_mapping(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        self.lid_of_phone(phone).await
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.put_lids(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        self.put_lids(entries).await
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        self.all_lids().await
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Result<()> {
        self.put_volatile(BASE_KEY_TTL, &[(self.keys.base_key(address, message_id), base_key)]).await
    }

    async fn has_same_base_key(&self, address: &str, message_id: &str, current_base_key: &[u8]) -> Result<bool> {
        let saved = self.get_volatile(&self.keys.base_key(address, message_id)).await?;
        Ok(saved.as_deref() == Some(current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        self.delete_volatile(&[self.keys.base_key(address, message_id)]).await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        let mut rows = Vec::with_capacity(records.len());
        for record in &records {
            rows.push((&record.user, value::seal_json(record)?));
        }
        let mut batch = Batch::new();
        batch.push_many("HSET", &self.keys.devices, rows);
        self.write(batch).await.map(drop)
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        let json = self.field(&self.keys.devices, user).await?;
        json.map(|json| value::from_json(&json)).transpose()
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HDEL", (&self.keys.devices, user));
        self.write(batch).await.map(drop)
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        self.field(&self.keys.group_metadata, group_jid).await
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HSET", (&self.keys.group_metadata, group_jid, value::seal(blob)));
        self.write(batch).await.map(drop)
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.push("HDEL", (&self.keys.group_metadata, group_jid));
        self.write(batch).await.map(drop)
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        self.tc_token(jid).await
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        self.put_tc(jid, entry).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        self.delete_tc(jid).await
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        self.tc_contacts().await
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        self.sweep_tc(token_cutoff, sender_cutoff).await
    }

    async fn touch_tc_token_sender_timestamp(&self, jid: &str, sender_timestamp: i64) -> Result<()> {
        self.touch_tc(jid, sender_timestamp).await
    }

    async fn store_received_tc_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Result<()> {
        self.receive_tc(jid, token, token_timestamp).await
    }

    async fn store_sent_message(&self, chat_jid: &str, message_id: &str, payload: &[u8]) -> Result<()> {
        self.put_volatile(SENT_TTL, &[(self.keys.sent(chat_jid, message_id), payload)]).await
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        self.take_volatile(&self.keys.sent(chat_jid, message_id)).await
    }

    /// Redis removes them by their TTL.
    async fn delete_expired_sent_messages(&self, _cutoff_timestamp: i64) -> Result<u32> {
        Ok(0)
    }

    async fn store_pending_inbound(&self, chat: &str, sender: &str, id: &str, message: &[u8]) -> Result<()> {
        self.store_pending_inbound_batch(&[PendingInboundRow { chat, sender, id, message }]).await
    }

    async fn get_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<Option<Vec<u8>>> {
        self.get_volatile(&self.keys.pending(chat, sender, id)).await
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.delete_pending_inbound_batch(&[PendingInboundKey { chat, sender, id }]).await
    }

    /// Redis removes them by their TTL.
    async fn delete_expired_pending_inbound(&self, _cutoff_timestamp: i64) -> Result<u32> {
        Ok(0)
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        let rows: Vec<(String, &[u8])> =
            rows.iter().map(|row| (self.keys.pending(row.chat, row.sender, row.id), row.message)).collect();
        self.put_volatile(PENDING_TTL, &rows).await
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let keys: Vec<String> = keys.iter().map(|key| self.keys.pending(key.chat, key.sender, key.id)).collect();
        self.delete_volatile(&keys).await
    }
}
