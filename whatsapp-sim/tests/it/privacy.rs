//! What people hide and from whom: blocked persons, privacy settings, presence, reading. Each rule is seen at the far
//! end, by the client from which something is hidden and by the one to whom it is shown.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::collections::BTreeMap;

use whatsapp_rust::features::{GroupCreateOptions, GroupParticipantOptions};
use whatsapp_rust::request::InfoQuery;
use whatsapp_rust::wacore::iq::privacy::{
    DisallowedListAction, DisallowedListUpdate, DisallowedListUserEntry, PrivacyCategory, PrivacyValue,
};
use whatsapp_rust::wacore::types::events::{Event, PresenceUpdate};
use whatsapp_rust::wacore::types::presence::{ChatPresence, ChatPresenceMedia, ReceiptType};
use whatsapp_rust::wacore::types::spam_report::SpamReportRequest;
use whatsapp_rust::wacore_binary::NodeContent;
use whatsapp_rust::{IqError, Jid, NodeBuilder, NodeFilter, Server};
use whatsapp_sim::{Outgoing, Sim, SimError};

use crate::client::{DEADLINE, NAME, TestClient, all_understood, jid, network, phone};
use crate::picture::plain;

async fn lid(sim: &Sim, number: &str) -> Jid {
    Jid::lid(sim.phone(number).await.unwrap().lid)
}

