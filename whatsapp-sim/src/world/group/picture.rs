//! A group's picture: members see it, and whoever may change the group's name may change it.

use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;

use super::super::chat::Chat;
use super::{DeviceRef, Flag, GroupError, World};
use crate::address;
use crate::picture::Sizes;

impl World {
    /// A member gives the group another picture, or takes it away; returns the id of the new one. Every member hears of it.
    pub(crate) fn set_group_picture(
        &mut self,
        actor: DeviceRef,
        id: u64,
        sizes: Option<&Sizes>,
    ) -> Result<Option<String>, GroupError> {
        let group = self.group(id)?;
        group.require_role_if(actor.number, group.has(Flag::Locked))?;
        let picture = self.replace_picture(Chat::Group(id), sizes).map_err(|error| {
            tracing::warn!(%error, "a picture cannot be stored");
            GroupError::TooManyGroups
        })?;
        let jid = Jid::group(id.to_string());
        let change = match &picture {
            Some(picture) => NodeBuilder::new("set").attr("id", picture.as_str()),
            None => NodeBuilder::new("delete"),
        };
        let author = address::lid(self.lid_of(actor.number), 0);
        let change = change.attr("jid", jid.clone()).attr("author", author).build();
        let notification = Self::notification("picture", jid, [change]);
        let members: Vec<u64> = self.group(id)?.members.keys().copied().collect();
        for number in members {
            self.notify_companions(number, None, &notification);
        }
        Ok(picture)
    }
}
