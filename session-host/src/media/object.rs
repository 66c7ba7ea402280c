//! The name of a stored file: the chat as the original's paths have it, and 128 random bits with an ending of ours. Nothing in it
//! comes from the sender, so it can stand in a path, a key and a Redis field as it is.

use std::fmt;

use contract::id::SessionId;
use contract::jid::{Jid, Server};

use super::kind::Kind;

/// Random bits of a name: nobody finds one by trying.
pub(crate) const RANDOM_BYTES: usize = 16;

/// A stored file of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Object {
    chat: String,
    name: String,
    kind: Kind,
}

impl Object {
    /// A new name for a file of a chat.
    pub(crate) fn new(chat: &Jid, kind: Kind, random: [u8; RANDOM_BYTES]) -> Self {
        Self { chat: folder(chat), name: format!("{}.{}", hex::encode(random), kind.extension), kind }
    }

    /// Reads `<chat>/<name>`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (chat, name) = text.split_once('/')?;
        Self::from_parts(chat, name)
    }

    /// Reads the two parts of a path.
    pub(crate) fn from_parts(chat: &str, name: &str) -> Option<Self> {
        let whole = if chat.contains('@') { chat.to_owned() } else { format!("{chat}@{}", server_of(chat)) };
        let jid = Jid::parse(&whole).ok().filter(|jid| folder(jid) == chat)?;
        let (random, extension) = name.split_once('.')?;
        let is_ours = random.len() == 2 * RANDOM_BYTES
            && random.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let kind = Kind::with_extension(extension).filter(|_| is_ours)?;
        Some(Self { chat: folder(&jid), name: name.to_owned(), kind })
    }

    /// What kind of file it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its key in the bucket.
    pub(crate) fn key(&self, session: &SessionId) -> String {
        format!("{}{self}", prefix(session))
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.chat, self.name)
    }
}

/// What the keys of a session's files begin with.
pub(crate) fn prefix(session: &SessionId) -> String {
    format!("{session}/")
}

/// The part of a path that stands for a chat: people by number and groups go without their server.
fn folder(chat: &Jid) -> String {
    match chat.server() {
        Server::Phone | Server::Group => chat.user().to_owned(),
        _ => chat.to_string(),
    }
}

/// The server that was left away. Either gives the same folder.
fn server_of(folder: &str) -> &'static str {
    if folder.contains('-') { Server::Group.as_str() } else { Server::Phone.as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: [u8; RANDOM_BYTES] = [0xab; RANDOM_BYTES];

    #[test]
    fn names_are_read_as_they_are_written() {
        for (chat, folder) in [
            ("6281200001111@s.whatsapp.net", "6281200001111"),
            ("120363000000000001@g.us", "120363000000000001"),
            ("6281200001111-1600000000@g.us", "6281200001111-1600000000"),
            ("777@lid", "777@lid"),
            ("status@broadcast", "status@broadcast"),
            ("120363000000000002@newsletter", "120363000000000002@newsletter"),
        ] {
            let object = Object::new(&Jid::parse(chat).unwrap(), Kind::claimed("image/jpeg"), RANDOM);
            assert_eq!(object.to_string(), format!("{folder}/{}.jpg", "ab".repeat(16)));
            assert_eq!(Object::parse(&object.to_string()), Some(object));
        }
    }

    #[test]
    fn nothing_else_is_a_name() {
        let name = format!("{}.jpg", "ab".repeat(16));
        for (chat, name) in [
            ("..", name.as_str()),
            ("6281200001111@s.whatsapp.net", &name),
            ("6281200001111:7@lid", &name),
            ("", &name),
            ("777@LID", &name),
            ("777@lid", ".jpg"),
            ("777@lid", "photo.jpg"),
            ("777@lid", &name.to_uppercase()),
            ("777@lid", &name.replace("jpg", "html")),
            ("777@lid", &format!("../{name}")),
            ("777@lid", &format!("{name}/..")),
        ] {
            assert_eq!(Object::from_parts(chat, name), None, "{chat}/{name}");
        }
    }
}
