//! Which hidden id (LID) stands for which phone number, in both directions.

use std::sync::LazyLock;

use redis::Cmd;
use wacore::store::error::Result;
use wacore::store::traits::LidPnMappingEntry;

use super::{RedisStore, value};
use crate::fence::Procedure;

/// How the library marks the mapping it learns when a phone links the device.
const PAIRING: &str = "pairing";

/// Mappings of one script.
const PUT_CHUNK: usize = 1000;

/// KEYS: mappings, LIDs by phone number, phone numbers by LID (the edge's). ARGV: LID, phone number, mapping for each. When
/// a LID moves to another phone number, the old number forgets it, unless it has a newer LID.
static PUT: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(
        r"
for i = 2, #ARGV, 3 do
  local lid, phone, mapping = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local old = redis.call('HGET', KEYS[4], lid)
  if old and old ~= phone and redis.call('HGET', KEYS[3], old) == lid then
    redis.call('HDEL', KEYS[3], old)
  end
  redis.call('HSET', KEYS[2], lid, mapping)
  redis.call('HSET', KEYS[3], phone, lid)
  redis.call('HSET', KEYS[4], lid, phone)
end
return 1
",
    )
});

impl RedisStore {
    pub(super) async fn put_lids(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        let keys = [&*self.keys.lid, &self.keys.pn, &self.keys.lids];
        for chunk in entries.chunks(PUT_CHUNK) {
            let mut args = Vec::with_capacity(chunk.len() * 3);
            for entry in chunk {
                args.push(entry.lid.as_bytes().to_vec());
                args.push(entry.phone_number.as_bytes().to_vec());
                args.push(value::seal_json(entry)?);
            }
            let _: () = self.call(&PUT, &keys, args).await?;
        }
        match self.before_pairing.get() {
            Some(save) if entries.iter().any(|entry| entry.learning_source == PAIRING) => save().await,
            _ => Ok(()),
        }
    }

    pub(super) async fn lid(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        let json = self.field(&self.keys.lid, lid).await?;
        json.map(|json| value::from_json(&json)).transpose()
    }

    pub(super) async fn lid_of_phone(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        let lid: Option<String> = self.read(&Cmd::hget(&self.keys.pn, phone)).await?;
        match lid {
            Some(lid) => self.lid(&lid).await,
            None => Ok(None),
        }
    }

    pub(super) async fn all_lids(&self) -> Result<Vec<LidPnMappingEntry>> {
        let rows: Vec<Vec<u8>> = self.read(&Cmd::hvals(&self.keys.lid)).await?;
        rows.into_iter().map(|sealed| value::from_json(&value::open(sealed)?)).collect()
    }
}
