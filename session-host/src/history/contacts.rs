//! Who the account knows: whoever stands in its address book, and whoever wrote to it.
//!
//! A contact has two names: the one in the address book, and the one the person goes by. The order of contacts follows the first,
//! else the second, else the number, so it changes when either does; both are kept in one step.

use std::sync::LazyLock;

use contract::chat::{MAX_CONTACTS, folded, kept};
use contract::jid::Jid;

use super::History;
use crate::fence::{FenceError, Procedure};

/// Stands for "as it was".
pub(super) const UNCHANGED: &str = "\u{1}";

/// `contact(prefix, jid, name, folded name, own name, folded own name, lid)` keeps what is new of a contact.
pub(super) fn keep_contact() -> String {
    format!(
        r"
local function contact(prefix, jid, name, folded, push, folded_push, lid)
  local contacts, names = prefix .. 'contacts', prefix .. 'contacts:names'
  local known = redis.call('HGET', contacts, jid)
  if not known and redis.call('HLEN', contacts) >= {MAX_CONTACTS} then return end
  local c = known and cjson.decode(known) or {{}}
  local function set(field, key, value, folded_value)
    if value == '{UNCHANGED}' then return end
    if value == '' then c[field], c[key] = nil, nil else c[field], c[key] = value, folded_value end
  end
  set('name', 'name_key', name, folded)
  set('push', 'push_key', push, folded_push)
  if lid ~= '' then c.lid = lid end
  local before = c.key
  if not c.name and not c.push then
    if before then redis.call('ZREM', names, before) end
    redis.call('HDEL', contacts, jid)
    return
  end
  c.key = (c.name_key or c.push_key) .. '\0' .. (c.push_key or '') .. '\0' .. jid
  if before ~= c.key then
    if before then redis.call('ZREM', names, before) end
    redis.call('ZADD', names, 0, c.key)
  end
  local now = cjson.encode(c)
  if now ~= known then redis.call('HSET', contacts, jid, now) end
end
"
    )
}

/// ARGV: key prefix; then for each contact its address, name, folded name, own name, folded own name, hidden address.
static CONTACTS: LazyLock<Procedure> = LazyLock::new(|| {
    Procedure::new(&format!(
        r"
{}
for i = 3, #ARGV, 6 do contact(ARGV[2], ARGV[i], ARGV[i+1], ARGV[i+2], ARGV[i+3], ARGV[i+4], ARGV[i+5]) end
return 1
",
        keep_contact()
    ))
});

/// What is new of a contact. `None` is "as it was", an empty name is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChange {
    /// The name in the address book.
    pub name: Option<String>,
    /// The name that the person goes by.
    pub push: Option<String>,
}

impl ContactChange {
    /// The arguments of a name: itself and as it is compared.
    pub(super) fn arguments(name: Option<&str>) -> [Vec<u8>; 2] {
        match name {
            None => [UNCHANGED.as_bytes().to_vec(), Vec::new()],
            Some(name) => [kept(name).into_bytes(), folded(name).into_bytes()],
        }
    }
}

impl History {
    /// Keeps what is new of contacts.
    pub async fn contacts(&self, changes: &[(Jid, Option<Jid>, ContactChange)]) -> Result<(), FenceError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut args = vec![self.fence.keys().prefix().as_bytes().to_vec()];
        for (address, lid, change) in changes {
            args.push(address.to_string().into_bytes());
            args.extend(ContactChange::arguments(change.name.as_deref()));
            args.extend(ContactChange::arguments(change.push.as_deref()));
            args.push(lid.as_ref().map(Jid::to_string).unwrap_or_default().into_bytes());
        }
        self.fence.call::<u64>(&CONTACTS, &[], args).await.map(drop)
    }
}
