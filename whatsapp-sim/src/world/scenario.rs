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
use super::{DeviceRef, World};
use crate::clock;
use crate::scenario::{Gathering, Reply, Said, Saying, Scenario, ScenarioError};
use crate::sim::SimError;
use crate::written::Written;

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
    /// The ids of the messages that have a name.
    pub(crate) messages: BTreeMap<String, String>,
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
        for person in &scenario.people {
            let replies = self.replies_meant(&names, &person.replies)?;
            self.set_replies(self.meant(&names, &person.name)?, &replies);
        }
        let mut times: BTreeMap<[u8; 32], u32> = BTreeMap::new();
        for said in scenario.past() {
            let (id, missing) = self.say_in_the_past(&names, said, &mut times)?;
            loaded.messages += usize::from(missing);
            names.messages.extend(said.name.clone().map(|name| (name, id)));
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
        let group = |name: &String| {
            let group = scenario.groups.iter().any(|group| group.subject == *name);
            if group { Ok(()) } else { Err(SimError::Scenario(ScenarioError::Nobody(name.clone()))) }
        };
        let chat = |name: &String| group(name).or_else(|_| somebody(name));
        let message = |message: &Written| {
            message.mentioned().iter().try_for_each(somebody)?;
            message.invited_to().map_or(Ok(()), group)
        };
        for reply in scenario.people.iter().flat_map(|person| &person.replies) {
            reply.say.iter().try_for_each(|saying| message(&saying.written()))?;
        }
        for group in &scenario.groups {
            somebody(&group.founder)?;
            group.members.iter().try_for_each(somebody)?;
        }
        for said in &scenario.history {
            somebody(&said.from)?;
            chat(&said.to)?;
            message(&said.message)?;
        }
        let steps = scenario.timeline.iter();
        let sends = steps.clone().filter_map(|step| step.send.as_ref()).map(|send| (&send.from, &send.to));
        let typing = steps.clone().filter_map(|step| step.typing.as_ref()).map(|typing| (&typing.from, &typing.to));
        for (from, to) in sends.chain(typing) {
            somebody(from)?;
            chat(to)?;
        }
        steps.clone().filter_map(|step| step.send.as_ref()).try_for_each(|send| message(&send.message))?;
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

    /// A message with numbers and addresses for the names in it.
    pub(crate) fn message_meant(&self, names: &Names, message: &Written) -> Result<Written, SimError> {
        message.clone().with_people(
            |person| self.meant(names, person).map(|number| number.to_string()),
            |group| self.chat_meant(names, group).map(|chat| chat.to_string()),
        )
    }

    fn replies_meant(&self, names: &Names, replies: &[Reply]) -> Result<Vec<Reply>, SimError> {
        let mut replies = replies.to_vec();
        for saying in replies.iter_mut().flat_map(|reply| &mut reply.say) {
            if let Saying::Message(named) = saying {
                named.message = self.message_meant(names, &named.message)?;
            }
        }
        Ok(replies)
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

    /// Files a message of the past on the phones of its chat; its id, and whether it was missing.
    fn say_in_the_past(
        &mut self,
        names: &Names,
        said: &Said,
        times: &mut BTreeMap<[u8; 32], u32>,
    ) -> Result<(String, bool), SimError> {
        let from = self.meant(names, &said.from)?;
        let chat = self.chat_meant(names, &said.to)?;
        let content = match said.message.as_text() {
            Some(text) => text.to_owned(),
            // Plain structures of texts and numbers are always JSON.
            None => serde_json::to_string(&said.message).unwrap_or_default(),
        };
        let same = Sha256::digest(format!("{from}\n{chat}\n{}\n{content}", said.minutes_ago)).into();
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
        let lacks = |phone: &u64| {
            let inbox = self.accounts.get(phone).map(|account| &account.inbox);
            inbox.is_some_and(|inbox| inbox.messages.values().all(|message| message.id != id))
        };
        let phones: Vec<u64> = phones.into_iter().filter(lacks).collect();
        if phones.is_empty() {
            return Ok((id, false));
        }
        let timestamp = clock::now().saturating_sub(u64::from(said.minutes_ago) * 60);
        let message = self.message_meant(names, &said.message)?.with_ids(|name| names.messages.get(name).cloned());
        let outgoing = message.outgoing()?;
        let attached = self.attach(&outgoing)?;
        let message = self.phone_words(from, chat, &outgoing, attached.as_ref(), timestamp)?;
        for phone in phones {
            let shown = Shown { id: id.clone(), chat: chat.seen_by(phone, from), author: from, timestamp };
            self.show(phone, shown, &message);
        }
        Ok((id, true))
    }
}
