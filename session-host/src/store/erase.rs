//! Forgetting the library's state of a session.

use redis::Cmd;

use super::keys::StoreKeys;
use crate::fence::{Batch, Fence, FenceError};

/// Keys removed at once: unlinking is quick, but not for tens of thousands of keys in one script.
const CHUNK: usize = 500;

/// Deletes every key of the library's state.
///
/// What names other keys goes last, so that an interrupted call can be repeated. The map of hidden ids that the edge
/// reads stays: chats that outlive a logout are shown with it.
pub async fn erase(fence: &Fence) -> Result<(), FenceError> {
    let keys = StoreKeys::new(fence.keys());
    let mut lists = redis::pipe();
    lists
        .add_command(Cmd::smembers(&keys.collections))
        .add_command(Cmd::smembers(&keys.groups))
        .add_command(Cmd::zrange(&keys.volatile, 0, -1));
    let (collections, groups, volatile): (Vec<String>, Vec<String>, Vec<String>) =
        lists.query_async(&mut fence.redis().shared()).await?;
    let named = collections.iter().map(|name| keys.macs(name));
    let named = named.chain(groups.iter().map(|group| keys.sender_key_devices(group)));
    let named: Vec<String> = named.chain(volatile).collect();
    for chunk in named.chunks(CHUNK) {
        let mut batch = Batch::new();
        batch.push("UNLINK", chunk);
        fence.run(batch).await?;
    }
    let mut batch = Batch::new();
    batch.push("UNLINK", keys.fixed());
    fence.run(batch).await.map(drop)
}
