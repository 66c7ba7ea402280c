//! What a message does to an earlier one of its chat: its author rewords it or takes it back, an admin deletes it, people react. It is
//! done in the step that files the message, and so once. An effect that its author has no right to is refused: nothing changes, and
//! nobody is told of it.

use waproto::whatsapp as wa;
use waproto::whatsapp::message::protocol_message::Type;

use crate::whatsapp::content::describe;
use crate::whatsapp::wrappers::unwrapped;

/// Reactions that are kept of a message: WhatsApp's largest group has as many members.
const MAX_REACTIONS: usize = 1_024;

/// Bytes of a reaction that is kept: a family with all its colours has some forty.
const MAX_EMOJI_BYTES: usize = 64;

/// What a message does to an earlier one, or says of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Other words, and the message that they stand in.
    Edit { target: String, text: String, raw: Vec<u8> },
    /// It is gone; by an admin, it may be another's.
    Revoke { target: String, by_admin: bool },
    /// A reaction; an empty one takes the earlier one back.
    Reaction { target: String, emoji: String },
    /// A vote in a poll, with the names of the options that it chose.
    Vote { options: Vec<String> },
}

impl Effect {
    /// What a message does to an earlier one. `by_admin` is what WhatsApp's server says of it.
    pub(crate) fn of(message: &wa::Message, by_admin: bool) -> Option<Self> {
        let base = unwrapped(message);
        if let Some(reaction) = base.reaction_message.as_option() {
            let target = reaction.key.as_option()?.id.clone()?;
            let emoji = reaction.text.clone().filter(|emoji| emoji.len() <= MAX_EMOJI_BYTES).unwrap_or_default();
            return Some(Self::Reaction { target, emoji });
        }
        let protocol = base.protocol_message.as_option()?;
        let target = protocol.key.as_option()?.id.clone()?;
        match protocol.r#type? {
            Type::REVOKE => Some(Self::Revoke { target, by_admin }),
            Type::MESSAGE_EDIT => {
                let edited = protocol.edited_message.as_option()?;
                let text = describe(edited)?.text()?;
                Some(Self::Edit { target, text, raw: waproto::codec::message_to_vec(edited) })
            }
            _ => None,
        }
    }

    /// What of the message itself is kept beside what clients see of it: nothing of an edit, whose words belong to the message
    /// that it is about, and go with that one.
    pub(super) fn raw(effect: Option<&Self>, raw: &wa::Message) -> Vec<u8> {
        if matches!(effect, Some(Self::Edit { .. })) { Vec::new() } else { waproto::codec::message_to_vec(raw) }
    }

    /// Target, kind, value, protobuf.
    pub(super) fn arguments(effect: Option<Self>) -> [Vec<u8>; 4] {
        let of = |target: String, kind: &str, value: String, raw| {
            [target.into_bytes(), kind.as_bytes().to_vec(), value.into_bytes(), raw]
        };
        match effect {
            Some(Self::Edit { target, text, raw }) => of(target, "edit", text, raw),
            Some(Self::Revoke { target, by_admin }) => {
                of(target, "revoke", if by_admin { "admin".to_owned() } else { String::new() }, Vec::new())
            }
            Some(Self::Reaction { target, emoji }) => of(target, "reaction", emoji, Vec::new()),
            Some(Self::Vote { .. }) | None => of(String::new(), "", String::new(), Vec::new()),
        }
    }
}

