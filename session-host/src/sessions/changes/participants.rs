//! Single people in changes of groups: under which address WhatsApp is told of them, and what it says became of each.

use std::collections::BTreeMap;

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::group::{ParticipantDetail, ParticipantResult};
use contract::jid::Jid;
use contract::operation::ParticipantChange;
use wacore::types::message::AddressingMode;
use whatsapp_rust::Client;
use whatsapp_rust::features::ParticipantChangeResponse;

use crate::sessions::outbox::failure;
use crate::whatsapp::identity::{Identity, to_library};

/// What became of a person with whom it succeeded.
const OK: &str = "200";

/// What the answer to a change of many calls one of them.
const TAG: &str = "participant";

/// People as WhatsApp is told of them. Members of a group that hides numbers are called by their hidden id, when it is known.
pub(super) async fn addressed(
    client: &Client,
    group: &wacore_binary::Jid,
    change: ParticipantChange,
    people: &[Jid],
) -> Result<Vec<wacore_binary::Jid>, Failure> {
    let hidden = change != ParticipantChange::Add
        && client.groups().query_info(group).await.is_ok_and(|info| info.addressing_mode == AddressingMode::Lid);
    let mut addresses = Vec::with_capacity(people.len());
    for person in people {
        let address = to_library(person).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
        let lid = if hidden { lid_of(client, &address).await } else { None };
        addresses.push(lid.unwrap_or(address));
    }
    Ok(addresses)
}

/// The hidden id of a person, when it is known.
pub(super) async fn lid_of(client: &Client, address: &wacore_binary::Jid) -> Option<wacore_binary::Jid> {
    Identity::resolve(client, address, None).await?.lid.as_ref().and_then(to_library)
}

/// What became of one person. When the change may have been made before, who is what they should be is a success.
pub(super) async fn outcome(
    client: &Client,
    outcome: &ParticipantChangeResponse,
    again: Option<ParticipantChange>,
) -> Option<ParticipantResult> {
    let made_before = match again {
        Some(ParticipantChange::Add) => outcome.error.as_deref() == Some("409"),
        Some(ParticipantChange::Remove) => outcome.error.as_deref() == Some("404"),
        _ => false,
    };
    let error = outcome.error.as_deref().filter(|_| !made_before);
    result(client, &outcome.jid, outcome.phone_number.as_ref(), error).await
}

/// What became of one person, as the API says it.
pub(super) async fn result(
    client: &Client,
    jid: &wacore_binary::Jid,
    phone_number: Option<&wacore_binary::Jid>,
    error: Option<&str>,
) -> Option<ParticipantResult> {
    let Identity { chat, pn, lid } = Identity::resolve(client, jid, phone_number).await?;
    let attrs = [
        ("jid", Some(jid.to_non_ad_string())),
        ("error", error.map(str::to_owned)),
        ("phone_number", pn.map(|pn| pn.to_string())),
        ("lid", lid.map(|lid| lid.to_string())),
    ];
    let attrs: BTreeMap<String, String> =
        attrs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let content = ParticipantDetail { tag: TAG.to_owned(), attrs };
    Some(ParticipantResult { status: error.unwrap_or(OK).to_owned(), jid: chat, content })
}
