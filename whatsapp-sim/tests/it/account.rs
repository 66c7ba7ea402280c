//! What a client asks the network about people, and what it keeps there: registration, presence, typing, settings, and
//! the app state that the companions of an account share.

use whatsapp_rust::wacore::types::events::Event;

use crate::client::{NAME, TestClient, all_understood, jid, network, phone};

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_looked_up() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let asked = [jid(&bob), jid("6281299999999")];
    let found = client.client.contacts().is_on_whatsapp(&asked).await.unwrap();
    let registered = |number: &str| found.iter().find(|user| user.jid.user.as_str() == number).unwrap();
    assert!(registered(&bob).is_registered);
    let lid = registered(&bob).lid.as_ref().map(|lid| lid.user.to_string());
    assert_eq!(lid, Some(sim.phone(&bob).await.unwrap().lid));
    assert!(!registered("6281299999999").is_registered);

    let info = client.client.contacts().get_user_info(&[jid(&bob)]).await.unwrap();
    let bob_info = info.values().next().unwrap();
    assert_eq!(bob_info.devices, [0]);
    assert!(bob_info.status.is_some() && bob_info.picture_id.is_none());
    assert!(client.client.contacts().get_profile_picture(&jid(&bob), true).await.unwrap().is_none());
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_and_typing_are_seen() {
    let sim = network().await;
    // A client whose name changes becomes available by itself, at a time of its own; Bob's keeps its name.
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, NAME).await);
    let mut ada_client = TestClient::linked(&sim, &ada).await;
    let bob_client = TestClient::linked(&sim, &bob).await;
    ada_client.client.presence().set_available().await.unwrap();
    bob_client.client.presence().set_unavailable().await.unwrap();
    let bob_lid = sim.phone(&bob).await.unwrap().lid;
    let presence = |away: bool| {
        let bob_lid = bob_lid.clone();
        move |event: &Event| match event {
            Event::Presence(update) if update.from.user.as_str() == bob_lid && update.unavailable == away => Some(()),
            _ => None,
        }
    };
    ada_client.client.presence().subscribe(jid(&bob)).await.unwrap();
    ada_client.expect("Bob's absence", presence(true)).await;
    bob_client.client.presence().set_available().await.unwrap();
    ada_client.expect("Bob's presence", presence(false)).await;

    bob_client.client.chatstate().send_composing(&jid(&ada)).await.unwrap();
    let typing = |event: &Event| matches!(event, Event::ChatPresence(_)).then_some(());
    ada_client.expect("Bob's typing", typing).await;
    sim.phone_typing(&bob, &ada, true).await.unwrap();
    ada_client.expect("the phone's typing", typing).await;
    bob_client.stop().await;
    ada_client.expect("Bob's departure", presence(true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn companions_share_their_app_state() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    // A client that hears of a change while it fetches the same collection does not fetch again. A change of its own, here of
    // the chat with itself, waits for that fetch and brings what was missed.
    let note = jid(&ada);
    let catches_up = async |client: &TestClient| client.client.chat_actions().pin_chat(&note).await.unwrap();
    let mut first = TestClient::linked(&sim, &ada).await;
    sim.phone_send(&bob, &ada, "hello").await.unwrap();
    let chat = first.text("hello").await.source.chat;
    let pinned = |event: &Event, expected: bool| match event {
        Event::PinUpdate(update) if update.jid.user == chat.user => {
            (update.action.pinned == Some(expected)).then_some(())
        }
        _ => None,
    };
    let archived = |event: &Event, expected: bool| match event {
        Event::ArchiveUpdate(update) if update.jid.user == chat.user => {
            (update.action.archived == Some(expected)).then_some(())
        }
        _ => None,
    };
    first.client.chat_actions().pin_chat(&chat).await.unwrap();
    let mut second = TestClient::linked(&sim, &ada).await;
    second.client.chat_actions().unpin_chat(&chat).await.unwrap();
    catches_up(&first).await;
    first.expect("the unpinned chat", |event| pinned(event, false)).await;
    first.client.chat_actions().archive_chat(&chat, None).await.unwrap();
    catches_up(&second).await;
    second.expect("the archived chat", |event| archived(event, true)).await;
    // The other way round, on top of the first patch.
    second.client.chat_actions().unarchive_chat(&chat, None).await.unwrap();
    catches_up(&first).await;
    first.expect("the chat that came back", |event| archived(event, false)).await;
    // A third companion gets both patches.
    let mut third = TestClient::linked(&sim, &ada).await;
    third.client.chat_actions().pin_chat(&chat).await.unwrap();
    catches_up(&first).await;
    first.expect("the pinned chat", |event| pinned(event, true)).await;
    third.client.profile().set_status_text("busy").await.unwrap();
    let own = third.client.contacts().get_user_info(&[jid(&ada)]).await.unwrap();
    assert_eq!(own.values().next().and_then(|own| own.status.as_deref()), Some("busy"));
    // What waits for a change of its own is only late, which it says in the same event.
    assert!(!third.has_come(|event| matches!(event, Event::AppStateSyncFailed(failed) if !failed.fatal.is_empty())));
    all_understood(&sim).await;
}
