//! Making a scenario true: whoever and whatever of it is missing is added, and nothing that is there is changed.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::chat::Chat;
use super::group::changes::Founding;
use super::group::{Role, Settings};
use super::records::Key;
use super::shown::Shown;
use super::{DeviceRef, World, replies};
use crate::clock;
use crate::phone::content;
use crate::scenario::{Gathering, Said, Scenario, ScenarioError};
use crate::sim::SimError;

/// What a scenario added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Loaded {
    /// New people.
    pub people: usize,
    /// New groups.
    pub groups: usize,
    /// Messages of the past that no phone had.
    pub messages: usize,
    /// Faults that were not in force.
    pub faults: usize,
}

/// What the names of a scenario mean.
#[derive(Debug, Default)]
pub(crate) struct Names {
    people: BTreeMap<String, u64>,
    groups: BTreeMap<String, u64>,
}

impl World {
    /// Adds people, groups and history.
    pub(crate) fn load_scenario(&mut self, scenario: &Scenario) -> Result<(Loaded, Names), SimError> {
        scenario.check()?;
        self.check_names(scenario)?;
        let (mut loaded, mut names) = (Loaded::default(), Names::default());
        for person in &scenario.people {
            let known = self.known(&person.name, person.number.as_deref())?;
            let number = match known {
                Some(number) => number,
                None => self.create_account(&person.name, person.number.as_deref())?,
            };
            loaded.people += usize::from(known.is_none());
            names.people.insert(person.name.clone(), number);
            self.set_replies(number, &person.replies);
            if let Some(account) = self.accounts.get_mut(&number).filter(|account| account.echo != person.echo) {
                account.echo = person.echo;
                self.touch(Key::Account(number));
            }
        }
        for group in &scenario.groups {
            let (id, new) = self.gather(&names, group)?;
            loaded.groups += usize::from(new);
            names.groups.insert(group.subject.clone(), id);
        }
        let mut history: Vec<&Said> = scenario.history.iter().collect();
        history.sort_by_key(|said| std::cmp::Reverse(said.minutes_ago));
        let mut times: BTreeMap<[u8; 32], u32> = BTreeMap::new();
        for said in history {
            loaded.messages += usize::from(self.say_in_the_past(&names, said, &mut times)?);
        }
        Ok((loaded, names))
    }

    /// Refuses what could not be added, before anything is.
    fn check_names(&self, scenario: &Scenario) -> Result<(), SimError> {
        let somebody = |name: &String| {
            let here = scenario.people.iter().any(|person| person.name == *name);
            if here || self.person_called(name).is_some() || self.find(name).is_ok() {
                Ok(())
            } else {
                Err(SimError::Scenario(ScenarioError::Nobody(name.clone())))
            }
        };
        let chat = |name: &String| {
            let group = scenario.groups.iter().any(|group| group.subject == *name);
            if group { Ok(()) } else { somebody(name) }
        };
        for person in &scenario.people {
            replies::check(&person.name, &person.replies)?;
        }
        for group in &scenario.groups {
            somebody(&group.founder)?;
            group.members.iter().try_for_each(somebody)?;
        }
        for said in &scenario.history {
            somebody(&said.from)?;
            chat(&said.to)?;
        }
        let steps = scenario.timeline.iter();
        let sends = steps.clone().filter_map(|step| step.send.as_ref()).map(|send| (&send.from, &send.to));
        let typing = steps.clone().filter_map(|step| step.typing.as_ref()).map(|typing| (&typing.from, &typing.to));
        for (from, to) in sends.chain(typing) {
            somebody(from)?;
            chat(to)?;
        }
        steps.filter_map(|step| step.burst.as_ref()).map(|burst| &burst.to).try_for_each(somebody)?;
        let faults = scenario.faults.iter().chain(scenario.timeline.iter().filter_map(|step| step.fault.as_ref()));
        faults.filter_map(|fault| fault.number.as_ref()).try_for_each(somebody)
    }

    /// The account that a person of a scenario is already.
    fn known(&self, name: &str, number: Option<&str>) -> Result<Option<u64>, SimError> {
        match number.map(|number| self.find(number)) {
            None => Ok(self.person_called(name)),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(SimError::Unregistered)) => Ok(None),
            Some(Err(error)) => Err(error),
        }
    }

    fn person_called(&self, name: &str) -> Option<u64> {
        let name = name.trim();
        self.accounts.values().find(|account| account.name == name).map(|account| account.number)
    }

    /// The account that a name of a scenario means.
    pub(crate) fn meant(&self, names: &Names, name: &str) -> Result<u64, SimError> {
        let found = names.people.get(name).copied().or_else(|| self.person_called(name));
        let found = found.or_else(|| self.find(name).ok());
        found.ok_or_else(|| SimError::Scenario(ScenarioError::Nobody(name.to_owned())))
    }

    /// The chat that a name of a scenario means.
    pub(crate) fn chat_meant(&self, names: &Names, name: &str) -> Result<Chat, SimError> {
        match names.groups.get(name) {
            Some(group) => Ok(Chat::Group(*group)),
            None => self.meant(names, name).map(Chat::Person),
        }
    }

    /// The group, and whether it is new.
    fn gather(&mut self, names: &Names, gathering: &Gathering) -> Result<(u64, bool), SimError> {
        let founder = self.meant(names, &gathering.founder)?;
        let subject = gathering.subject.trim();
        let there = self.groups.values().find(|group| group.creator == founder && group.subject == subject);
        if let Some(group) = there {
            return Ok((group.id, false));
        }
        let members: Result<Vec<u64>, SimError> =
            gathering.members.iter().map(|member| self.meant(names, member)).collect();
        let description = gathering.description.as_deref();
        let settings = Settings::default();
        let founding = Founding { subject, description, settings, members: members? };
        let (id, _) = self.found_group(DeviceRef { number: founder, device: 0 }, founding)?;
        Ok((id, true))
    }

    /// Files a text of the past on the phones of its chat; whether it was missing.
    fn say_in_the_past(
        &mut self,
        names: &Names,
        said: &Said,
        times: &mut BTreeMap<[u8; 32], u32>,
    ) -> Result<bool, SimError> {
        let from = self.meant(names, &said.from)?;
        let chat = self.chat_meant(names, &said.to)?;
        let same = Sha256::digest(format!("{from}\n{chat}\n{}\n{}", said.minutes_ago, said.text)).into();
        let nth = times.entry(same).and_modify(|nth| *nth += 1).or_insert(0);
        // What is the same in every load has the same id, so a phone that has it is found.
        let id = hex::encode_upper(&Sha256::digest([&same[..], &nth.to_be_bytes()].concat())[..10]);
        let phones: Vec<u64> = match chat {
            Chat::Group(group) => {
                let group = self.group(group)?;
                if group.role(from).is_none_or(|role: Role| role < Role::Member) {
                    return Err(SimError::Scenario(ScenarioError::Nobody(said.from.clone())));
                }
                group.members.keys().copied().collect()
            }
            _ => std::iter::once(from).chain(chat.person().filter(|to| *to != from)).collect(),
        };
        let timestamp = clock::now().saturating_sub(u64::from(said.minutes_ago) * 60);
        let mut missing = false;
        for phone in phones {
            let inbox = self.accounts.get(&phone).map(|account| &account.inbox);
            if inbox.is_none_or(|inbox| inbox.messages.values().any(|message| message.id == id)) {
                continue;
            }
            missing = true;
            let shown = Shown { id: id.clone(), chat: chat.seen_by(phone, from), author: from, timestamp };
            self.show(phone, shown, &content::text(&said.text));
        }
        Ok(missing)
    }
}
