//! Who is that? Everything that WhatsApp shows of a person to this account.

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::jid::{Jid, Server};
use contract::operation::Person;
use whatsapp_rust::Client;

use super::{number, picture};
use crate::sessions::outbox::failure;
use crate::sessions::refusal::Trouble;
use crate::whatsapp::identity::to_library;

pub(super) async fn answer(client: &Client, of: &Jid) -> Result<Person, Failure> {
    if !matches!(of.server(), Server::Phone | Server::Lid) {
        return Err(failure(ErrorCode::InvalidRecipient));
    }
    let Some(registered) = number::look_up(client, of).await? else {
        let of = |server| Some(of).filter(|of| of.server() == server).cloned();
        return Ok(Person {
            is_registered: false,
            pn: of(Server::Phone),
            lid: of(Server::Lid),
            picture: None,
            about: None,
            is_business: false,
            verified_name: None,
        });
    };
    let (picture, about) = tokio::join!(picture::answer(client, of), about(client, of));
    Ok(Person {
        is_registered: true,
        pn: registered.identity.pn,
        lid: registered.identity.lid,
        picture: picture?.url,
        about: about?,
        is_business: registered.is_business,
        verified_name: registered.verified_name,
    })
}

/// The about text; one that is not for us is none.
async fn about(client: &Client, of: &Jid) -> Result<Option<String>, Failure> {
    let jid = to_library(of).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    match client.contacts().get_user_info(std::slice::from_ref(&jid)).await.map_err(Trouble::from) {
        Ok(answers) => Ok(answers.into_values().find_map(|info| info.status).filter(|about| !about.is_empty())),
        Err(Trouble::Refused(_)) => Ok(None),
        Err(trouble) => Err(trouble.failure()),
    }
}
