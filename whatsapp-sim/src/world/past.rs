//! What companions learn of the past: at their first login the newest messages of every chat, then older ones in chunks, and
//! what is older still when they ask for it. Owns how much that is; the phone remembers a bounded number anyway.

use std::collections::BTreeMap;

use wacore::download::MediaType;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::HistorySyncType as Kind;
use waproto::whatsapp::message::peer_data_operation_request_message::HistorySyncOnDemandRequest;
use waproto::whatsapp::message::{PeerDataOperationRequestType, ProtocolMessage};

use super::chat::Chat;
use super::{DeviceRef, World};
use crate::address;
use crate::phone::content::{self, MessageRef};
use crate::phone::history::{self, Packed, PastConversation, PastMessage, Place};

/// How many chats a companion learns.
const MAX_CHATS: usize = 50;
/// How much of each chat a companion learns at once.
const AT_ONCE: usize = 20;
/// How much of each chat it learns in all without asking.
const RECENT: usize = 200;
/// Messages of one chunk of the older ones.
const CHUNK: usize = 100;
/// Most messages of one answer to a companion that asks.
const ON_DEMAND: usize = 100;
/// The largest chunk that travels inside its notification, as with real phones; what is larger lies at the media host.
const MAX_INLINE: usize = 64 * 1024;

/// Most messages that a companion may ask for at once; clients ask for one.
const MAX_PLACEHOLDERS: usize = 32;

/// The messages of each chat, the newest first.
type Past = BTreeMap<Chat, Vec<PastMessage>>;

impl World {
    /// Gives a companion the past.
    pub(super) async fn share_past(&mut self, who: DeviceRef) {
        let past = self.past(who.number);
        let mut chunks = vec![(Kind::INITIAL_BOOTSTRAP, self.part(&past, 0, AT_ONCE))];
        chunks.extend(self.older(&past).into_iter().map(|part| (Kind::RECENT, part)));
        let recent = u32::try_from(chunks.len() - 1).unwrap_or(u32::MAX);
        for (number, (kind, part)) in (0_u32..).zip(chunks) {
            let place = if kind == Kind::RECENT {
                Place { kind, order: number - 1, progress: number * 100 / recent }
            } else {
                Place { kind, order: 0, progress: if recent == 0 { 100 } else { 0 } }
            };
            let packed = history::conversations(place, part);
            if !self.announces(who, place, packed, None).await {
                return;
            }
        }
        let names = history::push_names(self.names_for(who.number));
        let place = Place { kind: Kind::PUSH_NAME, order: 0, progress: 100 };
        if self.announces(who, place, names, None).await {
            self.mark_welcomed(who, |welcomed| welcomed.history = true);
        }
    }

    /// A companion asks its phone for something. Whether it was one of the things that companions ask for.
    pub(super) async fn phone_is_asked(&mut self, who: DeviceRef, id: &str, protocol: &ProtocolMessage) -> bool {
        if let Some(wanted) = protocol.app_state_sync_key_request.as_option() {
            let ids: Vec<Vec<u8>> = wanted.key_ids.iter().filter_map(|wanted| wanted.key_id.clone()).collect();
            self.share_key(who, &ids).await;
            return true;
        }
        let Some(request) = protocol.peer_data_operation_request_message.as_option() else { return false };
        match request.peer_data_operation_request_type {
            Some(PeerDataOperationRequestType::HISTORY_SYNC_ON_DEMAND) => {
                if let Some(wanted) = request.history_sync_on_demand_request.as_option() {
                    self.share_older(who, id, wanted).await;
                }
            }
            Some(PeerDataOperationRequestType::PLACEHOLDER_MESSAGE_RESEND) => {
                let wanted = request.placeholder_message_resend_request.iter().take(MAX_PLACEHOLDERS);
                let wanted: Vec<wa::MessageKey> =
                    wanted.filter_map(|one| one.message_key.as_option().cloned()).collect();
                self.share_missed(who, id, &wanted).await;
            }
            _ => return false,
        }
        true
    }

    /// Gives a companion single messages that it got as placeholders or could not read.
    async fn share_missed(&mut self, who: DeviceRef, request: &str, wanted: &[wa::MessageKey]) {
        let mut past = self.past(who.number);
        let found = wanted.iter().map(|key| {
            let jid = key.remote_jid.as_deref().and_then(|jid| jid.parse().ok());
            let messages = past.get_mut(&jid.and_then(|jid| self.chat_of(&jid))?)?;
            let place = messages.iter().position(|message| Some(message.about.id.as_str()) == key.id.as_deref())?;
            Some(messages.swap_remove(place))
        });
        let found: Vec<Option<PastMessage>> = found.collect();
        let message = history::missed(request, found);
        if let Err(error) = self.phone_to_peer(who, &message).await {
            tracing::warn!(%error, "a phone cannot give its companion what it missed");
        }
    }

