//! Is a number registered, and under which addresses?

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::jid::Jid;
use contract::operation::NumberCheck;
use whatsapp_rust::Client;
use whatsapp_rust::features::IsOnWhatsAppResult;

use crate::sessions::outbox::failure;
use crate::sessions::refusal::Trouble;
use crate::whatsapp::identity::{Identity, to_library};

/// What WhatsApp knows of an address, when it is registered.
pub(super) struct Registered {
    /// By every address.
    pub(super) identity: Identity,
    /// Whether it is a business.
    pub(super) is_business: bool,
    /// The name that WhatsApp verified.
    pub(super) verified_name: Option<String>,
}

pub(super) async fn answer(client: &Client, phone: &Jid) -> Result<NumberCheck, Failure> {
    let found = look_up(client, phone).await?;
    Ok(match found {
        None => NumberCheck { is_registered: false, jid: None, lid: None },
        Some(Registered { identity, .. }) => {
            NumberCheck { is_registered: true, jid: Some(identity.chat), lid: identity.lid }
        }
    })
}

pub(super) async fn look_up(client: &Client, who: &Jid) -> Result<Option<Registered>, Failure> {
    let jid = to_library(who).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    let answers = client.contacts().is_on_whatsapp(std::slice::from_ref(&jid)).await;
    let answers = answers.map_err(|error| match Trouble::from(error) {
        Trouble::Senseless => failure(ErrorCode::InvalidRecipient),
        trouble => trouble.failure(),
    })?;
    let Some(found) = answers.into_iter().find(|answer| answer.is_registered) else { return Ok(None) };
    let IsOnWhatsAppResult { lid, pn_jid, is_business, verified_name, .. } = found;
    let other = lid.or(pn_jid).filter(|other| other.server != jid.server);
    let identity = Identity::resolve(client, &jid, other.as_ref()).await;
    let identity = identity.ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    Ok(Some(Registered { identity, is_business, verified_name: verified_name.and_then(|verified| verified.name) }))
}
