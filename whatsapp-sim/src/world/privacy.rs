//! Privacy settings: their values, and who may see, reach or add whom because of them. The rules are here in one place;
//! whoever shows something about an account asks first.

use std::collections::BTreeSet;

use wacore_binary::builder::NodeBuilder;

use super::records::Key;
use super::{DeviceRef, World};

/// What a category may be set to; the first value is the one that an account begins with.
const CATEGORIES: [(&str, &[&str]); 9] = [
    ("last", &["all", "contacts", "contact_blacklist", "none"]),
    ("online", &["all", "match_last_seen"]),
    ("profile", &["all", "contacts", "contact_blacklist", "none"]),
    ("status", &["all", "contacts", "contact_blacklist", "none"]),
    ("groupadd", &["all", "contacts", "contact_blacklist", "none"]),
    ("readreceipts", &["all", "none"]),
    ("calladd", &["all", "known", "contacts"]),
    ("messages", &["all", "contacts"]),
    ("defense", &["off", "on_standard"]),
];
/// A category that this network knows nothing of is kept and served; there are about fifteen in all.
const MAX_CATEGORIES: usize = 32;
/// The longest name or value of such a category.
const MAX_WORD: usize = 64;
/// How many contacts a category may leave out.
const MAX_LEFT_OUT: usize = 4096;

/// Why a setting is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The category does not take this value.
    BadValue,
    /// The list that the client knows is not the one that it changes.
    OutOfDate,
}

/// A change of the list of those whom a category leaves out.
#[derive(Debug, Default)]
pub(crate) struct ListChange {
    /// The hash of the list that the client knows.
    pub(crate) known: String,
    pub(crate) added: BTreeSet<u64>,
    pub(crate) removed: BTreeSet<u64>,
}

impl World {
    /// All settings of an account.
    pub(crate) fn privacy_settings(&self, number: u64) -> Vec<(String, String)> {
        let Some(account) = self.accounts.get(&number) else { return Vec::new() };
        let known = CATEGORIES.iter().map(|(name, _)| ((*name).to_owned(), self.privacy(number, name).to_owned()));
        let is_known = |name: &str| CATEGORIES.iter().any(|(known, _)| *known == name);
        let others = account.privacy.iter().filter(|(name, _)| !is_known(name));
        known.chain(others.map(|(name, value)| (name.clone(), value.clone()))).collect()
    }

    /// One setting of an account.
    pub(crate) fn privacy(&self, number: u64, category: &str) -> &str {
        let set = self.accounts.get(&number).and_then(|account| account.privacy.get(category));
        let default = || CATEGORIES.iter().find(|(name, _)| *name == category).and_then(|(_, values)| values.first());
        set.map(String::as_str).or_else(|| default().copied()).unwrap_or_default()
    }

    /// Changes a setting; returns the hash of the category's list when the change was about that.
    pub(crate) fn set_privacy(
        &mut self,
        who: DeviceRef,
        category: &str,
        value: &str,
        list: Option<&ListChange>,
    ) -> Result<Option<String>, Refused> {
        let current = self.left_out_hash(who.number, category);
        let account = self.accounts.get_mut(&who.number).ok_or(Refused::BadValue)?;
        let known = CATEGORIES.iter().find(|(name, _)| *name == category);
        let fits = if let Some((_, values)) = known {
            values.contains(&value)
        } else {
            let room = account.privacy.contains_key(category) || account.privacy.len() < MAX_CATEGORIES;
            room && category.len() <= MAX_WORD && value.len() <= MAX_WORD
        };
        if !fits || (list.is_some() && value != "contact_blacklist") {
            return Err(Refused::BadValue);
        }
        if let Some(change) = list {
            let empty = change.known.is_empty() || change.known == "none";
            if if empty { current.is_some() } else { current.as_deref() != Some(change.known.as_str()) } {
                return Err(Refused::OutOfDate);
            }
            let mut left_out = account.social.left_out.get(category).cloned().unwrap_or_default();
            left_out.extend(&change.added);
            left_out.retain(|number| !change.removed.contains(number));
            if left_out.len() > MAX_LEFT_OUT {
                return Err(Refused::BadValue);
            }
            account.social.left_out.insert(category.to_owned(), left_out);
        }
        account.privacy.insert(category.to_owned(), value.to_owned());
        self.touch(Key::Account(who.number));
        Ok(if list.is_some() { self.left_out_hash(who.number, category) } else { None })
    }