    /// Gives a companion the messages of a chat before one it has.
    async fn share_older(&mut self, who: DeviceRef, request: &str, wanted: &HistorySyncOnDemandRequest) {
        let jid = wanted.chat_jid.as_deref().and_then(|jid| jid.parse().ok());
        let Some(chat) = jid.and_then(|jid| self.chat_of(&jid)) else { return };
        let mut past = self.past(who.number);
        let messages = past.remove(&chat).unwrap_or_default();
        let oldest = wanted.oldest_msg_id.as_deref().unwrap_or_default();
        let older = messages.iter().position(|message| message.about.id == oldest).map_or(0, |place| place + 1);
        let count = wanted.on_demand_msg_count.and_then(|count| usize::try_from(count).ok()).unwrap_or(ON_DEMAND);
        let end = (older + count.clamp(1, ON_DEMAND)).min(messages.len());
        let told = vec![self.conversation(chat, messages[older.min(end)..end].to_vec(), end == messages.len())];
        let place = Place { kind: Kind::ON_DEMAND, order: 0, progress: 100 };
        let packed = history::conversations(place, told);
        self.announces(who, place, packed, Some(request)).await;
    }

    /// Sends the notification of a chunk to a companion; whether that was possible.
    async fn announces(&mut self, who: DeviceRef, place: Place, packed: Vec<u8>, request: Option<&str>) -> bool {
        let packed = if packed.len() <= MAX_INLINE {
            Packed::Inline(packed)
        } else {
            match self.media.phone_uploads(&packed, MediaType::History) {
                Ok(uploaded) => Packed::Uploaded(Box::new(uploaded)),
                Err(error) => {
                    tracing::warn!(%error, "a phone finds no room for its history");
                    return false;
                }
            }
        };
        let message = history::notification(place, packed, request);
        let sent = self.phone_to_peer(who, &message).await;
        if let Err(error) = &sent {
            tracing::warn!(%error, "a phone cannot share its history");
        }
        sent.is_ok()
    }

    /// All that an account's phone remembers and can be told.
    fn past(&self, number: u64) -> Past {
        let Some(account) = self.accounts.get(&number) else { return Past::new() };
        let own = number.to_string();
        let mut chats = Past::new();
        for (place, message) in account.inbox.messages.iter().rev() {
            let from_me = message.from == own;
            let (Ok(chat @ (Chat::Person(_) | Chat::Group(_))), Ok(author), Some(content)) = (
                message.chat.parse(),
                message.from.parse::<u64>(),
                self.content_at(number, *place).filter(content::stands_for_itself),
            ) else {
                continue;
            };
            if chats.len() >= MAX_CHATS && !chats.contains_key(&chat) {
                continue;
            }
            let named = !from_me && chat.person().is_none();
            chats.entry(chat).or_default().push(PastMessage {
                about: MessageRef {
                    chat: self.chat_jid(chat).to_string(),
                    id: message.id.clone(),
                    from_me,
                    participant: named.then(|| address::lid(self.lid_of(author), 0).to_string()),
                },
                push_name: self.accounts.get(&author).filter(|_| !from_me).map(|account| account.name.clone()),
                timestamp: message.timestamp,
                message: content,
            });
        }
        chats
    }

    /// Some messages of every chat that has so many.
    fn part(&self, past: &Past, from: usize, to: usize) -> Vec<PastConversation> {
        let chats = past.iter().filter(|(_, messages)| messages.len() > from);
        chats
            .map(|(chat, messages)| {
                let end = to.min(messages.len());
                self.conversation(*chat, messages[from..end].to_vec(), end == messages.len())
            })
            .collect()
    }

    /// What is older than the first chunk, in chunks.
    fn older(&self, past: &Past) -> Vec<Vec<PastConversation>> {
        let mut chunks: Vec<Vec<PastConversation>> = Vec::new();
        let mut room = 0;
        for (chat, messages) in past {
            let mut from = AT_ONCE;
            while from < messages.len().min(RECENT) {
                if room == 0 {
                    chunks.push(Vec::new());
                    room = CHUNK;
                }
                let to = (from + room).min(messages.len()).min(RECENT);
                let told = self.conversation(*chat, messages[from..to].to_vec(), to == messages.len());
                if let Some(chunk) = chunks.last_mut() {
                    chunk.push(told);
                }
                room -= to - from;
                from = to;
            }
        }
        chunks
    }

    fn conversation(&self, chat: Chat, messages: Vec<PastMessage>, complete: bool) -> PastConversation {
        let jid = self.chat_jid(chat).to_string();
        let person = chat.person();
        let name = match chat {
            Chat::Group(id) => self.groups.get(&id).map(|group| group.subject.clone()),
            _ => person.and_then(|number| self.accounts.get(&number)).map(|account| account.name.clone()),
        };
        let pn_and_lid = person.map(|number| (address::pn(number, 0).to_string(), jid.clone()));
        PastConversation { chat: jid, pn_and_lid, name, unread: 0, complete, messages }
    }

    /// The account's own name and those of everyone who watches its devices.
    fn names_for(&self, number: u64) -> Vec<(String, String)> {
        let watchers = self.accounts.get(&number).map(|account| account.watchers.clone()).unwrap_or_default();
        std::iter::once(number)
            .chain(watchers)
            .filter_map(|number| self.accounts.get(&number))
            .map(|account| (address::pn(account.number, 0).to_string(), account.name.clone()))
            .collect()
    }
}
