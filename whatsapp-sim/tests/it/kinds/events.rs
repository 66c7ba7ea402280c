//! Events and who comes, what is kept in disappearing chats, and kinds that phones only show.

use whatsapp_rust::features::{EventCreationParams, EventResponseType};
use whatsapp_rust::wacore::event::decrypt_event_response_with_secret;
use whatsapp_rust::wacore::proto_helpers::wrap_as_album_child;
use whatsapp_rust::wacore::types::message::EditAttribute;
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::{
    AlbumMessage, ButtonsMessage, ButtonsResponseMessage, GroupInviteMessage, ImageMessage, ListMessage,
};
use whatsapp_sim::{Content, EventAnswer, MessageError, Occasion, Outgoing, Responded, SimError};

use super::{Two, lid, sees, shown};
use crate::client::{all_understood, jid};

fn respond(id: &str, answer: EventAnswer) -> Content {
    Content::Respond { id: id.to_owned(), answer }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_answers_to_a_phones_event() {
    let mut two = Two::meet().await;
    let event = Occasion {
        name: "Dinner".to_owned(),
        description: Some("at ours".to_owned()),
        start: 1_800_000_000,
        end: None,
    };
    let (info, message) = two.bob_sends(Content::Event(event.clone())).await;
    let got = message.event_message.as_option().unwrap();
    assert_eq!((got.name.as_deref(), got.start_time), (Some("Dinner"), Some(1_800_000_000)));
    let seen = shown(&two.sim, &two.ada, &info.id).await;
    assert_eq!((seen.kind.as_str(), seen.details.event), ("event", Some(event)));

    let secret = message.message_context_info.as_option().unwrap().message_secret.clone().unwrap();
    let (chat, creator) = (info.source.chat.clone(), info.source.sender.to_non_ad());
    for (response, answer) in
        [(EventResponseType::MAYBE, EventAnswer::Maybe), (EventResponseType::GOING, EventAnswer::Going)]
    {
        let events = two.client.client.events();
        events.respond(chat.clone(), &info.id, &creator, &secret, response, None).await.unwrap();
        let responded = [Responded { from: two.ada.clone(), answer }];
        for number in [&two.ada, &two.bob] {
            sees(&two.sim, number, &info.id, |message| message.details.responses == responded).await;
        }
    }
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_answers_to_a_clients_event() {
    let mut two = Two::meet().await;
    let params = EventCreationParams { name: "Walk".to_owned(), start_time: Some(1_800_000_000), ..Default::default() };
    let chat = lid(&two.sim, &two.bob).await;
    let (sent, secret) = two.client.client.events().create(chat, params).await.unwrap();
    let id = sent.message_id;
    assert_eq!(shown(&two.sim, &two.bob, &id).await.details.event.unwrap().name, "Walk");
    let (info, message) = two.bob_sends(respond(&id, EventAnswer::NotGoing)).await;
    let sealed = message.enc_event_response_message.as_option().unwrap();
    let opened = decrypt_event_response_with_secret(
        sealed.enc_payload.as_deref().unwrap(),
        sealed.enc_iv.as_deref().unwrap(),
        &secret,
        &id,
        &lid(&two.sim, &two.ada).await.to_string(),
        &info.source.sender.to_non_ad().to_string(),
    );
    assert_eq!(opened.unwrap().response, Some(EventResponseType::NOT_GOING));
    let text = two.client.send(&jid(&two.bob), "no event").await;
    shown(&two.sim, &two.bob, &text).await;
    let refused = two.sim.phone_sends(&two.bob, &two.ada, respond(&text, EventAnswer::Going).into()).await;
    assert!(matches!(refused, Err(SimError::Message(MessageError::NotAnEvent))), "{refused:?}");
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_disappearing_chats_are_kept() {
    let mut two = Two::meet().await;
    let (id, _) = two.bob_says(Outgoing::text("worth keeping").expiring(86_400)).await;
    let (_, message) = two.bob_sends(Content::Keep { id: id.clone(), keep: true }).await;
    assert_eq!(message.keep_in_chat_message.as_option().unwrap().keep_type, Some(wa::KeepType::KEEP_FOR_ALL));
    assert_eq!(shown(&two.sim, &two.ada, &id).await.details.kept, Some(true));
    let chat = lid(&two.sim, &two.bob).await;
    let key = wa::MessageKey {
        remote_jid: Some(chat.to_string()),
        from_me: Some(false),
        id: Some(id.clone()),
        participant: None,
    };
    two.client.client.keep_message(chat, key, false).await.unwrap();
    two.bob_sees(&id, |message| message.details.kept.is_none()).await;
    let (info, _) = two.bob_sends(Content::Keep { id, keep: false }).await;
    assert_eq!(info.edit, EditAttribute::SenderRevoke);
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_phones_only_show_has_a_name_and_words() {
    let two = Two::meet().await;
    let shown = async |message: wa::Message| {
        let shown = two.ada_says(message).await;
        (shown.kind, shown.text.unwrap_or_default())
    };
    let named = |kind: &str, text: &str| (kind.to_owned(), text.to_owned());
    let album = AlbumMessage { expected_image_count: Some(1), ..AlbumMessage::default() };
    let album = wa::Message { album_message: MessageField::some(album), ..wa::Message::default() };
    assert_eq!(shown(album).await, named("album", ""));
    let image = ImageMessage { caption: Some("one of many".to_owned()), ..ImageMessage::default() };
    let image = wa::Message { image_message: MessageField::some(image), ..wa::Message::default() };
    assert_eq!(shown(wrap_as_album_child(image, wa::MessageKey::default())).await, named("image", "one of many"));
    let invite = GroupInviteMessage { group_name: Some("Walks".to_owned()), ..GroupInviteMessage::default() };
    let invite = wa::Message { group_invite_message: MessageField::some(invite), ..wa::Message::default() };
    assert_eq!(shown(invite).await, named("invite", "Walks"));
    let buttons = ButtonsMessage { content_text: Some("Tea?".to_owned()), ..ButtonsMessage::default() };
    let buttons = wa::Message { buttons_message: MessageField::some(buttons), ..wa::Message::default() };
    assert_eq!(shown(buttons).await, named("interactive", "Tea?"));
    let list = ListMessage { title: Some("Menu".to_owned()), ..ListMessage::default() };
    let list = wa::Message { list_message: MessageField::some(list), ..wa::Message::default() };
    assert_eq!(shown(list).await, named("interactive", "Menu"));
    let choice = ButtonsResponseMessage { selected_button_id: Some("yes".to_owned()), ..Default::default() };
    let choice = wa::Message { buttons_response_message: MessageField::some(choice), ..wa::Message::default() };
    assert_eq!(shown(choice).await, named("choice", "yes"));
    all_understood(&two.sim).await;
}
