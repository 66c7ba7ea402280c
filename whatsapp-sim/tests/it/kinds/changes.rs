//! Messages that change earlier ones: edits, deletions, reactions, pins; and messages that disappear.

use whatsapp_rust::send::RevokeType;
use whatsapp_rust::wacore::proto_helpers::{MessageBuilderExt as _, MessageExt as _, build_reaction_message};
use whatsapp_rust::wacore::types::message::EditAttribute;
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::{
    PollEncValue, PollUpdateMessage, ProtocolMessage, pin_in_chat_message, protocol_message,
};
use whatsapp_sim::scenario::Said;
use whatsapp_sim::{Content, FileKind, MessageError, Outgoing, OutgoingFile, Reacted, Scenario, SimError, Written};

use super::{Two, lid, nothing, sees, shown};
use crate::client::{all_understood, jid, network, phone};

fn edit(id: &str, text: &str) -> Content {
    Content::Edit { id: id.to_owned(), text: text.to_owned() }
}

fn revoke(id: &str) -> Content {
    Content::Revoke { id: id.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_edits_and_deletes_what_it_wrote() {
    let mut two = Two::meet().await;
    let (first, _) = two.bob_says(Outgoing::text("helo")).await;
    let (info, message) = two.bob_sends(edit(&first, "hello")).await;
    assert_eq!(info.edit, EditAttribute::MessageEdit);
    let protocol = message.protocol_message.as_option().unwrap();
    assert_eq!(protocol.r#type, Some(protocol_message::Type::MESSAGE_EDIT));
    assert_eq!(protocol.key.as_option().unwrap().id.as_deref(), Some(first.as_str()));
    assert_eq!(protocol.edited_message.as_option().unwrap().text_content(), Some("hello"));
    for number in [&two.ada, &two.bob] {
        let seen = sees(&two.sim, number, &first, |message| message.details.edited).await;
        assert_eq!(seen.text.as_deref(), Some("hello"));
        let change = shown(&two.sim, number, &info.id).await;
        assert_eq!((change.kind.as_str(), change.details.about.as_deref()), ("edit", Some(first.as_str())));
    }

    let picture = OutgoingFile { data: vec![1; 100], caption: Some("a".to_owned()), ..OutgoingFile::default() };
    let (second, _) = two.bob_says(Content::File(FileKind::Image, picture)).await;
    let (_, message) = two.bob_sends(edit(&second, "b")).await;
    let edited = message.protocol_message.as_option().unwrap().edited_message.as_option().unwrap();
    assert_eq!(edited.image_message.as_option().unwrap().caption.as_deref(), Some("b"));
    let seen = shown(&two.sim, &two.ada, &second).await;
    assert_eq!(seen.details.file.unwrap().caption.as_deref(), Some("b"));

    let (info, message) = two.bob_sends(revoke(&second)).await;
    assert_eq!(info.edit, EditAttribute::SenderRevoke);
    let protocol = message.protocol_message.as_option().unwrap();
    assert_eq!(protocol.r#type, Some(protocol_message::Type::REVOKE));
    for number in [&two.ada, &two.bob] {
        let seen = shown(&two.sim, number, &second).await;
        assert_eq!((seen.text, seen.details.file, seen.details.deleted_by), (None, None, Some(two.bob.clone())));
        assert!(matches!(two.sim.phone_media(number, &second).await, Err(SimError::Media(_))));
    }
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_shows_what_a_client_edits_and_deletes() {
    let two = Two::meet().await;
    let id = two.client.send(&jid(&two.bob), "one").await;
    shown(&two.sim, &two.bob, &id).await;
    let chat = lid(&two.sim, &two.bob).await;
    two.client.client.edit_message(chat.clone(), &id, wa::Message::text("two")).await.unwrap();
    for number in [&two.ada, &two.bob] {
        sees(&two.sim, number, &id, |message| message.text.as_deref() == Some("two") && message.details.edited).await;
    }
    // The newer form, that only the secret of the message opens.
    let secret = [7_u8; 32];
    let secretive = wa::Message {
        conversation: Some("sealed".to_owned()),
        message_context_info: wa::MessageContextInfo { message_secret: Some(secret.to_vec()), ..Default::default() }
            .into(),
        ..wa::Message::default()
    };
    let sealed = two.ada_says(secretive).await.id;
    two.client
        .client
        .edit_message_encrypted(chat.clone(), &sealed, &secret, wa::Message::text("opened"))
        .await
        .unwrap();
    two.bob_sees(&sealed, |message| message.text.as_deref() == Some("opened") && message.details.edited).await;

    two.client.client.revoke_message(chat, &id, RevokeType::Sender).await.unwrap();
    for number in [&two.ada, &two.bob] {
        let seen = sees(&two.sim, number, &id, |message| message.details.deleted_by.is_some()).await;
        assert_eq!((seen.text, seen.details.deleted_by), (None, Some(two.ada.clone())));
    }
    all_understood(&two.sim).await;
    // What was deleted is not edited any more, and what others wrote is not one's own.
    let edited = two.sim.phone_sends(&two.ada, &two.bob, edit(&id, "three").into()).await;
    assert!(matches!(edited, Err(SimError::Message(MessageError::NotEditable))), "{edited:?}");
    let theirs = two.sim.phone_sends(&two.bob, &two.ada, edit(&sealed, "three").into()).await;
    assert!(matches!(theirs, Err(SimError::Message(MessageError::NotYours))), "{theirs:?}");
    let theirs = two.sim.phone_sends(&two.bob, &two.ada, revoke(&sealed).into()).await;
    assert!(matches!(theirs, Err(SimError::Message(MessageError::NotYours))), "{theirs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_changes_nothing() {
    let mut two = Two::meet().await;
    let poll = Content::Poll { name: "?".to_owned(), options: vec!["a".to_owned(), "b".to_owned()], selectable: 1 };
    let (poll, _) = two.bob_says(poll).await;
    let (text, _) = two.bob_says(Outgoing::text("mine")).await;
    let before = shown(&two.sim, &two.bob, &poll).await.details;
    let chat = lid(&two.sim, &two.bob).await.to_string();
    let key = |id: &str, from_me: bool| wa::MessageKey {
        remote_jid: Some(chat.clone()),
        from_me: Some(from_me),
        id: Some(id.to_owned()),
        participant: Some("not a JID".to_owned()),
    };
    let vote = |key: wa::MessageKey| wa::Message {
        poll_update_message: MessageField::some(PollUpdateMessage {
            poll_creation_message_key: MessageField::some(key),
            vote: MessageField::some(PollEncValue { enc_payload: Some(vec![1; 40]), enc_iv: Some(vec![2; 3]) }),
            ..PollUpdateMessage::default()
        }),
        ..wa::Message::default()
    };
    let protocol = |key: wa::MessageKey, kind: protocol_message::Type| wa::Message {
        protocol_message: MessageField::some(ProtocolMessage {
            key: MessageField::some(key),
            r#type: Some(kind),
            edited_message: MessageField::some(wa::Message::text("yours")),
            ..ProtocolMessage::default()
        }),
        ..wa::Message::default()
    };
    // A vote that nobody sealed, one for a text, one for nothing; changes of what another wrote, under both names.
    for message in [vote(key(&poll, false)), vote(key(&text, false)), vote(key("NOPE", true))] {
        let seen = two.ada_says(message).await;
        assert_eq!((seen.kind.as_str(), seen.details.selected), ("vote", None));
    }
    for kind in [protocol_message::Type::MESSAGE_EDIT, protocol_message::Type::REVOKE] {
        for from_me in [true, false] {
            two.ada_says(protocol(key(&text, from_me), kind)).await;
        }
    }
    two.ada_says(build_reaction_message(key("NOPE", true), "👍", 1)).await;
    assert_eq!(shown(&two.sim, &two.bob, &poll).await.details, before);
    let seen = shown(&two.sim, &two.bob, &text).await;
    assert_eq!((seen.text.as_deref(), seen.details), (Some("mine"), nothing()));

    // More than any message has: its beginning is shown, and nothing kept.
    let context = wa::ContextInfo { is_forwarded: Some(true), ..wa::ContextInfo::default() };
    let large = two.ada_says(wa::Message::text_with_context("x".repeat(300_000), context)).await;
    assert_eq!((large.text.map(|text| text.len()), large.details), (Some(65_536), nothing()));
    let quoting = two.sim.phone_sends(&two.bob, &two.ada, Outgoing::text("?").quoting(&large.id)).await;
    assert!(matches!(quoting, Err(SimError::NoSuchMessage)), "{quoting:?}");
    all_understood(&two.sim).await;
}

#[tokio::test]
async fn what_was_said_long_ago_is_not_edited_but_quoted_and_deleted() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let message = Written::text("see you");
    let said = Said { from: "Bob".to_owned(), to: "Ada".to_owned(), minutes_ago: 16, name: None, message };
    sim.load_scenario(&Scenario { history: vec![said], ..Scenario::default() }).await.unwrap();
    let id = sim.phone_messages(&bob).await.unwrap().remove(0).id;
    let late = sim.phone_sends(&bob, &ada, edit(&id, "see you tomorrow").into()).await;
    assert!(matches!(late, Err(SimError::Message(MessageError::NotEditable))), "{late:?}");
    let answer = sim.phone_sends(&ada, &bob, Outgoing::text("yes").quoting(&id)).await.unwrap();
    assert_eq!(shown(&sim, &bob, &answer).await.details.quoted.unwrap().text.as_deref(), Some("see you"));
    sim.phone_sends(&bob, &ada, revoke(&id).into()).await.unwrap();
    assert_eq!(shown(&sim, &ada, &id).await.details.deleted_by, Some(bob.clone()));
    let gone = sim.phone_sends(&ada, &bob, Outgoing::text("what?").quoting(&id)).await;
    assert!(matches!(gone, Err(SimError::NoSuchMessage)), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_and_pins_come_and_go() {
    let mut two = Two::meet().await;
    let id = two.client.send(&jid(&two.bob), "look").await;
    shown(&two.sim, &two.bob, &id).await;
    let reaction = |emoji: &str| Content::Reaction { id: id.clone(), emoji: emoji.to_owned() };
    two.bob_says(reaction("👍")).await;
    let (info, message) = two.bob_sends(reaction("❤️")).await;
    assert_eq!(message.reaction_message.as_option().unwrap().text.as_deref(), Some("❤️"));
    assert_eq!(info.edit, EditAttribute::Empty);
    for number in [&two.ada, &two.bob] {
        let reacted = Reacted { from: two.bob.clone(), emoji: "❤️".to_owned() };
        assert_eq!(shown(&two.sim, number, &id).await.details.reactions, [reacted], "the last one counts");
    }
    // Both sides, and a client's counts as well.
    let own = wa::MessageKey {
        remote_jid: Some(lid(&two.sim, &two.bob).await.to_string()),
        from_me: Some(true),
        id: Some(id.clone()),
        participant: None,
    };
    two.ada_says(build_reaction_message(own.clone(), "👏", 1)).await;
    two.bob_sees(&id, |message| message.details.reactions.len() == 2).await;
    two.ada_says(build_reaction_message(own, "", 2)).await;
    two.bob_sees(&id, |message| message.details.reactions.len() == 1).await;
    let (info, _) = two.bob_sends(reaction("")).await;
    assert_eq!(info.edit, EditAttribute::SenderRevoke);
    assert_eq!(shown(&two.sim, &two.ada, &id).await.details.reactions, []);

    let (info, message) = two.bob_sends(Content::Pin { id: id.clone(), seconds: 86_400 }).await;
    assert_eq!(info.edit, EditAttribute::PinInChat);
    let pin = message.pin_in_chat_message.as_option().unwrap();
    assert_eq!(pin.r#type, Some(pin_in_chat_message::Type::PIN_FOR_ALL));
    let context = message.message_context_info.as_option().unwrap();
    assert_eq!(context.message_add_on_duration_in_secs, Some(86_400));
    assert_eq!(shown(&two.sim, &two.ada, &id).await.details.pinned, Some(true));
    let chat = lid(&two.sim, &two.bob).await;
    let key = wa::MessageKey {
        remote_jid: Some(chat.to_string()),
        from_me: Some(true),
        id: Some(id.clone()),
        participant: None,
    };
    two.client.client.unpin_message(chat, key).await.unwrap();
    two.bob_sees(&id, |message| message.details.pinned.is_none()).await;
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_chat_with_a_timer_disappear() {
    let mut two = Two::meet().await;
    let (id, message) = two.bob_says(Content::Timer { seconds: 86_400 }).await;
    let setting = message.protocol_message.as_option().unwrap();
    assert_eq!(setting.r#type, Some(protocol_message::Type::EPHEMERAL_SETTING));
    assert_eq!(setting.ephemeral_expiration, Some(86_400));
    let seen = shown(&two.sim, &two.ada, &id).await;
    assert_eq!((seen.kind.as_str(), seen.details.expires_after), ("timer", Some(86_400)));

    let (id, message) = two.bob_says(Outgoing::text("gone tomorrow")).await;
    assert_eq!(message.get_ephemeral_expiration(), Some(86_400));
    assert_eq!(shown(&two.sim, &two.ada, &id).await.details.expires_after, Some(86_400));
    let wrapped = Outgoing::text("as of old").expiring(604_800).in_ephemeral_wrapper();
    let (info, message) = two.bob_sends(wrapped).await;
    assert!(message.is_ephemeral() && message.get_base_message().get_ephemeral_expiration() == Some(604_800));
    assert_eq!(shown(&two.sim, &two.ada, &info.id).await.text.as_deref(), Some("as of old"));

    let context = wa::ContextInfo { expiration: Some(86_400), is_forwarded: Some(true), ..wa::ContextInfo::default() };
    let seen = two.ada_says(wa::Message::text_with_context("also gone", context)).await;
    assert_eq!((seen.details.expires_after, seen.details.forwarded), (Some(86_400), true));

    // A client ends it, for the phones of both sides.
    let chat = lid(&two.sim, &two.bob).await;
    let ended = two.client.client.set_chat_disappearing_timer(chat, 0).await.unwrap().message_id;
    assert_eq!(shown(&two.sim, &two.bob, &ended).await.details.expires_after, Some(0));
    let (_, message) = two.bob_says(Outgoing::text("stays")).await;
    assert_eq!(message.get_ephemeral_expiration(), None);
    all_understood(&two.sim).await;
}
