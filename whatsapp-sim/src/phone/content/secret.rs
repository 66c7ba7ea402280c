//! What is sealed with the secret of an earlier message: votes, answers to events, and edits in the newer form. It refuses whatever does not
//! open for the people it is said to be between.

use rand::Rng as _;
use wacore::event::{decrypt_event_response_with_secret, encrypt_event_response_with_secret};
use wacore::message_edit::{MessageEditContext, decrypt_message_edit};
use wacore::poll::{
    PollVoteCiphertext, compute_option_hash, decrypt_poll_vote_with_secret, encrypt_poll_vote_with_secret,
};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::event_response_message::EventResponseType;
use waproto::whatsapp::message::secret_encrypted_message::SecretEncType;
use waproto::whatsapp::message::{EncEventResponseMessage, EventResponseMessage, PollEncValue, PollUpdateMessage};

use super::{EventAnswer, MessageRef};

/// The length of a message's secret.
const SECRET: usize = 32;

/// Who wrote the earlier message, and who the one about it, as JIDs: keys follow from both.
pub(crate) struct Between {
    pub(crate) original: String,
    pub(crate) later: String,
}

/// The secret that a message carries.
pub(crate) fn message_secret(message: &wa::Message) -> Option<&[u8]> {
    let secret = message.message_context_info.as_option()?.message_secret.as_deref()?;
    (secret.len() == SECRET).then_some(secret)
}

/// Gives a message a secret of its own, as every message of a phone has.
pub(crate) fn with_secret(mut message: wa::Message) -> wa::Message {
    let mut secret = vec![0; SECRET];
    rand::rng().fill_bytes(&mut secret);
    message.message_context_info.get_or_insert_default().message_secret = Some(secret);
    message
}

/// A vote for options of a poll; none takes the earlier vote back.
pub(crate) fn vote(
    of: MessageRef,
    secret: &[u8],
    options: &[String],
    between: &Between,
    timestamp_ms: i64,
) -> Option<wa::Message> {
    let hashes: Vec<Vec<u8>> = options.iter().map(|option| compute_option_hash(option).to_vec()).collect();
    let (payload, iv) =
        encrypt_poll_vote_with_secret(&hashes, secret, &of.id, &between.original, &between.later).ok()?;
    let vote = PollEncValue { enc_payload: Some(payload), enc_iv: Some(iv.to_vec()) };
    Some(wa::Message {
        poll_update_message: MessageField::some(PollUpdateMessage {
            poll_creation_message_key: MessageField::some(of.into()),
            vote: MessageField::some(vote),
            sender_timestamp_ms: Some(timestamp_ms),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// The hashes of the options that a vote is for.
pub(crate) fn open_vote(update: &PollUpdateMessage, secret: &[u8], between: &[Between]) -> Option<Vec<Vec<u8>>> {
    let id = update.poll_creation_message_key.as_option()?.id.as_deref()?;
    let vote = update.vote.as_option()?;
    let sealed = PollVoteCiphertext { enc_payload: vote.enc_payload.as_deref()?, enc_iv: vote.enc_iv.as_deref()? };
    between
        .iter()
        .find_map(|Between { original, later }| decrypt_poll_vote_with_secret(sealed, secret, id, original, later).ok())
}

/// An answer to an event.
pub(crate) fn response(
    of: MessageRef,
    secret: &[u8],
    answer: EventAnswer,
    between: &Between,
    timestamp_ms: i64,
) -> Option<wa::Message> {
    let response = match answer {
        EventAnswer::Going => EventResponseType::GOING,
        EventAnswer::NotGoing => EventResponseType::NOT_GOING,
        EventAnswer::Maybe => EventResponseType::MAYBE,
    };
    let response =
        EventResponseMessage { response: Some(response), timestamp_ms: Some(timestamp_ms), ..Default::default() };
    let (payload, iv) =
        encrypt_event_response_with_secret(&response, secret, &of.id, &between.original, &between.later).ok()?;
    Some(wa::Message {
        enc_event_response_message: MessageField::some(EncEventResponseMessage {
            event_creation_message_key: MessageField::some(of.into()),
            enc_payload: Some(payload),
            enc_iv: Some(iv.to_vec()),
        }),
        ..Default::default()
    })
}

/// What an answer to an event says.
pub(crate) fn open_response(
    sealed: &EncEventResponseMessage,
    secret: &[u8],
    between: &[Between],
) -> Option<EventAnswer> {
    let id = sealed.event_creation_message_key.as_option()?.id.as_deref()?;
    let (payload, iv) = (sealed.enc_payload.as_deref()?, sealed.enc_iv.as_deref()?);
    let opened = between.iter().find_map(|Between { original, later }| {
        decrypt_event_response_with_secret(payload, iv, secret, id, original, later).ok()
    });
    match opened?.response? {
        EventResponseType::GOING => Some(EventAnswer::Going),
        EventResponseType::NOT_GOING => Some(EventAnswer::NotGoing),
        EventResponseType::MAYBE => Some(EventAnswer::Maybe),
        EventResponseType::UNKNOWN => None,
    }
}

/// Whether a message is an edit that only the secret of the earlier message opens.
pub(crate) fn is_sealed_edit(base: &wa::Message) -> bool {
    let sealed = base.secret_encrypted_message.as_option();
    sealed.is_some_and(|sealed| sealed.secret_enc_type == Some(SecretEncType::MESSAGE_EDIT))
}

/// The message that a sealed edit holds.
pub(crate) fn open_edit(base: &wa::Message, secret: &[u8], between: &[Between]) -> Option<wa::Message> {
    let sealed = base.secret_encrypted_message.as_option()?;
    let id = sealed.target_message_key.as_option()?.id.as_deref()?;
    let (payload, iv) = (sealed.enc_payload.as_deref()?, sealed.enc_iv.as_deref()?);
    between.iter().find_map(|Between { original, later }| {
        let context = MessageEditContext { original_msg_id: id, original_sender_jid: original, editor_jid: later };
        decrypt_message_edit(payload, iv, secret, &context).ok()
    })
}
