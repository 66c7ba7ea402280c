//! Arranging chats, contacts and labels on a phone, as its person does, and seeing what all devices have set.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Sim, SimError};
use crate::phone::app_state::Settings;

/// What changes about a chat; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "archived": false, "pinned": true, "mutedUntil": 1_900_000_000_000_i64, "labels": ["1"] }))]
pub struct ChatChange {
    /// Into the archive, or out of it.
    pub archived: Option<bool>,
    /// To the top, or back.
    pub pinned: Option<bool>,
    /// Muted for good, or not any more.
    pub muted: Option<bool>,
    /// Muted until this time, in milliseconds.
    pub muted_until: Option<i64>,
    /// Marked as read, or as unread.
    pub read: Option<bool>,
    /// Emptied.
    pub cleared: bool,
    /// Deleted.
    pub deleted: bool,
    /// The ids of the labels that it has from now on.
    pub labels: Option<Vec<String>>,
}

impl Sim {
    /// The person gives somebody a name in the address book.
    pub async fn name_contact(
        &self,
        number: &str,
        contact: &str,
        name: &str,
        first_name: Option<&str>,
    ) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let named =
            world.find(number).and_then(|number| world.name_contact(number, world.find(contact)?, name, first_name));
        step.done().await?;
        named
    }

    /// The person makes or changes a label; returns its id. Without an id it is a new one.
    pub async fn set_label(
        &self,
        number: &str,
        id: Option<&str>,
        name: &str,
        color: i32,
        deleted: bool,
    ) -> Result<String, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let set = world.find(number).and_then(|number| world.set_label(number, id, name, color, deleted));
        step.done().await?;
        set
    }

    /// The person arranges a chat.
    pub async fn arrange_chat(&self, number: &str, chat: &str, change: &ChatChange) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let arranged = world.find(number).and_then(|number| world.arrange_chat(number, world.find_chat(chat)?, change));
        step.done().await?;
        arranged
    }

    /// The person stars a message, or takes the star off.
    pub async fn star(&self, number: &str, chat: &str, id: &str, starred: bool) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let set = world.find(number).and_then(|number| world.star(number, world.find_chat(chat)?, id, starred));
        step.done().await?;
        set
    }

    /// What the devices of an account have set, as its phone reads it.
    pub async fn settings(&self, number: &str) -> Result<Settings, SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let settings = world.find(number).and_then(|number| world.settings(number));
        step.done().await?;
        settings
    }
}
