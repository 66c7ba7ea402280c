//! What picture does a person or a group show? None, one that is not for us, and one of nobody are all no picture.

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::jid::{Jid, Server};
use contract::operation::Picture;
use whatsapp_rust::Client;

use crate::sessions::outbox::failure;
use crate::sessions::refusal::Trouble;
use crate::whatsapp::identity::to_library;

pub(super) async fn answer(client: &Client, of: &Jid) -> Result<Picture, Failure> {
    let known = matches!(of.server(), Server::Phone | Server::Lid | Server::Group);
    let jid = to_library(of).filter(|_| known).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    let picture = client.contacts().get_profile_picture(&jid, false).await;
    let url = match picture.map_err(Trouble::from) {
        Ok(picture) => picture.map(|picture| picture.url),
        Err(Trouble::Refused(_)) => None,
        Err(trouble) => return Err(trouble.failure()),
    };
    Ok(Picture { url: url.filter(|url| !url.is_empty()) })
}
