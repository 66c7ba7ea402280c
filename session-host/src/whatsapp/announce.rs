//! What the library tells beside messages, in the words of the contract's events (§6.3): chats, contacts, presence, groups, calls,
//! labels. It owns the form of their payloads; who hears them is the event log's business. People are named by phone number where it
//! is known, as everywhere.
//!
//! What a full synchronisation repeats at the first login is no news and is not announced; it is stored all the same.

use contract::event::EventKind;
use contract::jid::Jid;
use serde_json::{Map, Value, json};
use wacore::stanza::groups::{GroupNotificationAction as Action, GroupParticipantInfo};
use wacore::types::call::{CallAction, ElsewhereOutcome};
use wacore::types::events::{Event, GroupUpdate};
use wacore::types::presence::{ChatPresence, ChatPresenceMedia};
use whatsapp_rust::Client;

use super::identity::Identity;

/// An event without its session and time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Announcement {
    pub(crate) kind: EventKind,
    pub(crate) fields: Map<String, Value>,
}

impl Announcement {
    pub(crate) fn new(kind: EventKind, field: &str, value: Value) -> Self {
        Self { kind, fields: Map::from_iter([(field.to_owned(), value)]) }
    }

    fn chat(change: Value) -> Self {
        Self::new(EventKind::ChatUpdate, "chats", Value::Array(vec![change]))
    }

    fn contact(change: Value) -> Self {
        Self::new(EventKind::ContactUpdate, "contacts", Value::Array(vec![change]))
    }
}

/// Whether an event may be worth a word: a look without waiting, where events are only passed on.
pub(super) fn is_news(event: &Event) -> bool {
    match event {
        Event::ArchiveUpdate(update) => !update.from_full_sync,
        Event::PinUpdate(update) => !update.from_full_sync,
        Event::MuteUpdate(update) => !update.from_full_sync,
        Event::MarkChatAsReadUpdate(update) => !update.from_full_sync,
        Event::DeleteChatUpdate(update) => !update.from_full_sync,
        Event::ContactUpdate(update) => !update.from_full_sync,
        Event::StarUpdate(update) => !update.from_full_sync,
        Event::LabelEditUpdate(update) => !update.from_full_sync,
        Event::LabelAssociationUpdate(update) => !update.from_full_sync,
        Event::GroupUpdate(_)
        | Event::PushNameUpdate(_)
        | Event::PictureUpdate(_)
        | Event::UserAboutUpdate(_)
        | Event::Presence(_)
        | Event::ChatPresence(_)
        | Event::IncomingCall(_)
        | Event::MissedCall(_)
        | Event::CallEndedElsewhere(_) => true,
        _ => false,
    }
}

