//! The devices of a user, for someone who wants to write to them; whoever asks is told of later changes. Who knows the
//! list already gets nothing.

use wacore_binary::Node;

use crate::world::records::Key;
use crate::world::{DeviceRef, World};

pub(super) fn of(world: &mut World, asker: DeviceRef, number: u64, known: Option<&str>) -> Option<Node> {
    let account = world.accounts.get_mut(&number)?;
    if account.watchers.insert(asker.number) {
        world.touch(Key::Account(number));
    }
    if known == Some(world.device_hash(number).as_str()) { None } else { world.device_list(number) }
}
