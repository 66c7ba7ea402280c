//! What people send with their phones, and what becomes of it there: every kind of message, playing, lost sessions.

use super::{Sim, SimError, both};
use crate::phone::content::{Attached, Content, Outgoing, media_type};

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
