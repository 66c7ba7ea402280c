//! What the devices of one account keep in common: chats, contacts, labels, stars, the name. Written by clients and by the
//! phone, read by both.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use serde_json::json;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{AppStateSyncKeyId, AppStateSyncKeyRequest, ProtocolMessage, protocol_message};
use whatsapp_rust::Jid;
use whatsapp_rust::request::{InfoQuery, InfoQueryType};
use whatsapp_rust::wacore::store::traits::{AppStateSyncKey, AppSyncStore as _};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::NodeContent;
use whatsapp_sim::{ChatChange, Sim, SimConfig};

use crate::client::{DEADLINE, SEED, TestClient, all_understood, jid, network, phone};
use crate::phone::Network;

/// More patches than one answer holds, and fewer than become a snapshot.
const SEVERAL_PAGES: usize = 120;
/// More patches than the server keeps as they came.
const MANY: usize = 300;

async fn lid(sim: &Sim, number: &str) -> Jid {
    Jid::lid(sim.phone(number).await.unwrap().lid)
}

/// What an event of the app state says, in short.
fn news(event: &Event) -> Option<String> {
    Some(match event {
        Event::ArchiveUpdate(update) => format!("archive {:?}", update.action.archived),
        Event::PinUpdate(update) => format!("pin {:?}", update.action.pinned),
        Event::MuteUpdate(update) => format!("mute {:?} {:?}", update.action.muted, update.action.mute_end_timestamp),
        Event::StarUpdate(update) => format!("star {} {:?}", update.message_id, update.action.starred),
        Event::MarkChatAsReadUpdate(update) => format!("read {:?}", update.action.read),
        Event::ClearChatUpdate(update) => format!("clear {}", update.jid.user),
        Event::DeleteChatUpdate(update) => format!("delete {}", update.jid.user),
        Event::DeleteMessageForMeUpdate(update) => format!("delete message {}", update.message_id),
        Event::ContactUpdate(update) => format!("contact {:?}", update.action.full_name),
        Event::LabelEditUpdate(update) => format!("label {} {:?}", update.label_id, update.action.name),
        Event::LabelAssociationUpdate(update) => format!("labelled {} {:?}", update.label_id, update.action.labeled),
        Event::SelfPushNameUpdated(update) => format!("name {}", update.new_name),
        _ => return None,
    })
}

async fn hears(client: &mut TestClient, expected: &str) {
    client.expect(expected, |event| news(event).filter(|news| news == expected).map(drop)).await;
}