/// The event in the contract's words. `None` when there is nothing to say, or of an address that this product does not know.
pub(crate) async fn announcement(client: &Client, event: &Event) -> Option<Announcement> {
    let of = async |jid: &wacore_binary::Jid, other: Option<&wacore_binary::Jid>| {
        Identity::resolve(client, jid, other).await
    };
    Some(match event {
        Event::ArchiveUpdate(update) => {
            Announcement::chat(json!({ "id": of(&update.jid, None).await?.chat, "archived": update.action.archived }))
        }
        Event::PinUpdate(update) => {
            let pinned = update.action.pinned.unwrap_or_default().then(|| update.timestamp.timestamp());
            Announcement::chat(json!({ "id": of(&update.jid, None).await?.chat, "pinned": pinned }))
        }
        Event::MuteUpdate(update) => {
            let until = update.action.mute_end_timestamp.filter(|_| update.action.muted == Some(true));
            Announcement::chat(json!({ "id": of(&update.jid, None).await?.chat, "muteEndTime": until }))
        }
        Event::MarkChatAsReadUpdate(update) => {
            let unread = if update.action.read == Some(true) { 0 } else { -1 };
            Announcement::chat(json!({ "id": of(&update.jid, None).await?.chat, "unreadCount": unread }))
        }
        Event::DeleteChatUpdate(update) => {
            Announcement::new(EventKind::ChatDelete, "chatIds", json!([of(&update.jid, None).await?.chat]))
        }
        Event::ContactUpdate(update) => {
            let who = of(&update.jid, None).await?;
            let name = update.action.full_name.as_ref().or(update.action.first_name.as_ref());
            Announcement::contact(person(&who, "name", json!(name)))
        }
        Event::PushNameUpdate(update) => {
            let who = of(&update.jid, update.message.source.sender_alt.as_ref()).await?;
            Announcement::contact(person(&who, "notify", json!(update.new_push_name)))
        }
        Event::UserAboutUpdate(update) => {
            Announcement::contact(person(&of(&update.jid, None).await?, "status", json!(update.status)))
        }
        Event::PictureUpdate(update) => {
            let who = of(&update.jid, None).await?;
            let state = if update.removed { "removed" } else { "changed" };
            if who.chat.is_group() {
                Announcement::new(EventKind::GroupUpdate, "update", json!([{ "id": who.chat, "imgUrl": state }]))
            } else {
                Announcement::contact(person(&who, "imgUrl", json!(state)))
            }
        }
        Event::Presence(update) => {
            let who = of(&update.from, None).await?.chat;
            let state = if update.unavailable { "unavailable" } else { "available" };
            presence(&who, &who, state, update.last_seen.map(|time| time.timestamp()))
        }
        Event::ChatPresence(update) => {
            let source = &update.source;
            let other = if source.is_group { None } else { source.sender_alt.as_ref() };
            let chat = of(&source.chat, other).await?.chat;
            let who = of(&source.sender, source.sender_alt.as_ref()).await?.chat;
            let state = match (update.state, update.media) {
                (ChatPresence::Composing, ChatPresenceMedia::Audio) => "recording",
                (ChatPresence::Composing, _) => "composing",
                _ => "available",
            };
            presence(&chat, &who, state, None)
        }
        Event::GroupUpdate(update) => return group(client, update).await,
        Event::IncomingCall(_) | Event::MissedCall(_) | Event::CallEndedElsewhere(_) => {
            return call(client, event).await;
        }
        Event::StarUpdate(update) => {
            let chat = of(&update.chat_jid, None).await?.chat;
            let mut key = json!({ "remoteJid": chat, "id": update.message_id, "fromMe": update.from_me });
            if let Some(participant) = &update.participant_jid {
                key["participant"] = json!(of(participant, None).await?.chat);
            }
            let starred = json!({ "starred": update.action.starred.unwrap_or_default() });
            Announcement::new(EventKind::MessageUpdate, "update", json!([{ "key": key, "update": starred }]))
        }
        Event::LabelEditUpdate(update) => {
            let label = json!({
                "id": update.label_id,
                "name": update.action.name,
                "color": update.action.color,
                "deleted": update.action.deleted.unwrap_or_default(),
            });
            Announcement::new(EventKind::Labels, "labels", json!({ "type": "edit", "label": label }))
        }
        Event::LabelAssociationUpdate(update) => {
            let change = if update.action.labeled == Some(true) { "add" } else { "remove" };
            let chat = of(&update.chat_jid, None).await?.chat;
            let association = json!({ "type": "label_jid", "chatId": chat, "labelId": update.label_id });
            let labels =
                json!({ "type": "association", "association": { "type": change, "association": association } });
            Announcement::new(EventKind::Labels, "labels", labels)
        }
        _ => return None,
    })
}

/// A person with one thing that is new.
fn person(who: &Identity, field: &str, value: Value) -> Value {
    let mut person = json!({ "id": who.chat });
    person[field] = value;
    if let Some(lid) = &who.lid {
        person["lid"] = json!(lid);
    }
    if let Some(pn) = &who.pn {
        person["phoneNumber"] = json!(pn);
    }
    person
}

fn presence(chat: &Jid, who: &Jid, state: &str, last_seen: Option<i64>) -> Announcement {
    let mut shown = json!({ "lastKnownPresence": state });
    if let Some(seconds) = last_seen {
        shown["lastSeen"] = json!(seconds);
    }
    let presences = Map::from_iter([(who.to_string(), shown)]);
    Announcement::new(EventKind::PresenceUpdate, "presence", json!({ "id": chat, "presences": presences }))
}

