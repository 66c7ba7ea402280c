//! What a scenario must be before anything of it is done: not too much, steps of one act, and messages that a phone would
//! send, each about one that is named before it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{ANSWERED, Person, Reply, Scenario, ScenarioError};
use crate::written::Written;

/// How many people, groups, messages or steps a file may have.
pub(super) const MAX_ITEMS: usize = 5000;
/// When the last step may happen: nobody waits longer than a week.
pub(super) const MAX_AFTER: Duration = Duration::from_hours(7 * 24);
/// How many answers a phone knows.
const MAX_REPLIES: usize = 50;
/// How many messages one answer has.
const MAX_SAID: usize = 10;
/// How long a text, or what it has to contain, may be: far below what a message holds, since `{text}` is put into it.
const MAX_TEXT: usize = 4096;
/// The files of all answers of a phone: they are written down with them.
const MAX_REPLY_FILES: usize = 1024 * 1024;

impl Scenario {
    /// Refuses what is too much, steps that are none, and messages that nobody could send.
    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        let counts = [
            (self.people.len(), "people"),
            (self.groups.len(), "groups"),
            (self.history.len(), "messages"),
            (self.faults.len(), "faults"),
            (self.timeline.len(), "steps"),
        ];
        if let Some((_, what)) = counts.into_iter().find(|(count, _)| *count > MAX_ITEMS) {
            return Err(ScenarioError::TooMany(what));
        }
        for (nth, step) in self.timeline.iter().enumerate() {
            let acts = [step.send.is_some(), step.typing.is_some(), step.fault.is_some(), step.burst.is_some()];
            if acts.into_iter().filter(|act| *act).count() != 1 {
                return Err(ScenarioError::Act(nth + 1));
            }
            if Duration::from_millis(step.after_ms) > MAX_AFTER {
                return Err(ScenarioError::TooLate(nth + 1));
            }
        }
        for Person { name, replies, .. } in &self.people {
            check_replies(name, replies)?;
        }
        let mut names = BTreeSet::new();
        let past = self.past().into_iter().map(|said| (&said.from, said.name.as_deref(), &said.message));
        let mut steps: Vec<_> = self.timeline.iter().collect();
        steps.sort_by_key(|step| step.after_ms);
        let later = steps.into_iter().filter_map(|step| step.send.as_ref());
        let later = later.map(|send| (&send.from, send.name.as_deref(), &send.message));
        for (from, name, message) in past.chain(later) {
            check_message(from, message, &names)?;
            names.extend(name);
        }
        Ok(())
    }

    /// The history, the oldest first.
    pub(crate) fn past(&self) -> Vec<&super::Said> {
        let mut past: Vec<_> = self.history.iter().collect();
        past.sort_by_key(|said| std::cmp::Reverse(said.minutes_ago));
        past
    }
}

/// Refuses answers that say nothing, too much, or what no phone would send.
pub(crate) fn check_replies(person: &str, replies: &[Reply]) -> Result<(), ScenarioError> {
    let bad = || ScenarioError::Replies(person.to_owned());
    if replies.len() > MAX_REPLIES {
        return Err(bad());
    }
    let fits = |text: &String| !text.is_empty() && text.len() <= MAX_TEXT;
    let mut files = 0;
    for reply in replies {
        if !(1..=MAX_SAID).contains(&reply.say.len()) || !reply.contains.iter().all(fits) {
            return Err(bad());
        }
        let mut names = BTreeSet::from([ANSWERED]);
        for saying in &reply.say {
            let mut message = saying.written();
            files += message.file_bytes();
            if !message.words().all(|words| fits(words)) || files > MAX_REPLY_FILES {
                return Err(bad());
            }
            check_message(person, &message, &names)?;
            names.extend(saying.name());
        }
    }
    Ok(())
}

fn check_message(from: &str, message: &Written, names: &BTreeSet<&str>) -> Result<(), ScenarioError> {
    if let Some(file) = message.missing_file() {
        return Err(ScenarioError::NoFile(file.clone()));
    }
    if let Some(unknown) = message.ids().find(|id| !names.contains(id.as_str())) {
        return Err(ScenarioError::NoMessage(unknown.clone()));
    }
    let checked = message.clone().outgoing().and_then(|outgoing| outgoing.check());
    checked.map_err(|why| ScenarioError::Message(from.to_owned(), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_one_act() {
        let step = |text: &str| Scenario { timeline: vec![toml::from_str(text).unwrap()], ..Scenario::default() };
        assert!(step("afterMs = 1\ntyping = { from = \"a\", to = \"b\" }").check().is_ok());
        assert!(matches!(step("afterMs = 1").check(), Err(ScenarioError::Act(1))));
        let late = step("afterMs = 604800001\ntyping = { from = \"a\", to = \"b\" }").check();
        assert!(matches!(late, Err(ScenarioError::TooLate(1))));
        let both = "afterMs = 1\nfault = { kind = \"holdAcks\" }\ntyping = { from = \"a\", to = \"b\" }";
        assert!(matches!(step(both).check(), Err(ScenarioError::Act(1))));
    }

    #[test]
    fn a_message_has_one_content_and_is_about_an_earlier_one() {
        let about = |past: &str, later: &str| {
            let text = format!(
                "history = [{past}]\ntimeline = [{{ afterMs = 1, send = {{ from = 'a', to = 'b', {later} }} }}]"
            );
            Scenario::from_toml(&text).unwrap().check()
        };
        let past = "{ from = 'a', to = 'b', minutesAgo = 1, text = 'x', as = 'it' }";
        about(past, "text = 'y', quote = 'it'").unwrap();
        assert!(
            matches!(about(past, "text = 'y', quote = 'that'"), Err(ScenarioError::NoMessage(name)) if name == "that")
        );
        assert!(matches!(about(past, "as = 'me', revoke = { id = 'me' }"), Err(ScenarioError::NoMessage(_))));
        for wrong in ["text = 'y', poll = { name = 'x', options = ['a', 'b'] }", "as = 'it'", "text = ''"] {
            assert!(matches!(about(past, wrong), Err(ScenarioError::Message(from, _)) if from == "a"), "{wrong}");
        }
        let file = about(past, "image = { file = 'a.jpg' }");
        assert!(matches!(file, Err(ScenarioError::NoFile(_))), "without a folder there are no files: {file:?}");
    }

    #[test]
    fn an_answer_is_about_what_is_answered_or_said_before_in_it() {
        let said = |say: &str| check_replies("Ada", &[toml::from_str(&format!("say = [{say}]")).unwrap()]);
        said("'{text}?', { reaction = { id = '{id}', emoji = 'x' } }").unwrap();
        said("{ text = 'a', as = 'it' }, { edit = { id = 'it', text = 'b' } }").unwrap();
        assert!(matches!(
            said("{ revoke = { id = 'it' } }, { text = 'a', as = 'it' }"),
            Err(ScenarioError::NoMessage(_))
        ));
        assert!(matches!(said("''"), Err(ScenarioError::Replies(_))));
        let large = "QUFB".repeat(MAX_REPLY_FILES / 3 + 1);
        assert!(matches!(said(&format!("{{ image = {{ data = '{large}' }} }}")), Err(ScenarioError::Replies(_))));
    }
}
