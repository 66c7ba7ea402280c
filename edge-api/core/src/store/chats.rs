//! Lists of chats and contacts. Each is one step, however many there are in a page; totals count all there are.

use contract::chat::{StoredContact, folded};
use contract::id::SessionId;
use contract::jid::Jid;
use contract::keys::SessionKeys;
use contract::message::Message;

use super::{Reply, Store};
use crate::port::{Port, RedisError};
use crate::script::Script;

/// KEYS: record, chats, contacts. ARGV: key prefix, kind, offset, limit. Answers a word and the total; then of each chat its
/// address, time, name, unread, hidden address, archived, pinned, muted until, marked unread, newest message and contact as JSON.
static OVERVIEW: Script = Script::new(
    "local record = redis.call('HMGET', KEYS[1], 'network', 'status')
     if not record[1] then return {'unknown'} end
     if record[2] ~= 'connected' then return {'down'} end
     local kind, offset, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
     local page, total = {}, 0
     if kind == 'all' then
       total = redis.call('ZCARD', KEYS[2])
       page = redis.call('ZREVRANGE', KEYS[2], offset, offset + limit - 1, 'WITHSCORES')
     else
       local all = redis.call('ZREVRANGE', KEYS[2], 0, -1, 'WITHSCORES')
       for i = 1, #all, 2 do
         if (string.sub(all[i], -5) == '@g.us') == (kind == 'group') then
           total = total + 1
           if total > offset and total <= offset + limit then
             page[#page + 1] = all[i]
             page[#page + 1] = all[i + 1]
           end
         end
       end
     end
     local out = {'page', tostring(total)}
     for i = 1, #page, 2 do
       local chat = page[i]
       local base = ARGV[1] .. 'chat:' .. chat
       out[#out + 1] = chat
       out[#out + 1] = page[i + 1]
       local fields = redis.call('HMGET', base, 'name', 'unread', 'lid', 'archived', 'pinned', 'muted_until', 'marked_unread')
       for f = 1, 7 do out[#out + 1] = fields[f] or '' end
       local newest = redis.call('ZREVRANGE', base .. ':index', 0, 0)[1]
       out[#out + 1] = newest and redis.call('HGET', base .. ':messages', newest) or ''
       out[#out + 1] = redis.call('HGET', KEYS[3], chat) or ''
     end
     return out",
);

/// Values of each chat.
const PER_CHAT: usize = 11;

/// KEYS: record, contacts, names. ARGV: what to search for or '', offset, limit. Answers a word and the total; then of each contact
/// its address and JSON.
static CONTACTS: Script = Script::new(
    "local record = redis.call('HMGET', KEYS[1], 'network', 'status')
     if not record[1] then return {'unknown'} end
     if record[2] ~= 'connected' then return {'down'} end
     local needle, offset, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
     local page, total = {}, 0
     if needle == '' then
       total = redis.call('ZCARD', KEYS[3])
       page = redis.call('ZRANGE', KEYS[3], offset, offset + limit - 1)
     else
       for _, member in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
         if string.find(member, needle, 1, true) then
           total = total + 1
           if total > offset and total <= offset + limit then page[#page + 1] = member end
         end
       end
     end
     local out = {'page', tostring(total)}
     for _, member in ipairs(page) do
       local address = string.match(member, '([^%z]*)$')
       out[#out + 1] = address
       out[#out + 1] = redis.call('HGET', KEYS[2], address) or ''
     end
     return out",
);

/// Which chats are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// All.
    All,
    /// Those that are no groups.
    Personal,
    /// Groups.
    Group,
}

/// The outcome of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Listed<T> {
    /// There is no such session.
    Unknown,
    /// The session is not connected.
    Down,
    /// A page, and how many there are in all.
    Page(usize, Vec<T>),
}

/// A page of chats.
pub type Overview = Listed<ListedChat>;

/// A page of contacts.
pub type Contacts = Listed<ListedContact>;

/// A chat with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedChat {
    /// Its address.
    pub chat: Jid,
    /// Time of its newest message, unix seconds.
    pub seconds: u64,
    /// Its own name; empty for none.
    pub name: String,
    /// Unread messages.
    pub unread: u64,
    /// The hidden address; empty when it is not known.
    pub lid: String,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Until when it is muted.
    pub muted_until: Option<i64>,
    /// Whether it was marked as unread.
    pub marked_unread: bool,
    /// Its newest message.
    pub newest: Option<Message>,
    /// The contact behind it.
    pub contact: Option<StoredContact>,
}

/// A contact with its address.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedContact {
    /// The address.
    pub address: Jid,
    /// The names.
    pub contact: StoredContact,
}

impl<P: Port> Store<P> {
    /// Chats, the one with the newest message first.
    pub async fn overview(
        &self,
        session: &SessionId,
        kind: ChatKind,
        offset: usize,
        limit: usize,
    ) -> Result<Overview, RedisError> {
        let keys = SessionKeys::new(session);
        let kind = match kind {
            ChatKind::All => "all",
            ChatKind::Personal => "personal",
            ChatKind::Group => "group",
        };
        let (offset, limit) = (offset.to_string(), limit.to_string());
        let arguments = [keys.prefix(), kind, offset.as_str(), limit.as_str()];
        let reply = OVERVIEW.run(&self.port, &[keys.record(), keys.chats(), keys.contacts()], &arguments).await?;
        page("overview", reply, PER_CHAT, |reply| {
            let (chat, seconds, name, unread) = (reply.text()?, reply.text()?, reply.text()?, reply.text()?);
            let (lid, archived, pinned) = (reply.text()?, reply.text()?, reply.text()?);
            let (muted_until, marked_unread) = (reply.text()?, reply.text()?);
            let (newest, contact) = (reply.text()?, reply.text()?);
            Ok(Jid::parse(&chat).ok().map(|chat| ListedChat {
                chat,
                seconds: seconds.parse().unwrap_or_default(),
                name,
                unread: unread.parse().unwrap_or_default(),
                lid,
                archived: archived == "1",
                pinned: pinned == "1",
                muted_until: muted_until.parse().ok(),
                marked_unread: marked_unread == "1",
                newest: serde_json::from_str(&newest).ok(),
                contact: serde_json::from_str(&contact).ok(),
            }))
        })
    }

    /// Contacts by name, all or those in whose names or address something stands.
    pub async fn contacts(
        &self,
        session: &SessionId,
        search: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Contacts, RedisError> {
        let keys = SessionKeys::new(session);
        let (search, offset, limit) = (folded(search), offset.to_string(), limit.to_string());
        let arguments = [search.as_str(), offset.as_str(), limit.as_str()];
        let keys = [keys.record(), keys.contacts(), keys.contact_names()];
        let reply = CONTACTS.run(&self.port, &keys, &arguments).await?;
        page("contacts", reply, 2, |reply| {
            let (address, contact) = (reply.text()?, reply.text()?);
            let contact = serde_json::from_str(&contact).unwrap_or_default();
            Ok(Jid::parse(&address).ok().map(|address| ListedContact { address, contact }))
        })
    }
}

/// Reads a list of which each item has so many values. What cannot be read any more is left out.
fn page<T>(
    of: &'static str,
    values: Vec<crate::port::Value>,
    per_item: usize,
    item: impl Fn(&mut Reply) -> Result<Option<T>, RedisError>,
) -> Result<Listed<T>, RedisError> {
    let length = values.len();
    let mut reply = Reply::new(of, values);
    match reply.text()?.as_str() {
        "unknown" => return Ok(Listed::Unknown),
        "down" => return Ok(Listed::Down),
        "page" => {}
        _ => return reply.unexpected(),
    }
    let total = usize::try_from(reply.number()?).unwrap_or(usize::MAX);
    let mut items = Vec::with_capacity(length / per_item);
    for _ in (2..length).step_by(per_item) {
        items.extend(item(&mut reply)?);
    }
    Ok(Listed::Page(total, items))
}
