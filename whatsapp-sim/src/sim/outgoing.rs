//! What people send with their phones, and what becomes of it there: every kind of message, playing, lost sessions.

use super::{MAX_READ, Sim, SimError, both};
use crate::phone::content::{Attached, Content, Outgoing, media_type};
use crate::scenario::{Reply, check_replies};
use crate::written::Written;

impl Sim {
    /// The phone of `number` sends a message of any kind to a person, a group or its status; returns the message's id.
    pub async fn phone_sends(&self, number: &str, to: &str, message: Outgoing) -> Result<String, SimError> {
        // Nothing is uploaded for nobody.
        both(&self.inner.state.lock().await.world, number, to)?;
        let (message, attached) = self.attach(message).await?;
        let mut step = self.step().await?;
        let world = step.world();
        let sent = match both(world, number, to) {
            Ok((number, chat)) => world.phone_says(number, chat, &message, attached.as_ref()).await,
            Err(error) => Err(error),
        };
        step.done().await?;
        sent
    }

    /// The phone of `number` sends a message as it was written down.
    pub(crate) async fn sends_written(&self, number: &str, to: &str, message: Written) -> Result<String, SimError> {
        self.phone_sends(number, to, message.outgoing()?).await
    }

    /// The person plays voice notes or videos, or opens what is for one view.
    pub async fn phone_plays(&self, number: &str, chat: &str, ids: &[String]) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let played = both(world, number, chat).and_then(|(number, chat)| {
            if ids.is_empty() || ids.len() > MAX_READ {
                return Err(SimError::BadIds);
            }
            world.phone_plays(number, chat, ids)
        });
        step.done().await?;
        played
    }

    /// The phone loses its sessions and the keys of groups: what comes next it cannot decrypt, and asks for again.
    pub async fn phone_loses_sessions(&self, number: &str) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let lost = world.find(number).and_then(|number| world.lose_sessions(number));
        step.done().await?;
        lost
    }

    /// What the phone answers by itself from now on, instead of what it answered before.
    pub async fn set_replies(&self, number: &str, replies: &[Reply]) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let set = world.find(number).and_then(|number| {
            check_replies(&number.to_string(), replies)?;
            world.set_replies(number, replies);
            Ok(())
        });
        step.done().await?;
        set
    }

    /// What the phone answers by itself.
    pub async fn replies(&self, number: &str) -> Result<Vec<Reply>, SimError> {
        let state = self.inner.state.lock().await;
        let number = state.world.find(number)?;
        Ok(state.world.replies.by_number.get(&number).cloned().unwrap_or_default())
    }

    /// Uploads the file of a message, when it has one.
    async fn attach(&self, mut message: Outgoing) -> Result<(Outgoing, Option<Attached>), SimError> {
        if matches!(message.content, Content::File(..)) {
            message.check()?;
        }
        let Content::File(kind, file) = &mut message.content else { return Ok((message, None)) };
        let (kind, data) = (*kind, std::mem::take(&mut file.data));
        let attached = self.with_media(move |store| {
            let uploaded = store.phone_uploads(&data, media_type(kind))?;
            Ok((Attached::new(kind, &data, uploaded), data))
        });
        let (attached, data) = attached.await?;
        if let Content::File(_, file) = &mut message.content {
            file.data = data;
        }
        Ok((message, Some(attached)))
    }
}
