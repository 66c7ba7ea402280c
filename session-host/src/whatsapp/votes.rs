//! What a vote in a poll chose. Votes are sealed with the poll's secret, between whoever made the poll and whoever votes, by the
//! addresses that the app of the voter used. It refuses what does not open for them.

use std::collections::HashSet;

use contract::jid::Jid;
use redis::RedisError;
use wacore::poll::{PollVoteCiphertext, compute_option_hash, decrypt_poll_vote_with_secret};
use waproto::whatsapp as wa;
use waproto::whatsapp::message::PollUpdateMessage;
use whatsapp_rust::Client;

use super::content;
use super::identity::{Identity, to_library};
use super::wrappers::{secret, unwrapped};
use crate::history::{Entry, History};

/// Options of a poll that are looked at: the apps allow twelve.
const MAX_OPTIONS: usize = 64;

/// The names of the options that a vote chose; none when it was taken back. `None` when it cannot be read: the poll is not known, or
/// the vote is not of whom it says. `earlier` is what arrived with it.
pub(super) async fn chosen(
    client: &Client,
    history: &History,
    earlier: &[Entry],
    chat: &Jid,
    voter: &Identity,
    vote: &PollUpdateMessage,
) -> Result<Option<Vec<String>>, RedisError> {
    let Some(id) = vote.poll_creation_message_key.as_option().and_then(|key| key.id.as_deref()) else {
        return Ok(None);
    };
    let found = earlier.iter().rev().find(|entry| entry.chat == *chat && entry.message.id == id);
    let found = match found {
        Some(entry) => Some((entry.raw.clone(), entry.message.clone())),
        None => history.find(chat, id).await?,
    };
    let Some((poll, message)) = found else {
        tracing::debug!("a vote is in a poll that is not known");
        return Ok(None);
    };
    let own = Identity::own(client);
    let creator = if message.from_me {
        own.clone()
    } else {
        let other = [message.pn.as_ref(), message.lid.as_ref()].into_iter().flatten().find(|jid| **jid != message.from);
        let read = |jid: &String| Jid::parse(jid).ok().as_ref().and_then(to_library);
        match read(&message.from) {
            Some(from) => Identity::resolve(client, &from, other.and_then(read).as_ref()).await,
            None => None,
        }
    };
    let voter = own.filter(|own| own.chat == voter.chat).unwrap_or_else(|| voter.clone());
    let names = creator.and_then(|creator| open(&poll, vote, id, &between(&creator, &voter)));
    if names.is_none() {
        tracing::debug!("a vote cannot be read");
    }
    Ok(names)
}

/// The addresses of both, of one kind each: apps do not mix them.
fn between(creator: &Identity, voter: &Identity) -> Vec<(String, String)> {
    let pair =
        |creator: &Option<Jid>, voter: &Option<Jid>| Some((creator.as_ref()?.to_string(), voter.as_ref()?.to_string()));
    [pair(&creator.lid, &voter.lid), pair(&creator.pn, &voter.pn)].into_iter().flatten().collect()
}

fn open(poll: &wa::Message, vote: &PollUpdateMessage, id: &str, between: &[(String, String)]) -> Option<Vec<String>> {
    let secret = secret(poll)?;
    let poll = content::poll(unwrapped(poll))?;
    let vote = vote.vote.as_option()?;
    let sealed = PollVoteCiphertext { enc_payload: vote.enc_payload.as_deref()?, enc_iv: vote.enc_iv.as_deref()? };
    let opened = between
        .iter()
        .find_map(|(creator, voter)| decrypt_poll_vote_with_secret(sealed, secret, id, creator, voter).ok())?;
    let opened: HashSet<Vec<u8>> = opened.into_iter().collect();
    let names = poll.options.iter().take(MAX_OPTIONS).filter_map(|option| option.option_name.as_deref());
    let names = names.filter(|name| opened.contains(compute_option_hash(name).as_slice()));
    Some(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use wacore::poll::encrypt_poll_vote_with_secret;
    use waproto::buffa::MessageField;
    use waproto::whatsapp::message::{PollCreationMessage, PollEncValue, poll_creation_message};

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    fn poll(names: &[&str]) -> wa::Message {
        let option =
            |name: &&str| poll_creation_message::Option { option_name: Some((*name).to_owned()), ..Default::default() };
        let poll = PollCreationMessage { options: names.iter().map(option).collect(), ..Default::default() };
        let context = wa::MessageContextInfo { message_secret: Some(SECRET.to_vec()), ..Default::default() };
        wa::Message {
            poll_creation_message: MessageField::some(poll),
            message_context_info: MessageField::some(context),
            ..Default::default()
        }
    }

    fn vote(names: &[&str], creator: &str, voter: &str) -> PollUpdateMessage {
        let hashes: Vec<Vec<u8>> = names.iter().map(|name| compute_option_hash(name).to_vec()).collect();
        let (payload, iv) = encrypt_poll_vote_with_secret(&hashes, &SECRET, "P1", creator, voter).unwrap();
        let vote = PollEncValue { enc_payload: Some(payload), enc_iv: Some(iv.to_vec()) };
        PollUpdateMessage { vote: MessageField::some(vote), ..Default::default() }
    }

    fn person(number: u8) -> Identity {
        let pn = Jid::parse(&format!("628120000{number:04}@s.whatsapp.net")).unwrap();
        Identity::new(pn, Jid::parse(&format!("10000000000{number:04}@lid")).ok().as_ref())
    }

    #[test]
    fn a_vote_is_opened_by_number_and_by_hidden_address_of_the_right_people_only() {
        let (shop, alice, bob) = (person(1), person(2), person(3));
        let poll = poll(&["Nasi", "Mie", "Soto"]);
        for (creator, voter) in between(&shop, &alice) {
            let vote = vote(&["Mie", "Nasi", "unknown"], &creator, &voter);
            let read = |creator, voter| open(&poll, &vote, "P1", &between(creator, voter));
            assert_eq!(read(&shop, &alice), Some(vec!["Nasi".to_owned(), "Mie".to_owned()]));
            assert_eq!(read(&shop, &bob), None);
            assert_eq!(open(&poll, &vote, "P2", &between(&shop, &alice)), None);
        }
        let back = vote(&[], "a@lid", "b@lid");
        assert_eq!(open(&poll, &back, "P1", &[("a@lid".to_owned(), "b@lid".to_owned())]), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_vote_is_none() {
        let between = [("a@lid".to_owned(), "b@lid".to_owned())];
        let poll = poll(&["Nasi"]);
        let mut short = vote(&["Nasi"], "a@lid", "b@lid");
        short.vote = MessageField::some(PollEncValue { enc_payload: Some(vec![1]), enc_iv: Some(Vec::new()) });
        assert_eq!(open(&poll, &short, "P1", &between), None);
        assert_eq!(open(&poll, &PollUpdateMessage::default(), "P1", &between), None);
        assert_eq!(open(&wa::Message::default(), &vote(&["Nasi"], "a@lid", "b@lid"), "P1", &between), None);
    }
}
