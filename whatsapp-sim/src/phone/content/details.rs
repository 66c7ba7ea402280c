//! Everything that a person sees in a message besides its text. Refuses nothing, and cuts lists that no phone would show
//! in full.

use wacore::download::Downloadable as _;
use wacore::poll::compute_option_hash;
use wacore::proto_helpers::MessageExt as _;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{self, PollCreationMessage, pin_in_chat_message, protocol_message};

use super::{base, summary};
use crate::sim::{
    ContactCard, FileDetails, Invitation, LinkPreview, MessageDetails, Occasion, Place, Poll, PollOption, Quoted,
};

/// WhatsApp ends polls at 12 options, and cards at 257.
const MAX_LISTED: usize = 257;
/// The largest group has so many members to mention.
const MAX_MENTIONS: usize = 1024;

/// What there is to see; `name` says whom a JID means.
pub(crate) fn details(message: &wa::Message, name: &dyn Fn(&str) -> String) -> MessageDetails {
    let base = base(message);
    let context = context(base);
    let expires = base.protocol_message.as_option().and_then(|content| content.ephemeral_expiration);
    MessageDetails {
        about: key_of(base).and_then(|key| key.id.clone()),
        file: file(base),
        quoted: context.and_then(|context| quoted(context, name)),
        mentions: context.map(|context| mentions(context, name)).unwrap_or_default(),
        link: link(base),
        location: place(base),
        contacts: contacts(base),
        poll: poll_of(base).map(poll),
        event: base.event_message.as_option().map(event),
        invite: base.group_invite_message.as_option().map(invite),
        forwarded: context.and_then(|context| context.is_forwarded).unwrap_or_default(),
        view_once: message.is_view_once(),
        expires_after: expires.or_else(|| context?.expiration.filter(|seconds| *seconds > 0)),
        pinned: base
            .pin_in_chat_message
            .as_option()
            .map(|pin| pin.r#type == Some(pin_in_chat_message::Type::PIN_FOR_ALL)),
        kept: base.keep_in_chat_message.as_option().map(|keep| keep.keep_type == Some(wa::KeepType::KEEP_FOR_ALL)),
        ..MessageDetails::default()
    }
}

/// The key of the message that another one is about.
pub(crate) fn key_of(base: &wa::Message) -> Option<&wa::MessageKey> {
    let protocol = base.protocol_message.as_option().filter(|content| {
        matches!(content.r#type, Some(protocol_message::Type::REVOKE | protocol_message::Type::MESSAGE_EDIT))
    });
    protocol
        .and_then(|content| content.key.as_option())
        .or_else(|| base.reaction_message.as_option()?.key.as_option())
        .or_else(|| base.poll_update_message.as_option()?.poll_creation_message_key.as_option())
        .or_else(|| base.pin_in_chat_message.as_option()?.key.as_option())
        .or_else(|| base.keep_in_chat_message.as_option()?.key.as_option())
        .or_else(|| base.enc_event_response_message.as_option()?.event_creation_message_key.as_option())
        .or_else(|| base.secret_encrypted_message.as_option()?.target_message_key.as_option())
}

/// Whether a message is there to be read by itself, instead of changing another or speaking to the software.
pub(crate) fn stands_for_itself(message: &wa::Message) -> bool {
    const OTHERS: [&str; 11] =
        ["vote", "response", "reaction", "edit", "delete", "pin", "keep", "timer", "protocol", "unknown", "album"];
    !OTHERS.contains(&summary(message).kind)
}

/// The poll of a message, whichever version it is.
pub(crate) fn poll_of(base: &wa::Message) -> Option<&PollCreationMessage> {
    let versions = [
        &base.poll_creation_message_v3,
        &base.poll_creation_message,
        &base.poll_creation_message_v2,
        &base.poll_creation_message_v5,
    ];
    versions.into_iter().find_map(|poll| poll.as_option())
}

/// The names of the options that hashes stand for.
pub(crate) fn chosen(poll: &PollCreationMessage, hashes: &[Vec<u8>]) -> Vec<String> {
    let names = poll.options.iter().take(MAX_LISTED).filter_map(|option| option.option_name.as_ref());
    names.filter(|name| hashes.iter().any(|hash| hash[..] == compute_option_hash(name))).cloned().collect()
}

/// What surrounds a message: quotation, mentions, timer.
fn context(base: &wa::Message) -> Option<&wa::ContextInfo> {
    macro_rules! first {
        ($($field:ident),*) => {
            [$(base.$field.as_option().and_then(|content| content.context_info.as_option())),*].into_iter().flatten().next()
        };
    }
    first!(
        extended_text_message,
        image_message,
        video_message,
        ptv_message,
        audio_message,
        document_message,
        sticker_message,
        location_message,
        live_location_message,
        contact_message,
        contacts_array_message,
        poll_creation_message,
        poll_creation_message_v2,
        poll_creation_message_v3,
        poll_creation_message_v5,
        event_message,
        group_invite_message
    )
}

fn quoted(context: &wa::ContextInfo, name: &dyn Fn(&str) -> String) -> Option<Quoted> {
    let id = context.stanza_id.clone()?;
    let earlier = context.quoted_message.as_option().map(summary);
    let (kind, text) = earlier.map(|content| (content.kind.to_owned(), content.text)).unzip();
    Some(Quoted { id, participant: context.participant.as_deref().map(name), kind, text: text.flatten() })
}

fn mentions(context: &wa::ContextInfo, name: &dyn Fn(&str) -> String) -> Vec<String> {
    context.mentioned_jid.iter().take(MAX_MENTIONS).map(|jid| name(jid)).collect()
}

fn link(base: &wa::Message) -> Option<LinkPreview> {
    let text = base.extended_text_message.as_option()?;
    let url = text.matched_text.clone().filter(|url| !url.is_empty())?;
    Some(LinkPreview { url, title: text.title.clone(), description: text.description.clone() })
}

fn place(base: &wa::Message) -> Option<Place> {
    if let Some(place) = base.location_message.as_option() {
        return Some(Place {
            latitude: place.degrees_latitude.unwrap_or_default(),
            longitude: place.degrees_longitude.unwrap_or_default(),
            name: place.name.clone(),
            address: place.address.clone(),
            live: place.is_live.unwrap_or_default(),
        });
    }
    let place = base.live_location_message.as_option()?;
    Some(Place {
        latitude: place.degrees_latitude.unwrap_or_default(),
        longitude: place.degrees_longitude.unwrap_or_default(),
        name: place.caption.clone(),
        address: None,
        live: true,
    })
}

fn contacts(base: &wa::Message) -> Vec<ContactCard> {
    let card = |contact: &message::ContactMessage| ContactCard {
        name: contact.display_name.clone().unwrap_or_default(),
        vcard: contact.vcard.clone().unwrap_or_default(),
    };
    let several = base.contacts_array_message.as_option().into_iter().flat_map(|array| &array.contacts);
    base.contact_message.as_option().into_iter().chain(several).take(MAX_LISTED).map(card).collect()
}

fn poll(poll: &PollCreationMessage) -> Poll {
    let option = |option: &message::poll_creation_message::Option| PollOption {
        name: option.option_name.clone().unwrap_or_default(),
        voters: Vec::new(),
    };
    Poll {
        options: poll.options.iter().take(MAX_LISTED).map(option).collect(),
        selectable: poll.selectable_options_count.unwrap_or_default(),
    }
}

fn event(event: &message::EventMessage) -> Occasion {
    Occasion {
        name: event.name.clone().unwrap_or_default(),
        description: event.description.clone(),
        start: event.start_time.unwrap_or_default(),
        end: event.end_time,
    }
}

fn invite(invite: &message::GroupInviteMessage) -> Invitation {
    Invitation {
        group: invite.group_jid.clone().unwrap_or_default(),
        name: invite.group_name.clone().unwrap_or_default(),
        code: invite.invite_code.clone().unwrap_or_default(),
        expiration: invite.invite_expiration.unwrap_or_default(),
    }
}

fn file(base: &wa::Message) -> Option<FileDetails> {
    let lottie = base.lottie_sticker_message.as_option().and_then(|lottie| lottie.message.as_option());
    let sticker = lottie.unwrap_or(base).sticker_message.as_option();
    let hash = |hash: Option<&[u8]>| hash.filter(|hash| hash.len() == 32).map(hex::encode);
    let caption = |caption: &Option<String>| caption.clone().filter(|caption| !caption.is_empty());
    if let Some(image) = base.image_message.as_option() {
        return Some(FileDetails {
            mime_type: image.mimetype.clone(),
            caption: caption(&image.caption),
            size: image.file_length(),
            sha256: hash(image.file_sha256()),
            width: image.width,
            height: image.height,
            ..FileDetails::default()
        });
    }
    if let Some(video) = base.video_message.as_option().or(base.ptv_message.as_option()) {
        return Some(FileDetails {
            mime_type: video.mimetype.clone(),
            caption: caption(&video.caption),
            size: video.file_length(),
            sha256: hash(video.file_sha256()),
            width: video.width,
            height: video.height,
            seconds: video.seconds,
            gif: video.gif_playback.unwrap_or_default(),
            note: base.ptv_message.is_set(),
            ..FileDetails::default()
        });
    }
    if let Some(audio) = base.audio_message.as_option() {
        return Some(FileDetails {
            mime_type: audio.mimetype.clone(),
            size: audio.file_length(),
            sha256: hash(audio.file_sha256()),
            seconds: audio.seconds,
            voice: audio.ptt.unwrap_or_default(),
            waveform: audio.waveform.as_ref().map(Vec::len),
            ..FileDetails::default()
        });
    }
    if let Some(document) = base.document_message.as_option() {
        return Some(FileDetails {
            mime_type: document.mimetype.clone(),
            file_name: document.file_name.clone(),
            caption: caption(&document.caption),
            size: document.file_length(),
            sha256: hash(document.file_sha256()),
            ..FileDetails::default()
        });
    }
    sticker.map(|sticker| FileDetails {
        mime_type: sticker.mimetype.clone(),
        size: sticker.file_length(),
        sha256: hash(sticker.file_sha256()),
        width: sticker.width,
        height: sticker.height,
        animated: sticker.is_animated.unwrap_or_default(),
        ..FileDetails::default()
    })
}
