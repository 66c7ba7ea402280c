//! What phones answer by themselves. An answer is never answered by another phone's: otherwise two of them would talk for
//! ever.

use std::collections::{BTreeMap, VecDeque};

use super::World;
use super::chat::Chat;
use super::phone_inbox::Arrival;
use super::records::Key;
use crate::scenario::{ANSWERED, Reply};
use crate::sim::SimError;
use crate::written::Written;

/// How many ids of automatic answers are remembered; each is looked for once, in the same step.
const MAX_AUTOMATIC: usize = 4096;

/// The answers of all phones.
#[derive(Default)]
pub(crate) struct Replies {
    pub(crate) by_number: BTreeMap<u64, Vec<Reply>>,
    automatic: VecDeque<String>,
}

impl World {
    /// What the phone of `number` answers from now on.
    pub(crate) fn set_replies(&mut self, number: u64, replies: &[Reply]) {
        if self.replies.by_number.get(&number).map_or(&[][..], Vec::as_slice) == replies {
            return;
        }
        if replies.is_empty() {
            self.replies.by_number.remove(&number);
        } else {
            self.replies.by_number.insert(number, replies.to_vec());
        }
        self.touch(Key::Replies(number));
    }

    /// Notes that a message was an answer that nobody wrote.
    pub(super) fn mark_automatic(&mut self, id: String) {
        self.replies.automatic.push_back(id);
        if self.replies.automatic.len() > MAX_AUTOMATIC {
            self.replies.automatic.pop_front();
        }
    }

    /// Lets a phone answer a text.
    pub(super) async fn reply(&mut self, arrival: &Arrival, text: &str) {
        let Some(replies) = self.replies.by_number.get(&arrival.number) else { return };
        let lower = text.to_lowercase();
        let fits = |reply: &&Reply| match &reply.contains {
            Some(part) => lower.contains(&part.to_lowercase()),
            None => arrival.chat.person().is_some(),
        };
        let Some(reply) = replies.iter().find(fits).cloned() else { return };
        if matches!(arrival.chat, Chat::Status | Chat::Newsletter(_)) || self.replies.automatic.contains(&arrival.id) {
            return;
        }
        let mut names = BTreeMap::from([(ANSWERED.to_owned(), arrival.id.clone())]);
        for saying in &reply.say {
            let message = saying.written().answering(text).with_ids(|id| names.get(id).cloned());
            match self.answer(arrival, message).await {
                Ok(id) => {
                    names.extend(saying.name().map(|name| (name.to_owned(), id.clone())));
                    self.mark_automatic(id);
                }
                Err(error) => tracing::warn!(%error, "an answer was not sent"),
            }
        }
    }

    async fn answer(&mut self, arrival: &Arrival, message: Written) -> Result<String, SimError> {
        let outgoing = message.outgoing()?;
        let attached = self.attach(&outgoing)?;
        // Boxed: it may itself be the work that an arrival causes.
        Box::pin(self.phone_says(arrival.number, arrival.chat, &outgoing, attached.as_ref())).await
    }
}
