//! What a person wants to send becomes a message: the phone looks up what it is about, who may do that, and what the chat
//! adds. It refuses what a phone would not offer.

use wacore::proto_helpers::{MessageExt as _, build_keep_in_chat_message, build_quote_context};
use waproto::whatsapp as wa;

use super::World;
use super::chat::Chat;
use super::group::{GroupError, Role};
use crate::phone::content::{self, Attached, Between, Content, Label, MessageError, Outgoing, Views};
use crate::sim::{Invitation, PhoneMessage, SimError};
use crate::{address, clock};

/// Phones let people edit what they wrote for a quarter of an hour.
const EDIT_WINDOW: u64 = 15 * 60;

impl World {
    /// The phone of `number` sends a message of any kind; its file is at the media host already.
    pub(crate) async fn phone_says(
        &mut self,
        number: u64,
        chat: Chat,
        outgoing: &Outgoing,
        attached: Option<&Attached>,
    ) -> Result<String, SimError> {
        let message = self.phone_words(number, chat, outgoing, attached, clock::now())?;
        let mut label = Label::of(&message);
        label.withheld = outgoing.views == Views::OnceOnPhones;
        self.phone_sends(number, chat, message, &label).await
    }

    /// The message that a phone would send at this time.
    pub(super) fn phone_words(
        &mut self,
        number: u64,
        chat: Chat,
        outgoing: &Outgoing,
        attached: Option<&Attached>,
        now: u64,
    ) -> Result<wa::Message, SimError> {
        match outgoing.check() {
            // The texts and emojis of the plain methods have had a refusal of their own all along.
            Err(MessageError::Bad(_))
                if matches!(outgoing.content, Content::Text(_) | Content::Edit { .. } | Content::Reaction { .. }) =>
            {
                return Err(SimError::BadText);
            }
            checked => checked?,
        }
        let withheld = outgoing.views == Views::OnceOnPhones;
        // Among many, the keys travel beside the content, and what is withheld comes alone.
        if matches!(chat, Chat::Newsletter(_)) || (withheld && chat.person().is_none()) {
            return Err(SimError::WrongChat);
        }
        if outgoing.is_about_another() {
            return self.about_another(number, chat, &outgoing.content, now);
        }
        let mut message = match &outgoing.content {
            Content::Invite { group } => self.phone_invites(number, chat, group)?,
            Content::Text(text) if chat == Chat::Status => content::posted(text),
            content => content::compose(content, attached, outgoing.views != Views::Any)
                .ok_or(MessageError::Bad("the file is missing"))?,
        };
        content::surround(&mut message, self.surroundings(number, chat, outgoing)?);
        if outgoing.wrapped {
            message = content::in_ephemeral_wrapper(message);
        }
        Ok(content::with_secret(message))
    }

    /// Lays the file of a message down at the media host, when it has one.
    pub(super) fn attach(&self, outgoing: &Outgoing) -> Result<Option<Attached>, SimError> {
        let Content::File(kind, file) = &outgoing.content else { return Ok(None) };
        outgoing.check()?;
        let uploaded = self.media.phone_uploads(&file.data, content::media_type(*kind))?;
        Ok(Some(Attached::new(*kind, &file.data, uploaded)))
    }

    /// A message of the phone, by its id and chat.
    pub(super) fn phone_message(&self, number: u64, chat: Chat, id: &str) -> Result<(u64, &PhoneMessage), SimError> {
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        let name = chat.to_string();
        let mut messages = account.inbox.messages.iter().rev();
        let found = messages.find(|(_, message)| message.id == id && message.chat == name);
        found.map(|(place, message)| (*place, message)).ok_or(SimError::NoSuchMessage)
    }

