//! Changes at WhatsApp, one function each: what the client is asked, and what of its answer the API shows.

mod create;
mod groups;
mod participants;
mod read;

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::jid::Jid;
use contract::operation::{Action, Presence};
use serde_json::{Value, json};
use whatsapp_rust::Client;

use super::outbox::{Stores, failure};
use super::questions::data;
use crate::history::ChatChange;
use crate::whatsapp::identity::to_library;

/// Makes a change, and gives the data of its answer. `again` says that it may have been made before. A failure with
/// [`ErrorCode::SessionNotConnected`] says that it may be made again.
pub(super) async fn make(client: &Client, stores: &Stores, action: &Action, again: bool) -> Result<Value, Failure> {
    match action {
        Action::Presence { chat, presence } => show(client, chat, *presence).await,
        Action::MarkRead { chat, message_id } => {
            read::mark(client, &stores.history, chat, message_id.as_deref()).await.map(|marked| data(&marked))
        }
        Action::CreateGroup { subject, participants } => {
            let created = create::create(client, subject, participants).await?;
            called(stores, &created.group_id, subject).await;
            Ok(data(&created))
        }
        Action::ChangeParticipants { group, change, participants } => {
            groups::change_participants(client, group, *change, participants, again).await.map(|changed| data(&changed))
        }
        Action::SetSubject { group, subject } => {
            groups::set_subject(client, group, subject).await?;
            called(stores, group, subject).await;
            Ok(nothing(()))
        }
        Action::SetDescription { group, description } => {
            groups::set_description(client, group, description).await.map(nothing)
        }
        Action::SetSetting { group, setting } => groups::set_setting(client, group, *setting).await.map(nothing),
        Action::Leave { group } => groups::leave(client, group, again).await.map(nothing),
        Action::Join { code } => groups::join(client, code).await.map(|joined| data(&joined)),
        Action::RevokeInvite { group } => groups::revoke_invite(client, group).await.map(|invite| data(&invite)),
        Action::SetPicture { group, image } => {
            let picture = stores.attachments.group_picture(image).await?;
            groups::set_picture(client, group, picture).await.map(nothing)
        }
    }
}

/// Keeps the name that we gave a group: of its own changes, WhatsApp does not tell a device.
async fn called(stores: &Stores, group: &Jid, subject: &str) {
    let change = ChatChange { name: Some(subject.to_owned()), ..ChatChange::default() };
    if let Err(error) = stores.history.chats(&[(group.clone(), change)]).await {
        tracing::warn!(%error, "a group's name could not be kept; it is learned with the next connection");
    }
}

/// The answer of a change that has nothing to tell.
fn nothing((): ()) -> Value {
    json!({})
}

async fn show(client: &Client, chat: &Jid, presence: Presence) -> Result<Value, Failure> {
    let to = to_library(chat).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    let shown = match presence {
        Presence::Composing => client.chatstate().send_composing(&to).await.map_err(|error| error.to_string()),
        Presence::Recording => client.chatstate().send_recording(&to).await.map_err(|error| error.to_string()),
        Presence::Paused => client.chatstate().send_paused(&to).await.map_err(|error| error.to_string()),
        Presence::Available => client.presence().set_available().await.map_err(|error| error.to_string()),
        Presence::Unavailable => client.presence().set_unavailable().await.map_err(|error| error.to_string()),
    };
    match shown {
        Ok(()) => Ok(json!({})),
        Err(error) => {
            tracing::debug!(%error, "a presence could not be shown");
            Err(failure(ErrorCode::Refused))
        }
    }
}
