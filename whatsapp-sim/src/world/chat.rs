//! What a message can be addressed to: a person, a group, everybody's status page, or a channel. Owns the form of a chat
//! in stored messages and in the admin API; refuses ids that could not be the network's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wacore_binary::{Jid, Server};

use super::World;
use crate::address;
use crate::sim::SimError;

/// Ids of groups and channels are decimal and at most this long, so that they fit a number.
const MAX_ID_DIGITS: usize = 19;
/// How status posts are addressed.
const STATUS: &str = "status@broadcast";

/// A chat. Displayed as phones and the admin API name it: the partner's number, `…@g.us`, `status@broadcast` or
/// `…@newsletter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Chat {
    /// The account with this number.
    Person(u64),
    /// The group with this id.
    Group(u64),
    /// Status posts.
    Status,
    /// The channel with this id.
    Newsletter(u64),
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(number) => write!(f, "{number}"),
            Self::Group(id) => write!(f, "{id}@g.us"),
            Self::Status => f.write_str(STATUS),
            Self::Newsletter(id) => write!(f, "{id}@newsletter"),
        }
    }
}

/// A text that names no chat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAChat;

impl FromStr for Chat {
    type Err = NotAChat;

    /// Reads what [`Chat`] displays.
    fn from_str(text: &str) -> Result<Self, NotAChat> {
        if text == STATUS {
            return Ok(Self::Status);
        }
        match text.split_once('@') {
            Some((id, "g.us")) => digits(id).map(Self::Group),
            Some((id, "newsletter")) => digits(id).map(Self::Newsletter),
            Some(_) => None,
            None => digits(text).map(Self::Person),
        }
        .ok_or(NotAChat)
    }
}

impl Chat {
    /// The group or channel that a JID of the wire names, or status; persons need the world to be resolved.
    fn of_many(jid: &Jid) -> Option<Self> {
        match jid.server {
            Server::Group => digits(&jid.user).map(Self::Group),
            Server::Newsletter => digits(&jid.user).map(Self::Newsletter),
            Server::Broadcast if *jid == Jid::status_broadcast() => Some(Self::Status),
            _ => None,
        }
    }

    /// The other account of a chat between two.
    pub(crate) fn person(self) -> Option<u64> {
        if let Self::Person(number) = self { Some(number) } else { None }
    }

    /// The chat as another account knows it: what is "to Bob" for its author is "from the author" for Bob.
    pub(crate) fn seen_by(self, reader: u64, author: u64) -> Self {
        if self.person().is_some() && reader != author { Self::Person(author) } else { self }
    }
}

impl World {
    /// The JID under which the wire knows a chat; people are known by their LID.
    pub(crate) fn chat_jid(&self, chat: Chat) -> Jid {
        match chat {
            Chat::Person(number) => address::lid(self.lid_of(number), 0),
            Chat::Group(id) => Jid::group(id.to_string()),
            Chat::Status => Jid::status_broadcast(),
            Chat::Newsletter(id) => Jid::newsletter(id.to_string()),
        }
    }

    /// The chat that a JID from the wire names. A person must be on the network.
    pub(crate) fn chat_of(&self, jid: &Jid) -> Option<Chat> {
        Chat::of_many(jid).or_else(|| self.resolve(jid).map(Chat::Person))
    }

    /// The chat that somebody typed: a phone number in any usual spelling, or a JID.
    pub(crate) fn find_chat(&self, typed: &str) -> Result<Chat, SimError> {
        match typed.trim().parse() {
            Ok(Chat::Person(_)) | Err(NotAChat) => self.find(typed).map(Chat::Person),
            Ok(chat) => Ok(chat),
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= MAX_ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_are_read_as_they_are_written() {
        let id = 120_363_000_000_000_001;
        for chat in [Chat::Person(6_281_200_000_001), Chat::Group(id), Chat::Status, Chat::Newsletter(id)] {
            assert_eq!(chat.to_string().parse(), Ok(chat));
        }
        for text in ["", "@g.us", "x@g.us", "1@s.whatsapp.net", "+1", "1@broadcast", "99999999999999999999@g.us"] {
            assert_eq!(text.parse::<Chat>(), Err(NotAChat), "{text}");
        }
    }

    #[test]
    fn a_chat_between_two_has_another_name_on_the_other_side() {
        assert_eq!(Chat::Person(2).seen_by(2, 1), Chat::Person(1));
        assert_eq!(Chat::Person(2).seen_by(1, 1), Chat::Person(2));
        assert_eq!(Chat::Group(7).seen_by(2, 1), Chat::Group(7));
    }
}
