//! Creating accounts and finding them by what a person typed or by their name. Numbers and LIDs are allocated by
//! counting, so the same steps always give the same network.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

use super::World;
use super::account::{Account, AppStateKey};
use super::phone_inbox::Inbox;
use super::records::Key;
use super::social::Social;
use crate::address::{self, Typed};
use crate::blob::{Blob, Key32};
use crate::clock;
use crate::config::RESERVED_NUMBER;
use crate::phone::PhoneSignal;
use crate::sim::SimError;

/// The number of the first account; fictional (`+62 812 0000 00NN`).
const FIRST_NUMBER: u64 = 6_281_200_000_000;
/// The LID of the first account.
const FIRST_LID: u64 = 100_000_000_000_000;
/// A network of people, not a load generator: every account holds a phone with keys and sessions in memory.
pub(crate) const MAX_ACCOUNTS: usize = 10_000;
/// WhatsApp's own limit of a push name.
pub(super) const MAX_NAME: usize = 25 * 4;
/// The about text of a fresh account.
const DEFAULT_ABOUT: &str = "Hey there! I am using WhatsApp.";

impl World {
    /// A new account with its phone.
    pub(crate) fn create_account(&mut self, name: &str, number: Option<&str>) -> Result<u64, SimError> {
        let name = Self::checked_name(name)?;
        if self.accounts.len() >= MAX_ACCOUNTS {
            return Err(SimError::TooManyAccounts);
        }
        let wanted = match number {
            None => None,
            Some(text) => match address::parse(text)? {
                Typed::Number(number) => Some(number),
                Typed::Lid(_) => return Err(SimError::BadAddress(address::AddressError::NotANumber)),
            },
        };
        if wanted.is_some_and(|number| number == RESERVED_NUMBER || self.accounts.contains_key(&number)) {
            return Err(SimError::NumberTaken);
        }
        let number = loop {
            self.created += 1;
            let candidate = wanted.unwrap_or(FIRST_NUMBER + self.created);
            if !self.accounts.contains_key(&candidate) {
                break candidate;
            }
        };
        let lid = FIRST_LID + self.created;
        let mut rng = rand::make_rng::<StdRng>();
        let mut key_id = vec![0; 6];
        rng.fill_bytes(&mut key_id);
        let account = Account {
            number,
            lid,
            name: name.to_owned(),
            raw_id: rng.random_range(1..=u32::from(u16::MAX)),
            last_key_index: 0,
            last_device: 0,
            about: DEFAULT_ABOUT.to_owned(),
            echo: false,
            watchers: BTreeSet::new(),
            blocked: BTreeSet::new(),
            privacy: BTreeMap::new(),
            social: Social::default(),
            app_state_key: AppStateKey { id: Blob(key_id), data: Key32(rng.random()), timestamp: clock::now() },
            devices: BTreeMap::new(),
            collections: BTreeMap::new(),
            replicas: BTreeMap::new(),
            phone: PhoneSignal::generate(&mut rng),
            inbox: Inbox::default(),
        };
        self.add_account(account);
        self.touch(Key::World);
        self.touch(Key::Account(number));
        self.touch(Key::Signal(number));
        Ok(number)
    }

    /// A name that an account may have.
    pub(super) fn checked_name(name: &str) -> Result<&str, SimError> {
        let name = name.trim();
        if name.is_empty() || name.len() > MAX_NAME { Err(SimError::BadName) } else { Ok(name) }
    }

    pub(super) fn add_account(&mut self, account: Account) {
        self.numbers_by_lid.insert(account.lid, account.number);
        self.accounts.insert(account.number, account);
    }

    pub(super) fn created(&self) -> u64 {
        self.created
    }

    pub(super) fn set_created(&mut self, created: u64) {
        self.created = created;
    }

    /// The account that a person means; an unregistered number is an error.
    pub(crate) fn find(&self, typed: &str) -> Result<u64, SimError> {
        self.resolve_typed(address::parse(typed)?).ok_or(SimError::Unregistered)
    }

    /// The account with this name, created when there is none.
    pub(crate) fn named(&mut self, name: &str) -> Result<u64, SimError> {
        let name = name.trim();
        match self.accounts.values().find(|account| account.name == name) {
            Some(account) => Ok(account.number),
            None => self.create_account(name, None),
        }
    }
}
