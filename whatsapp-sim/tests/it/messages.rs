//! Messages between clients and phones: both ways, to several devices, late, refused, and under trouble.

use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::presence::ReceiptType;
use whatsapp_sim::{GroupError, SimError};

use crate::client::{DEADLINE, TestClient, all_understood, jid, network, phone};

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_talk_and_their_phones_have_it_all() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut ada_client = TestClient::linked(&sim, &ada).await;
    let mut bob_client = TestClient::linked(&sim, &bob).await;

    let id = ada_client.send(&jid(&bob), "hello Bob").await;
    assert_eq!(ada_client.ack(&id).await, None);
    let info = bob_client.text("hello Bob").await;
    assert_eq!((info.id.as_str(), info.push_name.as_str(), info.source.is_from_me), (id.as_str(), "Ada", false));
    assert_eq!(info.source.chat.user.as_str(), sim.phone(&ada).await.unwrap().lid, "chats are known by their LID");
    assert_eq!(info.source.sender_alt.map(|alt| alt.user.to_string()), Some(ada.clone()));

    let answer = bob_client.send(&info.source.chat, "hello Ada").await;
    ada_client.text("hello Ada").await;
    for (number, wanted) in [(&ada, &id), (&bob, &id), (&ada, &answer), (&bob, &answer)] {
        let found = sim.wait_for_message(number, |message| &message.id == wanted, DEADLINE).await.unwrap();
        assert_eq!(found.map(|message| message.wire_repeats), Some(0));
    }

    // The second messages of both sides go through the sessions that the first ones began.
    ada_client.send(&jid(&bob), "once more").await;
    bob_client.text("once more").await;
    bob_client.send(&jid(&ada), "and back").await;
    ada_client.text("and back").await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_hears_of_delivery_and_reading() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let id = client.send(&jid(&bob), "hello").await;
    let receipt = |id: String, kind: ReceiptType| {
        move |event: &Event| match event {
            Event::Receipt(receipt) if receipt.message_ids.contains(&id) && receipt.r#type == kind => Some(()),
            _ => None,
        }
    };
    client.expect("the delivery", receipt(id.clone(), ReceiptType::Delivered)).await;
    sim.phone_read(&bob, &ada, std::slice::from_ref(&id)).await.unwrap();
    client.expect("the reading", receipt(id.clone(), ReceiptType::Read)).await;
    let kinds: Vec<String> = sim.phone_receipts(&ada).await.unwrap().into_iter().map(|receipt| receipt.kind).collect();
    assert_eq!(kinds, ["delivered", "read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_companion_of_both_sides_gets_its_copy() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut first = TestClient::linked(&sim, &ada).await;
    let mut bob_first = TestClient::linked(&sim, &bob).await;
    first.send(&jid(&bob), "early").await;
    bob_first.text("early").await;

    // Both link another companion; the notifications make the others write to it as well.
    let mut second = TestClient::linked(&sim, &ada).await;
    let mut bob_second = TestClient::linked(&sim, &bob).await;
    let lists_known = |event: &Event| matches!(event, Event::DeviceListUpdate(_)).then_some(());
    first.expect("the news of the second companion", lists_known).await;
    first.expect("the news of Bob's second companion", lists_known).await;

    first.send(&jid(&bob), "to all").await;
    bob_first.text("to all").await;
    bob_second.text("to all").await;
    let own = second.text("to all").await;
    assert!(own.source.is_from_me);
    assert_eq!(own.source.chat.user.as_str(), sim.phone(&bob).await.unwrap().lid);

    // What the phone writes reaches them too, Bob's as a message and Ada's as a copy.
    sim.phone_send(&ada, &bob, "from the phone").await.unwrap();
    for client in [&mut first, &mut second] {
        assert!(client.text("from the phone").await.source.is_from_me);
    }
    for client in [&mut bob_first, &mut bob_second] {
        assert!(!client.text("from the phone").await.source.is_from_me);
    }
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_a_client_is_away_waits_for_it() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let away = sim.wait_for_phone(&ada, |phone| phone.devices[0].queued == 0, DEADLINE).await.unwrap();
    assert!(away.is_some());
    let store = client.stop().await;
    let offline = sim.wait_for_phone(&ada, |phone| !phone.devices[0].online, DEADLINE).await.unwrap();
    assert!(offline.is_some());
    for text in ["one", "two", "three"] {
        sim.phone_send(&bob, &ada, text).await.unwrap();
    }
    assert_eq!(sim.phone(&ada).await.unwrap().devices[0].queued, 3);

    let mut client = TestClient::start(sim.ws_url(), store).await;
    let mut texts = Vec::new();
    while texts.len() < 3 {
        let more = client
            .expect("the backlog", |event| {
                use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
                let texts: Vec<String> =
                    event.messages().filter_map(|inbound| inbound.message.text_content()).map(str::to_owned).collect();
                (!texts.is_empty()).then_some(texts)
            })
            .await;
        texts.extend(more);
    }
    assert_eq!(texts, ["one", "two", "three"]);
    let empty = sim.wait_for_phone(&ada, |phone| phone.devices[0].queued == 0, DEADLINE).await.unwrap();
    assert!(empty.is_some(), "the client acknowledges its backlog");
    client.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_phone_answers_texts_but_not_echoes() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    sim.set_echo(&ada, true).await.unwrap();
    sim.set_echo(&bob, true).await.unwrap();
    client.send(&jid(&bob), "hello").await;
    client.text("Echo: hello").await;
    assert_eq!(sim.phone_messages(&bob).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_refuses_and_withholds_on_request() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    sim.refuse_next_send(463).await.unwrap();
    let refused = client.send(&jid(&bob), "not this one").await;
    assert_eq!(client.ack(&refused).await.as_deref(), Some("463"));

    sim.hold_acks(true).await.unwrap();
    let held = client.send(&jid(&bob), "taken silently").await;
    sim.wait_for_message(&bob, |message| message.id == held, DEADLINE).await.unwrap().expect("it is delivered");
    assert!(!client.has_come(|event| matches!(event, Event::ServerAck(ack) if ack.id == held)));
    sim.hold_acks(false).await.unwrap();
    assert_eq!(client.ack(&held).await, None);
    assert!(!sim.phone_messages(&bob).await.unwrap().iter().any(|message| message.id == refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_contact_is_not_heard() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    sim.phone_send(&bob, &ada, "before").await.unwrap();
    let chat = client.text("before").await.source.chat;
    client.client.blocking().block(&chat).await.unwrap();
    sim.phone_send(&bob, &ada, "while blocked").await.unwrap();
    client.client.blocking().unblock(&chat).await.unwrap();
    sim.phone_send(&bob, &ada, "after").await.unwrap();
    client.text("after").await;
    let heard: Vec<_> =
        sim.phone_messages(&ada).await.unwrap().into_iter().filter_map(|message| message.text).collect();
    assert_eq!(heard, ["before", "after"]);
    all_understood(&sim).await;
}

#[tokio::test]
async fn phones_write_only_to_people() {
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    assert!(matches!(sim.phone_send(&ada, "+62 812 9999 9999", "hello").await, Err(SimError::Unregistered)));
    assert!(matches!(sim.phone_send(&ada, "nobody", "hello").await, Err(SimError::BadAddress(_))));
    assert!(matches!(sim.phone_send(&ada, &ada, "").await, Err(SimError::BadText)));
    assert!(matches!(sim.phone_react(&ada, &ada, "missing", "x").await, Err(SimError::NoSuchMessage)));
    assert!(matches!(sim.create_phone("Other", Some(&ada)).await, Err(SimError::NumberTaken)));
    assert!(matches!(sim.create_phone(" ", None).await, Err(SimError::BadName)));
}

/// Two phones without any companion speak Signal with each other as well.
#[tokio::test]
async fn phones_write_to_each_other() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    for text in ["one", "two"] {
        let id = sim.phone_send(&ada, &bob, text).await.unwrap();
        let got = sim.wait_for_message(&bob, |message| message.id == id, DEADLINE).await.unwrap().unwrap();
        assert_eq!((got.from.as_str(), got.text.as_deref()), (ada.as_str(), Some(text)));
        sim.phone_send(&bob, &ada, "yes").await.unwrap();
    }
    let id = sim.phone_messages(&bob).await.unwrap()[0].id.clone();
    sim.phone_react(&bob, &ada, &id, "👍").await.unwrap();
    let last = sim.phone_messages(&ada).await.unwrap().pop().unwrap();
    assert_eq!((last.kind.as_str(), last.text.as_deref()), ("reaction", Some("👍")));
    all_understood(&sim).await;
}

#[tokio::test]
async fn a_message_says_in_which_chat_it_stands() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let id = sim.phone_send(&ada, &bob, "hello").await.unwrap();
    for (number, partner) in [(&ada, &bob), (&bob, &ada)] {
        let message = sim.phone_messages(number).await.unwrap().pop().unwrap();
        assert_eq!((&message.id, &message.chat, &message.from, &message.to), (&id, partner, &ada, &bob));
    }
    let unknown = sim.phone_send(&ada, "120363000000000001@g.us", "hello").await;
    assert!(matches!(unknown, Err(SimError::Group(GroupError::NoSuchGroup))));
    let channel = sim.phone_send(&ada, "120363000000000001@newsletter", "hello").await;
    assert!(matches!(channel, Err(SimError::WrongChat)));
}