/// `affect(prefix, chat, author, other, target, kind, value, raw)`: does to an earlier message what a message says. `author` and `other`
/// are who says it, by both addresses. False when it is not for them to do. A message that is not stored changes nothing.
pub(super) fn affect() -> String {
    format!(
        r"
local function affect(prefix, chat, author, other, target, kind, value, raw)
  local base = prefix .. 'chat:' .. chat
  local messages = base .. ':messages'
  local member = target .. '~' .. author
  local json = redis.call('HGET', messages, member)
  if not json then
    member = target
    json = redis.call('HGET', messages, member)
  end
  if not json then return true end
  local message = cjson.decode(json)
  local theirs = message.from == author
  if not theirs and not message.fromMe then theirs = message.from == other or message.lid == author end
  if kind == 'edit' then
    if not theirs then return false end
    if message.revoked then return true end
    if message.type == 'text' then
      message.content = value
      redis.call('HSET', base .. ':raw', member, raw)
    elseif message.type == 'image' or message.type == 'video' or message.type == 'document' then
      message.caption = value
    else
      return true
    end
    message.text = value
    message.edited = true
  elseif kind == 'revoke' then
    if not theirs and not (value == 'admin' and message.isGroup) then return false end
    for _, field in ipairs({{'content', 'caption', 'text', 'mediaUrl', 'filename', 'quotedMessage'}}) do
      message[field] = cjson.null
    end
    message.mentions = nil
    message.reactions = nil
    message.edited = nil
    message.revoked = true
    local object = redis.call('HGET', base .. ':media', member)
    if object then
      drop_media(prefix, object)
      redis.call('HDEL', base .. ':media', member)
    end
    redis.call('HDEL', base .. ':raw', member)
  else
    if message.revoked then return true end
    local reactions = {{}}
    for _, one in ipairs(message.reactions or {{}}) do
      if one.sender ~= author then reactions[#reactions + 1] = one end
    end
    if value ~= '' and #reactions < {MAX_REACTIONS} then
      reactions[#reactions + 1] = {{ sender = author, emoji = value }}
    end
    -- An empty list would be written as an object.
    message.reactions = #reactions > 0 and reactions or nil
  end
  redis.call('HSET', messages, member, cjson.encode(message))
  return true
end
"
    )
}

#[cfg(test)]
mod tests {
    use waproto::buffa::MessageField;
    use waproto::whatsapp::message::{FutureProofMessage, ProtocolMessage, ReactionMessage};

    use super::*;

    fn said(text: &str) -> wa::Message {
        wa::Message { conversation: Some(text.to_owned()), ..Default::default() }
    }

    fn key() -> MessageField<wa::MessageKey> {
        MessageField::some(wa::MessageKey { id: Some("3EB0".to_owned()), ..Default::default() })
    }

    fn protocol(kind: Type, edited: Option<wa::Message>) -> wa::Message {
        let protocol = ProtocolMessage {
            key: key(),
            r#type: Some(kind),
            edited_message: edited.map_or_else(MessageField::none, MessageField::some),
            ..Default::default()
        };
        wa::Message { protocol_message: MessageField::some(protocol), ..Default::default() }
    }

    #[test]
    fn what_messages_do_to_others() {
        let target = || "3EB0".to_owned();
        let words = said("better");
        let raw = waproto::codec::message_to_vec(&words);
        let edit = protocol(Type::MESSAGE_EDIT, Some(words));
        let expected = Some(Effect::Edit { target: target(), text: "better".to_owned(), raw });
        assert_eq!(Effect::of(&edit, false), expected);
        let inner = FutureProofMessage { message: MessageField::some(edit) };
        let wrapped = wa::Message { edited_message: MessageField::some(inner), ..Default::default() };
        assert_eq!(Effect::of(&wrapped, false), expected);
        let revoke = protocol(Type::REVOKE, None);
        assert_eq!(Effect::of(&revoke, true), Some(Effect::Revoke { target: target(), by_admin: true }));
        // An edit without words, and housekeeping.
        assert_eq!(Effect::of(&protocol(Type::MESSAGE_EDIT, None), false), None);
        assert_eq!(Effect::of(&protocol(Type::EPHEMERAL_SETTING, None), false), None);
        assert_eq!(Effect::of(&said("hi"), false), None);
    }

    #[test]
    fn a_reaction_too_long_to_be_one_takes_the_earlier_one_back() {
        for (text, kept) in [("👍", "👍"), ("", ""), (&"x".repeat(MAX_EMOJI_BYTES + 1), "")] {
            let reaction = ReactionMessage { key: key(), text: Some(text.to_owned()), ..Default::default() };
            let message = wa::Message { reaction_message: MessageField::some(reaction), ..Default::default() };
            let expected = Effect::Reaction { target: "3EB0".to_owned(), emoji: kept.to_owned() };
            assert_eq!(Effect::of(&message, false), Some(expected));
        }
    }
}