/// Waits until a client has heard all of this, in whatever order. A client that hears of a change while it fetches the same
/// collection does not fetch again, so it makes a change of its own in each first: that brings what it has missed.
async fn hears_all(client: &mut TestClient, own: &str, mut awaited: Vec<String>) {
    let (actions, note) = (client.client.chat_actions(), jid(own));
    actions.pin_chat(&note).await.unwrap();
    actions.star_message(&note, None, "OWN", true).await.unwrap();
    actions.save_contact(&note, Some("Myself".into()), None, true).await.unwrap();
    client.client.labels().create_label("99", "Own", 1).await.unwrap();
    client
        .expect("everything that was set", |event| {
            let news = news(event)?;
            awaited.retain(|awaited| *awaited != news);
            awaited.is_empty().then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_companion_that_lacks_the_key_gets_it_again() {
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    let client = TestClient::linked(&sim, &ada).await;
    let id = client.store.get_latest_sync_key_id().await.unwrap().unwrap();
    let key = client.store.get_sync_key(&id).await.unwrap().unwrap();
    client.store.set_sync_key(&id, AppStateSyncKey { key_data: vec![0; 32], ..key.clone() }).await.unwrap();
    let wanted = [id.as_slice(), b"nobody's"].map(|id| AppStateSyncKeyId { key_id: Some(id.to_vec()) });
    let request = wa::Message {
        protocol_message: MessageField::some(ProtocolMessage {
            r#type: Some(protocol_message::Type::APP_STATE_SYNC_KEY_REQUEST),
            app_state_sync_key_request: MessageField::some(AppStateSyncKeyRequest { key_ids: wanted.into() }),
            ..ProtocolMessage::default()
        }),
        ..wa::Message::default()
    };
    Box::pin(client.client.send_message(jid(&ada), request)).await.unwrap();
    let again = async {
        while client.store.get_sync_key(&id).await.unwrap().unwrap().key_data != key.key_data {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, again).await.unwrap();
    // Of the other one it is told that nobody has it, and takes none for it.
    assert!(client.store.get_sync_key(b"nobody's").await.unwrap().is_none());
    client.client.chat_actions().pin_chat(&jid(&ada)).await.unwrap();
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_one_companion_sets_the_other_and_the_phone_know() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let first = TestClient::linked(&sim, &ada).await;
    let mut second = TestClient::linked(&sim, &ada).await;
    let mut told: Vec<String> = Vec::new();
    let chat = lid(&sim, &bob).await;
    let (actions, labels) = (first.client.chat_actions(), first.client.labels());
    actions.archive_chat(&chat, None).await.unwrap();
    told.push("archive Some(true)".to_owned());
    actions.pin_chat(&chat).await.unwrap();
    told.push("pin Some(true)".to_owned());
    actions.mute_chat(&chat).await.unwrap();
    told.push("mute Some(true) Some(-1)".to_owned());
    actions.star_message(&chat, None, "MESSAGE", true).await.unwrap();
    told.push("star MESSAGE Some(true)".to_owned());
    actions.mark_chat_as_read(&chat, false, None).await.unwrap();
    told.push("read Some(false)".to_owned());
    labels.create_label("7", "Friends", 3).await.unwrap();
    told.push("label 7 Some(\"Friends\")".to_owned());
    labels.add_chat_label("7", &chat).await.unwrap();
    told.push("labelled 7 Some(true)".to_owned());
    actions.save_contact(&jid(&bob), Some("Robert".into()), Some("Bob".into()), true).await.unwrap();
    told.push("contact Some(\"Robert\")".to_owned());
    actions.clear_chat(&chat, false, true, None).await.unwrap();
    told.push(format!("clear {}", chat.user));
    actions.delete_message_for_me(&chat, None, "MESSAGE", true, true, None).await.unwrap();
    told.push("delete message MESSAGE".to_owned());
    first.client.profile().set_push_name("Ada L.").await.unwrap();
    told.push("name Ada L.".to_owned());
    hears_all(&mut second, &ada, told).await;

    let settings = sim.settings(&ada).await.unwrap();
    let of_bob = settings.chats.iter().find(|chat| chat.chat == bob).unwrap();
    assert!(of_bob.archived && of_bob.pinned && of_bob.muted && of_bob.marked_unread && of_bob.cleared_at.is_some());
    assert_eq!(of_bob.labels, ["7"]);
    assert!(settings.labels.iter().any(|label| (label.id.as_str(), label.name.as_str()) == ("7", "Friends")));
    assert!(settings.starred.iter().any(|starred| starred.message_id == "MESSAGE"));
    let named = settings.contacts.iter().find(|contact| contact.number == bob).unwrap();
    assert_eq!(named.name.as_deref(), Some("Robert"));
    assert_eq!(settings.push_name.as_deref(), Some("Ada L."));
    assert_eq!(sim.phone(&ada).await.unwrap().name, "Ada L.");

    // And back again, by the other one.
    second.client.chat_actions().unarchive_chat(&chat, None).await.unwrap();
    second.client.chat_actions().delete_chat(&chat, true, None).await.unwrap();
    second.client.labels().delete_label("7").await.unwrap();
    let settings = sim.settings(&ada).await.unwrap();
    let of_bob = settings.chats.iter().find(|chat| chat.chat == bob).unwrap();
    assert!(!of_bob.archived && of_bob.deleted_at.is_some());
    assert!(settings.labels.iter().all(|label| label.id != "7"));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_arranges_on_the_phone_reaches_every_companion() {
    let sim = network().await;
    let admin = Network::of(&sim);
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut first = TestClient::linked(&sim, &ada).await;
    let mut second = TestClient::linked(&sim, &ada).await;
    let message = sim.phone_send(&bob, &ada, "keep this").await.unwrap();
    let base = format!("/admin/phones/{ada}");
    let post = async |path: &str, body| admin.post(&format!("{base}/{path}"), body).await;
    let chat = lid(&sim, &bob).await;
    let entry = json!({ "other": bob, "name": "Robert", "firstName": "Bob" });
    assert_eq!(post("contacts", entry).await.0, 200);
    assert_eq!(post("labels", json!({ "name": "Friends", "color": 4 })).await.1["data"]["id"], "1");
    let change = json!({ "pinned": true, "archived": true, "mutedUntil": 4_000_000_000_000_i64, "labels": ["1"] });
    assert_eq!(post(&format!("chats/{bob}"), change).await.0, 200);
    assert_eq!(post("star", json!({ "chat": bob, "messageId": message, "starred": true })).await.0, 200);
    assert_eq!(post("name", json!({ "name": "Ada L." })).await.0, 200);
    for client in [&mut first, &mut second] {
        let mut told: Vec<String> = [
            "contact Some(\"Robert\")",
            "label 1 Some(\"Friends\")",
            "pin Some(true)",
            "archive Some(true)",
            "mute Some(true) Some(4000000000000)",
            "labelled 1 Some(true)",
            "name Ada L.",
        ]
        .map(str::to_owned)
        .to_vec();
        told.push(format!("star {message} Some(true)"));
        hears_all(client, &ada, told).await;
    }
    // A companion writes on top of what the phone has written, and the phone on top of that.
    first.client.chat_actions().unpin_chat(&chat).await.unwrap();
    assert_eq!(post(&format!("chats/{bob}"), json!({ "muted": false, "read": true, "labels": [] })).await.0, 200);
    let told = ["pin Some(false)", "mute Some(false) Some(0)", "labelled 1 Some(false)"];
    hears_all(&mut second, &ada, told.map(str::to_owned).to_vec()).await;
    let (_, settings) = admin.get(&format!("{base}/app-state")).await;
    let settings = &settings["data"];
    assert_eq!(settings["pushName"], "Ada L.");
    let mut contacts = settings["contacts"].as_array().unwrap().iter();
    assert_eq!(
        contacts.find(|contact| contact["number"] == bob).unwrap(),
        &json!({ "number": bob, "name": "Robert", "firstName": "Bob" })
    );
    let chat = settings["chats"].as_array().unwrap().iter().find(|chat| chat["chat"] == bob).unwrap();
    assert_eq!((&chat["chat"], &chat["pinned"], &chat["archived"]), (&json!(bob), &json!(false), &json!(true)));
    assert_eq!((&chat["muted"], &chat["labels"]), (&json!(false), &json!([])));
    assert_eq!(post("labels", json!({ "name": "Far", "color": 99 })).await.1["code"], "bad_label");
    assert_eq!(
        post("star", json!({ "chat": bob, "messageId": "NONE", "starred": true })).await.1["code"],
        "unknown_message"
    );
    all_understood(&sim).await;
}

/// One collection, asked for or pushed to by hand.
async fn collection(client: &TestClient, version: u64, patches: &[&[u8]]) -> Node {
    let patches = patches.iter().map(|patch| NodeBuilder::new("patch").bytes(patch.to_vec()).build());
    let asked = NodeBuilder::new("collection")
        .attr("name", "regular_low")
        .attr("version", version)
        .attr("return_snapshot", "false")
        .children(patches)
        .build();
    let query = InfoQuery {
        namespace: "w:sync:app:state",
        query_type: InfoQueryType::Set,
        to: Jid::new("", whatsapp_rust::Server::Pn),
        target: None,
        id: None,
        content: Some(NodeContent::Nodes(vec![NodeBuilder::new("sync").children([asked]).build()])),
        timeout: Some(DEADLINE),
    };
    let answer = client.client.send_iq(query).await.unwrap().get().to_owned();
    answer.get_optional_child_by_tag(&["sync", "collection"]).unwrap().clone()
}

fn code(answer: &Node) -> Option<String> {
    Some(answer.get_optional_child("error")?.attrs.get("code")?.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_on_an_old_base_is_refused_with_what_was_missed() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let pinned = ChatChange { pinned: Some(true), archived: Some(true), ..ChatChange::default() };
    sim.arrange_chat(&ada, &bob, &pinned).await.unwrap();
    let refused = collection(&client, 1, &[&[]]).await;
    assert_eq!(
        (refused.attrs.get("type").unwrap().to_string().as_str(), code(&refused).as_deref()),
        ("error", Some("409"))
    );
    let missed = refused.get_optional_child("patches").unwrap().children().unwrap();
    assert_eq!(missed.len(), 1, "version 2");
    assert_eq!(code(&collection(&client, 2, &[&[0xff, 0xff]]).await).as_deref(), Some("400"), "no patch");
    assert_eq!(sim.settings(&ada).await.unwrap().versions["regular_low"], 2);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn companions_that_write_at_once_all_succeed() {
    const PEOPLE: usize = 6;
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    let mut people = Vec::new();
    for name in 0..PEOPLE {
        people.push(phone(&sim, &format!("Friend {name}")).await);
    }
    let (first, second) = (TestClient::linked(&sim, &ada).await, TestClient::linked(&sim, &ada).await);
    // The library gives a change up that was overtaken five times, so each client writes one after the other.
    let mut writers = Vec::new();
    for (client, friends) in [&first, &second].into_iter().zip(people.chunks(PEOPLE / 2)) {
        let (client, sim, friends) = (std::sync::Arc::clone(&client.client), sim.clone(), friends.to_vec());
        writers.push(tokio::spawn(async move {
            for friend in friends {
                let chat = lid(&sim, &friend).await;
                client.chat_actions().archive_chat(&chat, None).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for friend in &people {
        let pin = ChatChange { pinned: Some(true), ..ChatChange::default() };
        sim.arrange_chat(&ada, friend, &pin).await.unwrap();
    }
    let chats = sim.settings(&ada).await.unwrap().chats;
    assert_eq!(chats.len(), PEOPLE);
    assert!(chats.iter().all(|chat| chat.archived && chat.pinned), "{chats:?}");
    all_understood(&sim).await;
}

/// Names one contact again and again, so that its collection has many patches and few records.
async fn rename_often(sim: &Sim, number: &str, friends: [&str; 2], times: usize) {
    for time in 1..=times {
        sim.name_contact(number, friends[time % 2], &format!("Name {time}"), None).await.unwrap();
    }
}

async fn names(client: &mut TestClient, who: &str, times: usize) {
    let mut awaited = vec![format!("contact Some(\"Name {times}\")"), format!("contact Some(\"Name {}\")", times - 1)];
    client
        .expect(&format!("the latest names, to the {who} one,"), |event| {
            let news = news(event)?;
            awaited.retain(|awaited| *awaited != news);
            awaited.is_empty().then_some(())
        })
        .await;
}

/// An own change brings what others set, even when a notification of it was missed.
async fn catches_up(client: &mut TestClient, own: &str, expected: &str) {
    client.client.chat_actions().save_contact(&jid(own), Some(expected.to_owned()), None, true).await.unwrap();
    hears(client, expected).await;
}

/// A client that has just been scanned: what it learns at its start is still to come.
async fn linking(sim: &Sim, number: &str) -> TestClient {
    let mut client = TestClient::fresh(sim).await;
    let code = client.code().await;
    sim.scan(number, &code).await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_companion_that_is_linked_late_learns_everything() {
    let directory = tempfile::tempdir().unwrap();
    let config = || SimConfig { key_seed: SEED, data_dir: Some(directory.path().to_owned()), ..SimConfig::default() };
    let sim = Sim::start(config()).await.unwrap();
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let mut early = TestClient::linked(&sim, &ada).await;
    rename_often(&sim, &ada, [&bob, &cid], SEVERAL_PAGES).await;
    // An own change brings what was missed.
    early.client.chat_actions().save_contact(&jid(&ada), Some("Me".into()), None, true).await.unwrap();
    names(&mut early, "early", SEVERAL_PAGES).await;
    let mut paged = linking(&sim, &ada).await;
    names(&mut paged, "paged", SEVERAL_PAGES).await;
    // Away while so much happens that only a snapshot helps.
    let away = paged.stop().await;
    rename_often(&sim, &ada, [&bob, &cid], MANY).await;
    early.client.chat_actions().save_contact(&jid(&ada), Some("Myself".into()), None, true).await.unwrap();
    names(&mut early, "early", MANY).await;
    let mut late = linking(&sim, &ada).await;
    names(&mut late, "late", MANY).await;
    let mut back = TestClient::start(sim.ws_url(), away).await;
    names(&mut back, "back", MANY).await;
    // All of them, and the phone, have come to the same state: what each writes, the others accept.
    late.client.chat_actions().save_contact(&jid(&bob), Some("By the late one".into()), None, true).await.unwrap();
    for client in [&mut early, &mut back] {
        catches_up(client, &ada, "contact Some(\"By the late one\")").await;
    }
    sim.name_contact(&ada, &cid, "By the phone", None).await.unwrap();
    for client in [&mut early, &mut late, &mut back] {
        catches_up(client, &ada, "contact Some(\"By the phone\")").await;
    }
    all_understood(&sim).await;
    let before = sim.settings(&ada).await.unwrap();
    early.stop().await;
    late.stop().await;
    back.stop().await;
    sim.shutdown().await;
    let sim = Sim::start(config()).await.unwrap();
    assert_eq!(sim.settings(&ada).await.unwrap(), before);
    all_understood(&sim).await;
}
