//! Who shows which picture, and who hears of a new one. The pictures themselves are at the media host; one that nobody
//! shows any more goes when the step that replaced it is written.

use serde::{Deserialize, Serialize};
use wacore_binary::builder::NodeBuilder;

use super::chat::Chat;
use super::records::Key;
use super::{DeviceRef, World};
use crate::media::MediaError;
use crate::picture::Sizes;
use crate::{address, clock};

/// A picture that somebody shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Picture {
    /// Another one with every change; clients compare it.
    pub(crate) id: String,
    /// Where the large one is, as a public path.
    pub(crate) image: String,
    /// Where the small one is.
    pub(crate) preview: String,
}

impl World {
    /// The picture of a person or a group.
    pub(crate) fn picture(&self, owner: Chat) -> Option<&Picture> {
        self.pictures.get(&owner)
    }

    /// Whether somebody shows what is under this public path.
    pub(crate) fn is_shown(&self, path: &str) -> bool {
        self.pictures.values().any(|picture| picture.image == path || picture.preview == path)
    }

    /// Replaces a picture, or removes it, without telling anybody; returns the id of the new one.
    pub(super) fn replace_picture(&mut self, owner: Chat, sizes: Option<&Sizes>) -> Result<Option<String>, MediaError> {
        let old = self.pictures.get(&owner).and_then(|picture| picture.id.parse::<u64>().ok()).unwrap_or_default();
        let new = match sizes {
            None => None,
            Some(sizes) => Some(Picture {
                id: clock::now().max(old + 1).to_string(),
                image: self.media.store_picture(&sizes.image)?,
                preview: self.media.store_picture(&sizes.preview)?,
            }),
        };
        let id = new.as_ref().map(|picture| picture.id.clone());
        self.forget_picture(owner);
        if let Some(picture) = new {
            self.pictures.insert(owner, picture);
        }
        Ok(id)
    }

    /// Removes a picture, without telling anybody.
    pub(super) fn forget_picture(&mut self, owner: Chat) {
        let removed = self.pictures.remove(&owner);
        self.unshown.extend(removed.into_iter().flat_map(|picture| [picture.image, picture.preview]));
        self.touch(Key::Picture(owner));
    }

    /// A person shows another picture, or none: everyone who may see it hears of it, and so do the own companions.
    pub(crate) fn set_own_picture(&mut self, number: u64, sizes: Option<&Sizes>) -> Result<Option<String>, MediaError> {
        let id = self.replace_picture(Chat::Person(number), sizes)?;
        let owner = address::lid(self.lid_of(number), 0);
        let change = match &id {
            Some(id) => NodeBuilder::new("set").attr("id", id.as_str()),
            None => NodeBuilder::new("delete"),
        };
        let change = change.attr("jid", owner.clone()).attr("author", owner.clone()).build();
        let notification = Self::notification("picture", owner, [change]);
        self.notify_companions(number, None, &notification);
        self.notify_who(number, &notification, Self::may_see_picture);
        Ok(id)
    }

    /// A person says something else about themselves: everyone who may read it hears of it, and so do the other own
    /// companions.
    pub(crate) fn set_about(&mut self, who: DeviceRef, about: &str) {
        let Some(account) = self.accounts.get_mut(&who.number) else { return };
        about.clone_into(&mut account.about);
        let owner = address::lid(account.lid, 0);
        self.touch(Key::Account(who.number));
        let notification = Self::notification("status", owner, [crate::stanza::leaf("set", about.as_bytes())]);
        self.notify_companions(who.number, Some(who.device), &notification);
        self.notify_who(who.number, &notification, Self::may_see_about);
    }

    /// Public paths of pictures that nobody shows any more.
    pub(crate) fn take_unshown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unshown)
    }
}
