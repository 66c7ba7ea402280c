//! What a person shows of themselves: a picture and a line about them.

use std::sync::Arc;

use super::{Sim, SimError};
use crate::picture;
use crate::world::chat::Chat;

/// WhatsApp's own limit of an about text.
pub(crate) const MAX_ABOUT: usize = 139 * 4;

impl Sim {
    /// The person shows this picture (PNG, JPEG or WebP); returns its id. Contacts and companions hear of it.
    pub async fn set_picture(&self, number: &str, picture: Vec<u8>) -> Result<String, SimError> {
        let sizes = tokio::task::spawn_blocking(move || picture::sizes(&picture)).await;
        let sizes = sizes.map_err(|_| SimError::Stopped)??;
        let id = self.as_phone(number, |world, phone| Ok(world.set_own_picture(phone.number, Some(&sizes))?)).await?;
        id.ok_or(SimError::NoPicture)
    }

    /// The person shows no picture any more.
    pub async fn remove_picture(&self, number: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            world.picture(Chat::Person(phone.number)).ok_or(SimError::NoPicture)?;
            world.set_own_picture(phone.number, None)?;
            Ok(())
        })
        .await
    }

    /// The person gives a group another picture; returns its id. Every member hears of it.
    pub async fn set_group_picture(&self, number: &str, group: &str, picture: Vec<u8>) -> Result<String, SimError> {
        let sizes = tokio::task::spawn_blocking(move || picture::sizes(&picture)).await;
        let sizes = sizes.map_err(|_| SimError::Stopped)??;
        let id = self
            .as_phone(number, |world, phone| {
                let id = world.find_group(group)?;
                Ok(world.set_group_picture(phone, id, Some(&sizes))?)
            })
            .await?;
        id.ok_or(SimError::NoPicture)
    }

    /// The person takes a group's picture away. Every member hears of it.
    pub async fn remove_group_picture(&self, number: &str, group: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| {
            let id = world.find_group(group)?;
            world.picture(Chat::Group(id)).ok_or(SimError::NoPicture)?;
            world.set_group_picture(phone, id, None)?;
            Ok(())
        })
        .await
    }

    /// A group's picture, as JPEG.
    pub async fn group_picture(&self, group: &str) -> Result<Vec<u8>, SimError> {
        let path = {
            let state = self.inner.state.lock().await;
            let id = state.world.find_group(group)?;
            state.world.picture(Chat::Group(id)).ok_or(SimError::NoPicture)?.image.clone()
        };
        Ok(Arc::clone(&self.inner.media).load(&path)?)
    }

    /// The picture that the person shows, as JPEG.
    pub async fn picture(&self, number: &str) -> Result<Vec<u8>, SimError> {
        let path = {
            let state = self.inner.state.lock().await;
            let number = state.world.find(number)?;
            state.world.picture(Chat::Person(number)).ok_or(SimError::NoPicture)?.image.clone()
        };
        Ok(Arc::clone(&self.inner.media).load(&path)?)
    }

    /// The person says something else about themselves. Contacts and companions hear of it.
    pub async fn set_about(&self, number: &str, about: &str) -> Result<(), SimError> {
        if about.len() > MAX_ABOUT {
            return Err(SimError::BadText);
        }
        self.as_phone(number, |world, phone| {
            world.set_about(phone, about);
            Ok(())
        })
        .await
    }
}