fn presence_of(of: &Jid) -> impl Fn(&Event) -> Option<PresenceUpdate> + use<> {
    let of = of.clone();
    move |event| match event {
        Event::Presence(update) if update.from == of => Some(update.clone()),
        _ => None,
    }
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, IqError>) -> u16 {
    match answer {
        Err(IqError::ServerError { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_kept_checked_and_told_to_the_other_companions() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let other = TestClient::linked(&sim, &ada).await;
    let told = || other.client.wait_for_node(NodeFilter::tag("notification").attr("type", "account_sync"));
    let waiter = told();
    client.client.set_privacy_setting(PrivacyCategory::Last, PrivacyValue::None).await.unwrap();
    let notification = waiter.await.unwrap();
    let category = notification.get().get_optional_child_by_tag(&["privacy", "category"]).unwrap();
    assert_eq!(category.get_attr("value").map(|value| value.as_str().into_owned()).as_deref(), Some("none"));

    let settings = client.client.fetch_privacy_settings().await.unwrap();
    assert_eq!(settings.settings.len(), 9);
    assert_eq!(settings.get_value(&PrivacyCategory::Last), Some(&PrivacyValue::None));
    assert_eq!(settings.get_value(&PrivacyCategory::DefenseMode), Some(&PrivacyValue::Off));
    let unknown = PrivacyCategory::Other("stickers".into());
    client.client.set_privacy_setting(unknown, PrivacyValue::Contacts).await.unwrap();
    let kept: BTreeMap<_, _> = sim.privacy(&ada).await.unwrap().into_iter().collect();
    assert_eq!((kept["last"].as_str(), kept["stickers"].as_str()), ("none", "contacts"));

    // The client checks known values itself, so this one is asked raw.
    let category = NodeBuilder::new("category").attr("name", "readreceipts").attr("value", "contacts");
    let privacy = NodeBuilder::new("privacy").children([category.build()]).build();
    let request = InfoQuery::set("privacy", Jid::new("", Server::Pn), Some(NodeContent::Nodes(vec![privacy])));
    assert_eq!(refusal(client.client.send_iq(request).await), 400);

    let entry = |action| DisallowedListUserEntry { action, jid: jid(&bob), pn_jid: None };
    let update = |dhash: &str, action| DisallowedListUpdate { dhash: dhash.into(), users: vec![entry(action)] };
    let add = update("none", DisallowedListAction::Add);
    let answer = client.client.set_privacy_disallowed_list(PrivacyCategory::GroupAdd, add).await.unwrap();
    let hash = answer.dhash.unwrap();
    sim.phone_contact(&ada, &bob, true).await.unwrap();
    assert!(!sim.may_add_to_group(&ada, &bob).await.unwrap());
    let stale = update("stale", DisallowedListAction::Remove);
    assert_eq!(refusal(client.client.set_privacy_disallowed_list(PrivacyCategory::GroupAdd, stale).await), 409);
    let remove = update(&hash, DisallowedListAction::Remove);
    client.client.set_privacy_disallowed_list(PrivacyCategory::GroupAdd, remove).await.unwrap();
    assert!(sim.may_add_to_group(&ada, &bob).await.unwrap());
    assert!(matches!(sim.phone_privacy(&ada, "last", "perhaps").await, Err(SimError::BadSetting)));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_timer_is_told_to_contacts_and_companions() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let mut other = TestClient::linked(&sim, &ada).await;
    let mut contact = TestClient::linked(&sim, &bob).await;
    contact.client.contacts().get_user_info(&[jid(&ada)]).await.unwrap();
    client.client.set_default_disappearing_mode(604_800).await.unwrap();
    let ada_lid = lid(&sim, &ada).await;
    let timer = |event: &Event| match event {
        Event::DisappearingModeChanged(change) => Some((change.from.clone(), change.duration)),
        _ => None,
    };
    assert_eq!(other.expect("the timer", timer).await, (ada_lid.clone(), 604_800));
    assert_eq!(contact.expect("the timer", timer).await, (ada_lid, 604_800));
    assert_eq!(refusal(client.client.set_default_disappearing_mode(17).await), 400);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_not_shown() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let (ada_client, cid_client) = (TestClient::linked(&sim, &ada).await, TestClient::linked(&sim, &cid).await);
    sim.phone_privacy(&bob, "status", "contacts").await.unwrap();
    sim.phone_privacy(&bob, "profile", "contacts").await.unwrap();
    sim.phone_contact(&bob, &cid, true).await.unwrap();
    let about = async |client: &TestClient| {
        let info = client.client.contacts().get_user_info(&[jid(&bob)]).await.unwrap();
        info.into_values().next().unwrap().status
    };
    assert_eq!(about(&ada_client).await.as_deref(), Some(""));
    assert_ne!(about(&cid_client).await.as_deref(), Some(""));
    let answer = ada_client.client.wait_for_node(NodeFilter::tag("iq").attr("type", "error"));
    assert!(ada_client.client.contacts().get_profile_picture(&jid(&bob), true).await.unwrap().is_none());
    let refused = answer.await.unwrap();
    let error = refused.get().get_optional_child_by_tag(&["error"]).unwrap();
    assert_eq!(error.get_attr("code").map(|code| code.as_str().into_owned()).as_deref(), Some("401"));
    assert!(cid_client.client.contacts().get_profile_picture(&jid(&bob), true).await.unwrap().is_none());
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_in_use_is_seen_and_its_last_hour_told_to_whom_it_concerns() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let bob_lid = lid(&sim, &bob).await;
    client.client.presence().subscribe(bob_lid.clone()).await.unwrap();
    let of_bob = presence_of(&bob_lid);
    let first = client.expect("the current state", &of_bob).await;
    assert!(first.unavailable && first.last_seen.is_none());
    sim.phone_presence(&bob, true).await.unwrap();
    assert!(!client.expect("the phone in use", &of_bob).await.unavailable);
    sim.phone_presence(&bob, false).await.unwrap();
    let away = client.expect("the phone put away", &of_bob).await;
    assert!(away.unavailable && away.last_seen.is_some());

    // Bob hides his last hour, then that he is there at all.
    sim.phone_privacy(&bob, "last", "none").await.unwrap();
    client.client.presence().subscribe(bob_lid.clone()).await.unwrap();
    assert!(client.expect("the hidden hour", &of_bob).await.last_seen.is_none());
    sim.phone_presence(&bob, true).await.unwrap();
    assert!(!client.expect("the phone in use", &of_bob).await.unavailable);
    sim.phone_privacy(&bob, "online", "match_last_seen").await.unwrap();
    client.client.presence().subscribe(bob_lid.clone()).await.unwrap();
    assert!(client.expect("the hidden presence", &of_bob).await.unavailable);
    // Who hides his own hour does not see that of others.
    sim.phone_privacy(&bob, "last", "all").await.unwrap();
    sim.phone_privacy(&ada, "last", "none").await.unwrap();
    sim.phone_presence(&bob, false).await.unwrap();
    client.client.presence().subscribe(bob_lid.clone()).await.unwrap();
    assert!(client.expect("the hour withheld from who hides his", &of_bob).await.last_seen.is_none());
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_goes_to_followers_only_and_ends_with_the_connection() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, NAME).await, phone(&sim, "Cid").await);
    let mut ada_client = TestClient::linked(&sim, &ada).await;
    let mut cid_client = TestClient::linked(&sim, &cid).await;
    let bob_client = TestClient::linked(&sim, &bob).await;
    let of_bob = presence_of(&lid(&sim, &bob).await);
    bob_client.client.presence().set_available().await.unwrap();
    // An answered request says that the server has what was said before it; a client shows two states in either order.
    bob_client.client.contacts().is_on_whatsapp(&[jid(&ada)]).await.unwrap();
    ada_client.client.presence().subscribe(jid(&bob)).await.unwrap();
    assert!(!ada_client.expect("Bob's presence", &of_bob).await.unavailable);
    bob_client.stop().await;
    let gone = ada_client.expect("Bob's departure", &of_bob).await;
    assert!(gone.unavailable && gone.last_seen.is_some());
    ada_client.client.presence().unsubscribe(&jid(&bob)).await.unwrap();
    ada_client.client.contacts().is_on_whatsapp(&[jid(&bob)]).await.unwrap();
    sim.phone_presence(&bob, true).await.unwrap();
    for client in [&mut ada_client, &mut cid_client] {
        sim.phone_send(&bob, &ada, "now").await.unwrap();
        sim.phone_send(&bob, &cid, "now").await.unwrap();
        let mut seen = false;
        client
            .expect("what came after", |event| {
                seen |= of_bob(event).is_some();
                event.messages().any(|inbound| inbound.info.push_name == NAME).then_some(())
            })
            .await;
        assert!(!seen, "nobody follows Bob any more");
    }
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_person_is_neither_heard_nor_shown_anything() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, NAME).await);
    let mut ada_client = TestClient::linked(&sim, &ada).await;
    let other = TestClient::linked(&sim, &ada).await;
    let mut bob_client = TestClient::linked(&sim, &bob).await;
    sim.phone_send(&bob, &ada, "before").await.unwrap();
    let chat = ada_client.text("before").await.source.chat;
    let told = other.client.wait_for_node(NodeFilter::tag("notification").attr("type", "account_sync"));
    ada_client.client.blocking().block(&chat).await.unwrap();
    let told = told.await.unwrap();
    let item = told.get().get_optional_child_by_tag(&["blocklist", "item"]).unwrap();
    assert_eq!(item.get_attr("action").map(|action| action.as_str().into_owned()).as_deref(), Some("block"));
    assert!(other.client.blocking().is_blocked(&chat).await.unwrap());
    assert_eq!(sim.blocked(&ada).await.unwrap(), std::slice::from_ref(&bob));

    // What Bob does now is not seen.
    bob_client.client.chatstate().send_composing(&jid(&ada)).await.unwrap();
    let unheard = bob_client.send(&jid(&ada), "while blocked").await;
    assert_eq!(bob_client.ack(&unheard).await, None, "the author is not told");
    // Nor does Bob see anything of Ada.
    let ada_lid = lid(&sim, &ada).await;
    sim.phone_presence(&ada, true).await.unwrap();
    bob_client.client.presence().subscribe(ada_lid.clone()).await.unwrap();
    let seen = bob_client.expect("a state without content", presence_of(&ada_lid)).await;
    assert!(seen.unavailable && seen.last_seen.is_none());

    sim.phone_block(&ada, &bob, false).await.unwrap();
    bob_client.client.chatstate().send_recording(&jid(&ada)).await.unwrap();
    let typing = |event: &Event| match event {
        Event::ChatPresence(update) => Some((update.state, update.media)),
        _ => None,
    };
    assert_eq!(ada_client.expect("Bob recording", typing).await, (ChatPresence::Composing, ChatPresenceMedia::Audio));
    bob_client.client.chatstate().send_paused(&jid(&ada)).await.unwrap();
    assert_eq!(ada_client.expect("Bob's pause", typing).await.0, ChatPresence::Paused);
    assert!(ada_client.client.blocking().get_blocklist().await.unwrap().is_empty());
    assert!(!sim.phone_messages(&ada).await.unwrap().iter().any(|message| message.id == unheard));
    assert!(matches!(sim.phone_block(&ada, &ada, true).await, Err(SimError::BadSetting)));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_stays_private_when_either_side_wants_it() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let hidden = client.send(&jid(&bob), "one").await;
    sim.wait_for_message(&bob, |message| message.id == hidden, DEADLINE).await.unwrap().unwrap();
    sim.phone_privacy(&bob, "readreceipts", "none").await.unwrap();
    sim.phone_read(&bob, &ada, std::slice::from_ref(&hidden)).await.unwrap();
    sim.phone_privacy(&bob, "readreceipts", "all").await.unwrap();
    let shown = client.send(&jid(&bob), "two").await;
    sim.wait_for_message(&bob, |message| message.id == shown, DEADLINE).await.unwrap().unwrap();
    sim.phone_read(&bob, &ada, std::slice::from_ref(&shown)).await.unwrap();
    let read = |event: &Event| match event {
        Event::Receipt(receipt) if receipt.r#type == ReceiptType::Read => Some(receipt.message_ids.clone()),
        _ => None,
    };
    assert_eq!(client.expect("the only read receipt", read).await, [shown]);

    // A client's own receipt is turned into one for its own account.
    let mut other = TestClient::linked(&sim, &ada).await;
    client.client.set_privacy_setting(PrivacyCategory::ReadReceipts, PrivacyValue::None).await.unwrap();
    let id = sim.phone_send(&bob, &ada, "three").await.unwrap();
    let chat = client.text("three").await.source.chat;
    client.client.mark_as_read(&chat, None, &[id.as_str()]).await.unwrap();
    let own = |event: &Event| match event {
        Event::Receipt(receipt) if receipt.r#type == ReceiptType::ReadSelf => Some(receipt.message_ids.clone()),
        _ => None,
    };
    assert_eq!(other.expect("the reading on the other companion", own).await, [id]);
    assert!(!sim.phone_receipts(&bob).await.unwrap().iter().any(|receipt| receipt.kind == "read"));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_device_has_read_the_others_need_not_show_as_new() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let mut other = TestClient::linked(&sim, &ada).await;
    let own = lid(&sim, &ada).await;
    let seen = |event: &Event| match event {
        Event::Receipt(receipt) if receipt.source.sender.user == own.user => {
            Some((receipt.r#type.clone(), receipt.message_ids.clone()))
        }
        _ => None,
    };
    // On the phone: Bob hears of it, and so do the companions.
    let first = sim.phone_send(&bob, &ada, "one").await.unwrap();
    sim.phone_read(&ada, &bob, std::slice::from_ref(&first)).await.unwrap();
    for companion in [&mut client, &mut other] {
        assert_eq!(companion.expect("the reading", seen).await, (ReceiptType::Read, vec![first.clone()]));
    }
    assert!(sim.phone_receipts(&bob).await.unwrap().iter().any(|receipt| receipt.kind == "read"));
    // On a companion.
    let second = sim.phone_send(&bob, &ada, "two").await.unwrap();
    let chat = client.text("two").await.source.chat;
    client.client.mark_as_read(&chat, None, &[second.as_str()]).await.unwrap();
    assert_eq!(other.expect("the reading", seen).await, (ReceiptType::Read, vec![second]));
    // In secret.
    sim.phone_privacy(&ada, "readreceipts", "none").await.unwrap();
    let third = sim.phone_send(&bob, &ada, "three").await.unwrap();
    sim.phone_read(&ada, &bob, std::slice::from_ref(&third)).await.unwrap();
    assert_eq!(other.expect("the reading", seen).await, (ReceiptType::ReadSelf, vec![third.clone()]));
    assert!(
        !sim.phone_receipts(&bob).await.unwrap().iter().any(|receipt| receipt.id == third && receipt.kind == "read")
    );
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_book_decides_who_adds_sees_and_is_posted_to() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let bobs = TestClient::linked(&sim, &bob).await;
    let mut adas = TestClient::linked(&sim, &ada).await;
    for setting in ["profile", "groupadd"] {
        sim.phone_privacy(&ada, setting, "contacts").await.unwrap();
    }
    sim.set_picture(&ada, plain(9, [1, 2, 3])).await.unwrap();
    let founds = async || {
        let options = GroupCreateOptions::new("Walks").with_participants(vec![GroupParticipantOptions::new(jid(&ada))]);
        bobs.client.groups().create_group(options).await.unwrap().metadata.id
    };
    let is_member = async |group: &Jid| {
        let members = bobs.client.groups().get_metadata(group).await.unwrap().participants;
        let lid = lid(&sim, &ada).await;
        members.iter().any(|member| member.jid.user == lid.user)
    };
    let sees =
        async || bobs.client.contacts().get_profile_picture(&jid(&ada), false).await.is_ok_and(|found| found.is_some());
    assert!(!is_member(&founds().await).await && !sees().await, "a stranger");
    sim.phone_sends(&ada, "status@broadcast", Outgoing::text("nobody hears this")).await.unwrap();
    // One entry in the address book opens all of it.
    sim.name_contact(&ada, &bob, "Robert", None).await.unwrap();
    assert!(is_member(&founds().await).await && sees().await, "a contact");
    let heard = sim.phone_sends(&ada, "status@broadcast", Outgoing::text("at the sea")).await.unwrap();
    sim.wait_for_message(&bob, |message| message.id == heard, DEADLINE).await.unwrap().unwrap();
    // Blocking shuts all of it again.
    sim.phone_block(&ada, &bob, true).await.unwrap();
    assert!(!is_member(&founds().await).await && !sees().await, "blocked");
    sim.phone_sends(&ada, "status@broadcast", Outgoing::text("not for Bob")).await.unwrap();
    let last = sim.phone_send(&bob, &ada, "hello?").await.unwrap();
    assert!(!adas.has_come(|event| event.messages().any(|inbound| inbound.info.id == last)));
    let texts: Vec<_> =
        sim.phone_messages(&bob).await.unwrap().into_iter().filter_map(|message| message.text).collect();
    assert_eq!(texts, ["at the sea", "hello?"]);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_spam_is_taken() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    sim.phone_send(&bob, &ada, "buy this").await.unwrap();
    let info = client.text("buy this").await;
    let report = SpamReportRequest {
        message_id: info.id.clone(),
        message_timestamp: 1_800_000_000,
        from_jid: Some(info.source.chat.clone()),
        ..Default::default()
    };
    assert!(client.client.send_spam_report(report).await.unwrap().report_id.is_some_and(|id| !id.is_empty()));
    all_understood(&sim).await;
}