    /// Tells the account's other companions of one changed setting.
    pub(crate) fn privacy_changed(&mut self, who: DeviceRef, category: &str, value: &str) {
        let category = NodeBuilder::new("category").attr("name", category).attr("value", value).build();
        self.account_changed(who, NodeBuilder::new("privacy").children([category]).build());
    }

    /// The hash under which clients know a category's list; an empty list has none.
    fn left_out_hash(&self, number: u64, category: &str) -> Option<String> {
        use sha2::{Digest as _, Sha256};
        let left_out = self.accounts.get(&number)?.social.left_out.get(category).filter(|list| !list.is_empty())?;
        let mut hash = Sha256::new();
        for number in left_out {
            hash.update(number.to_be_bytes());
        }
        Some(hex::encode(&hash.finalize()[..8]))
    }

    /// Whether `viewer` is among those for whom the account has opened a category.
    fn open_to(&self, number: u64, viewer: u64, category: &str) -> bool {
        let Some(account) = self.accounts.get(&number) else { return false };
        let contact = account.social.contacts.contains(&viewer);
        let left_out = || account.social.left_out.get(category).is_some_and(|list| list.contains(&viewer));
        number == viewer
            || !self.has_blocked(number, viewer)
                && match self.privacy(number, category) {
                    "contacts" | "known" => contact,
                    "contact_blacklist" => contact && !left_out(),
                    "none" => false,
                    _ => true,
                }
    }

    /// Whether `viewer` may see the account's picture.
    pub(crate) fn may_see_picture(&self, number: u64, viewer: u64) -> bool {
        self.open_to(number, viewer, "profile")
    }

    /// Whether `viewer` may read the account's about text.
    pub(crate) fn may_see_about(&self, number: u64, viewer: u64) -> bool {
        self.open_to(number, viewer, "status")
    }

    /// Whether `adder` may put the account into a group; otherwise it can only invite.
    pub(crate) fn may_add_to_group(&self, number: u64, adder: u64) -> bool {
        self.open_to(number, adder, "groupadd")
    }

    /// Whether a call of `caller` rings at the account.
    pub(crate) fn may_ring(&self, number: u64, caller: u64) -> bool {
        self.open_to(number, caller, "calladd")
    }

    /// Whether `viewer` may learn when the account was last in use: only who shows the own time sees that of others.
    pub(crate) fn may_see_last(&self, number: u64, viewer: u64) -> bool {
        number == viewer || self.privacy(viewer, "last") != "none" && self.open_to(number, viewer, "last")
    }

    /// Whether `viewer` may learn that the account is in use now.
    pub(crate) fn may_see_online(&self, number: u64, viewer: u64) -> bool {
        match self.privacy(number, "online") {
            "match_last_seen" => self.may_see_last(number, viewer),
            _ => self.open_to(number, viewer, "online"),
        }
    }

    /// Whether the author of a message learns that the reader has read it: both have to allow it.
    pub(crate) fn may_know_of_reading(&self, reader: u64, author: u64) -> bool {
        [reader, author].into_iter().all(|number| self.privacy(number, "readreceipts") != "none")
    }

    /// Somebody enters an account's address book.
    pub(crate) fn add_contact(&mut self, number: u64, contact: u64) {
        if let Some(account) = self.accounts.get_mut(&number)
            && number != contact
            && account.social.contacts.insert(contact)
        {
            self.touch(Key::Account(number));
        }
    }

    /// Somebody leaves an account's address book.
    pub(crate) fn remove_contact(&mut self, number: u64, contact: u64) {
        if let Some(account) = self.accounts.get_mut(&number)
            && account.social.contacts.remove(&contact)
        {
            self.touch(Key::Account(number));
        }
    }
}