async fn group(client: &Client, update: &GroupUpdate) -> Option<Announcement> {
    let id = Identity::resolve(client, &update.group_jid, None).await?.chat;
    let author = match &update.participant {
        Some(author) => Identity::resolve(client, author, update.participant_pn.as_ref()).await,
        None => None,
    };
    let change = match &update.action {
        Action::Add { participants, .. } => return members(client, &id, author, participants, "add").await,
        Action::Remove { participants, .. } => return members(client, &id, author, participants, "remove").await,
        Action::Promote { participants } => return members(client, &id, author, participants, "promote").await,
        Action::Demote { participants } => return members(client, &id, author, participants, "demote").await,
        Action::Modify { participants } => return members(client, &id, author, participants, "modify").await,
        Action::Create { raw } => {
            let subject = raw.get_optional_child("group").and_then(|group| group.attrs.get("subject"));
            let chat = json!({
                "id": id,
                "name": subject.map(|subject| subject.as_str().into_owned()),
                "conversationTimestamp": update.timestamp.timestamp(),
            });
            return Some(Announcement::new(EventKind::ChatUpsert, "chats", json!([chat])));
        }
        Action::Delete { .. } => return Some(Announcement::new(EventKind::ChatDelete, "chatIds", json!([id]))),
        Action::Subject { subject, .. } => ("subject", json!(subject)),
        Action::Description { description, .. } => ("desc", json!(description)),
        Action::Locked { .. } => ("restrict", json!(true)),
        Action::Unlocked => ("restrict", json!(false)),
        Action::Announce => ("announce", json!(true)),
        Action::NotAnnounce => ("announce", json!(false)),
        Action::Ephemeral { expiration, .. } => ("ephemeralDuration", json!(expiration)),
        Action::Invite { code } => ("inviteCode", json!(code)),
        Action::MemberAddMode { mode } => ("memberAddMode", json!(mode == "all_member_add")),
        Action::MembershipApprovalMode { enabled } => ("joinApprovalMode", json!(enabled)),
        _ => return None,
    };
    let mut update = json!({ "id": id });
    update[change.0] = change.1;
    if let Some(author) = author {
        update["author"] = json!(author.chat);
        update["authorPn"] = json!(author.pn);
    }
    Some(Announcement::new(EventKind::GroupUpdate, "update", json!([update])))
}

async fn members(
    client: &Client,
    group: &Jid,
    author: Option<Identity>,
    people: &[GroupParticipantInfo],
    action: &str,
) -> Option<Announcement> {
    let mut participants = Vec::with_capacity(people.len());
    for one in people {
        let other = one.phone_number.as_ref().or(one.lid.as_ref());
        if let Some(who) = Identity::resolve(client, &one.jid, other).await {
            participants.push(json!({ "id": who.chat, "phoneNumber": who.pn, "lid": who.lid }));
        }
    }
    let update = json!({
        "id": group,
        "author": author.as_ref().map(|author| &author.chat),
        "authorPn": author.as_ref().and_then(|author| author.pn.as_ref()),
        "participants": participants,
        "action": action,
    });
    Some(Announcement::new(EventKind::GroupParticipants, "update", update))
}

async fn call(client: &Client, event: &Event) -> Option<Announcement> {
    let (from, id, time, offline, status) = match event {
        Event::IncomingCall(call) => {
            let status = match &call.action {
                CallAction::Offer { .. } | CallAction::OfferNotice { .. } => "offer",
                CallAction::Accept { .. } => "accept",
                CallAction::Reject { .. } => "reject",
                CallAction::Terminate { .. } => "terminate",
                _ => return None,
            };
            (&call.from, call.action.call_id().to_owned(), call.timestamp, call.offline, status)
        }
        Event::MissedCall(call) => (&call.from, call.call_id.clone(), call.timestamp, false, "timeout"),
        Event::CallEndedElsewhere(call) => {
            let status = if matches!(call.outcome, ElsewhereOutcome::Accepted) { "accept" } else { "reject" };
            (&call.from, call.call_id.clone(), call.timestamp, false, status)
        }
        _ => return None,
    };
    let who = Identity::resolve(client, from, None).await?.chat;
    let mut call = json!({
        "chatId": who,
        "from": who,
        "id": id,
        "date": crate::clock::iso_seconds(time.timestamp()),
        "offline": offline,
        "status": status,
    });
    if let Event::IncomingCall(incoming) = event {
        match &incoming.action {
            CallAction::Offer { is_video, group_jid, .. } => {
                call["isVideo"] = json!(is_video);
                call["isGroup"] = json!(group_jid.is_some());
                if let Some(group) = group_jid {
                    call["groupJid"] = json!(Identity::resolve(client, group, None).await.map(|group| group.chat));
                }
            }
            CallAction::OfferNotice { is_video, is_group, .. } => {
                call["isVideo"] = json!(is_video);
                call["isGroup"] = json!(is_group);
            }
            _ => {}
        }
    }
    Some(Announcement::new(EventKind::Call, "call", json!([call])))
}
