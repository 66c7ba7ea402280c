//! The devices of a user, for someone who wants to write to them; whoever asks is told of later changes.

use wacore_binary::Node;

use crate::world::records::Key;
use crate::world::{DeviceRef, World};

pub(super) fn of(world: &mut World, asker: DeviceRef, number: u64) -> Option<Node> {
    let account = world.accounts.get_mut(&number)?;
    if account.watchers.insert(asker.number) {
        world.touch(Key::Account(number));
    }
    world.device_list(number)
}