    fn about_another(&self, number: u64, chat: Chat, content: &Content, now: u64) -> Result<wa::Message, SimError> {
        let milliseconds = i64::try_from(now * 1000).unwrap_or(i64::MAX);
        Ok(match content {
            Content::Reaction { id, emoji } => {
                content::reaction(self.phone_refers(number, chat, id)?, emoji, milliseconds)
            }
            Content::Edit { id, text } => {
                let (place, message) = self.phone_message(number, chat, id)?;
                if message.from != number.to_string() {
                    return Err(MessageError::NotYours.into());
                }
                let mut new = self.content_at(number, place).ok_or(MessageError::NotEditable)?;
                let old = message.timestamp + EDIT_WINDOW < now;
                if old || matches!(chat, Chat::Status) || !content::reword(&mut new, text) {
                    return Err(MessageError::NotEditable.into());
                }
                new.message_context_info = wa::Message::default().message_context_info;
                let mut reference = self.phone_refers(number, chat, id)?;
                // Among many, an edit names its author beside "from me".
                let own = chat.person().is_none().then(|| address::lid(self.lid_of(number), 0).to_string());
                reference.participant = own;
                content::edit(reference, new.into_base_message(), milliseconds)
            }
            Content::Revoke { id } => {
                let (_, message) = self.phone_message(number, chat, id)?;
                if message.from != number.to_string() {
                    match chat {
                        Chat::Group(group) if self.group(group)?.role(number) >= Some(Role::Admin) => {}
                        Chat::Group(_) => return Err(GroupError::NotAnAdmin.into()),
                        _ => return Err(MessageError::NotYours.into()),
                    }
                }
                content::delete(self.phone_refers(number, chat, id)?)
            }
            Content::Vote { id, options } => self.phone_votes(number, chat, id, options, milliseconds)?,
            Content::Respond { id, answer } => {
                let (place, message) = self.phone_message(number, chat, id)?;
                message.details.event.as_ref().ok_or(MessageError::NotAnEvent)?;
                let (secret, between) = self.sealing(number, place, message).ok_or(MessageError::NotAnEvent)?;
                let reference = self.phone_refers(number, chat, id)?;
                let response = content::response(reference, &secret, *answer, &between, milliseconds);
                response.ok_or(MessageError::NotAnEvent)?
            }
            Content::Keep { id, keep } => {
                build_keep_in_chat_message(self.phone_refers(number, chat, id)?.into(), *keep, milliseconds)
            }
            Content::Pin { id, seconds } => {
                if matches!(chat, Chat::Status) {
                    return Err(SimError::WrongChat);
                }
                content::pin(self.phone_refers(number, chat, id)?, *seconds, milliseconds)
            }
            Content::Timer { seconds } => match chat {
                Chat::Person(_) => content::timer(*seconds, i64::try_from(now).unwrap_or(i64::MAX)),
                _ => return Err(SimError::WrongChat),
            },
            _ => return Err(MessageError::Bad("this is about no other message").into()),
        })
    }

    fn phone_votes(
        &self,
        number: u64,
        chat: Chat,
        id: &str,
        options: &[String],
        milliseconds: i64,
    ) -> Result<wa::Message, SimError> {
        let (place, message) = self.phone_message(number, chat, id)?;
        let poll = message.details.poll.as_ref().ok_or(MessageError::NotAPoll)?;
        let (secret, between) = self.sealing(number, place, message).ok_or(MessageError::NotAPoll)?;
        let known = options.iter().all(|option| poll.options.iter().any(|listed| listed.name == *option));
        let most = usize::try_from(poll.selectable).unwrap_or(usize::MAX);
        if !known || (most > 0 && options.len() > most) {
            return Err(MessageError::BadVote.into());
        }
        let vote = content::vote(self.phone_refers(number, chat, id)?, &secret, options, &between, milliseconds);
        Ok(vote.ok_or(MessageError::NotAPoll)?)
    }

    /// A personal invitation: the one that the person has from this admin already, or a new one.
    fn phone_invites(&mut self, number: u64, chat: Chat, group: &str) -> Result<wa::Message, SimError> {
        let (Chat::Person(person), Chat::Group(id)) = (chat, self.find_chat(group)?) else {
            return Err(SimError::WrongChat);
        };
        let (name, code, expiration) = self.offer_to(number, id, person)?;
        Ok(content::invite(Invitation {
            group: self.chat_jid(Chat::Group(id)).to_string(),
            name,
            code,
            expiration: i64::try_from(expiration).unwrap_or(i64::MAX),
        }))
    }

    /// With what, and between whom, the phone seals something about a message.
    fn sealing(&self, number: u64, place: u64, message: &PhoneMessage) -> Option<(Vec<u8>, Between)> {
        let [between, _] = self.between(message.from.parse().ok()?, number);
        let content = self.content_at(number, place)?;
        Some((content::message_secret(&content)?.to_vec(), between))
    }

    /// What surrounds a message: quotation, mentions, timer, forwarding.
    fn surroundings(&self, number: u64, chat: Chat, outgoing: &Outgoing) -> Result<wa::ContextInfo, SimError> {
        let mut context = match &outgoing.quote {
            None => wa::ContextInfo::default(),
            Some(id) => {
                let (place, message) = self.phone_message(number, chat, id)?;
                let author = message.from.parse().map_err(|_| SimError::NoSuchMessage)?;
                let quoted = self.content_at(number, place).ok_or(SimError::NoSuchMessage)?;
                let mut quoted = content::base(&quoted).clone();
                quoted.message_context_info = wa::Message::default().message_context_info;
                build_quote_context(id, address::lid(self.lid_of(author), 0).to_string(), &quoted)
            }
        };
        for person in &outgoing.mentions {
            let person = self.find(person)?;
            context.mentioned_jid.push(address::lid(self.lid_of(person), 0).to_string());
        }
        if outgoing.forwarded {
            context.is_forwarded = Some(true);
            context.forwarding_score = Some(1);
        }
        let of_chat = match chat {
            Chat::Person(_) => self.accounts.get(&number).and_then(|account| account.inbox.timer(chat)),
            Chat::Group(id) => self.groups.get(&id).and_then(|group| group.settings.ephemeral).map(|timer| (timer, 0)),
            Chat::Status | Chat::Newsletter(_) => None,
        };
        if let Some((seconds, since)) = outgoing.expires.map(|seconds| (seconds, 0)).or(of_chat) {
            context.expiration = Some(seconds);
            context.ephemeral_setting_timestamp = i64::try_from(since).ok().filter(|since| *since > 0);
        }
        Ok(context)
    }
}
