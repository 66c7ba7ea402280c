//! Channels: founded, found, followed, posted to, reacted to, by clients and by phones.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use whatsapp_rust::features::{MexRequest, NewsletterMessage, NewsletterRole};
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::{Event, NewsletterLiveUpdate};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Jid, NodeFilter};
use whatsapp_sim::{Sim, SimConfig, SimError};

use crate::client::{DEADLINE, SEED, TestClient, all_understood, network, phone};

fn text(text: &str) -> wa::Message {
    wa::Message { conversation: Some(text.to_owned()), ..Default::default() }
}

fn texts(messages: &[NewsletterMessage]) -> Vec<&str> {
    messages.iter().filter_map(|message| message.message.as_ref()?.text_content()).collect()
}

async fn past(client: &TestClient, channel: &Jid, count: u32, before: Option<u64>) -> Vec<NewsletterMessage> {
    client.client.newsletter().get_messages(channel.clone(), count, before).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_founded_found_followed_and_left() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let owner = TestClient::linked(&sim, &ada).await;
    let reader = TestClient::linked(&sim, &bob).await;
    let mut other = TestClient::linked(&sim, &bob).await;
    let founded = owner.client.newsletter().create("Bread", Some("what is baked")).await.unwrap();
    assert_eq!((founded.name.as_str(), founded.description.as_deref()), ("Bread", Some("what is baked")));
    assert_eq!((founded.role.clone(), founded.subscriber_count), (Some(NewsletterRole::Owner), 0));
    assert!(founded.creation_time.is_some_and(|time| time > 1_700_000_000));

    let channel = founded.jid;
    let by_invite =
        reader.client.newsletter().get_metadata_by_invite(founded.invite_code.as_deref().unwrap()).await.unwrap();
    assert_eq!((&by_invite.jid, by_invite.role), (&channel, Some(NewsletterRole::Guest)));
    assert_eq!(reader.client.newsletter().list_subscribed().await.unwrap(), []);
    let joined = reader.client.newsletter().join(&channel).await.unwrap();
    assert_eq!((joined.name.as_str(), joined.subscriber_count), ("Bread", 1));
    let news = |event: &Event| match event {
        Event::MexNotification(news) => Some(news.op_name.clone()),
        _ => None,
    };
    assert_eq!(other.expect("the following on the other companion", news).await, "NotificationNewsletterJoin");
    for client in [&owner, &reader] {
        let listed = client.client.newsletter().list_subscribed().await.unwrap();
        assert_eq!(listed.iter().map(|listed| &listed.jid).collect::<Vec<_>>(), [&channel]);
    }
    reader.client.newsletter().set_follower_mute(&channel, true).await.unwrap();
    reader.client.newsletter().set_admin_mute(&channel, true).await.unwrap();
    assert_eq!(other.expect("the silence", news).await, "NotificationNewsletterMuteChange");

    let updated = owner.client.newsletter().update(&channel, Some("Cake"), None).await.unwrap();
    assert_eq!((updated.name.as_str(), updated.description.as_deref()), ("Cake", Some("what is baked")));
    assert_eq!(reader.client.newsletter().get_metadata(&channel).await.unwrap().name, "Cake");
    assert!(reader.client.newsletter().update(&channel, Some("Mine"), None).await.is_err());
    assert!(owner.client.newsletter().leave(&channel).await.is_err());
    reader.client.newsletter().leave(&channel).await.unwrap();
    assert_eq!(owner.client.newsletter().get_metadata(&channel).await.unwrap().subscriber_count, 0);
    assert!(reader.client.newsletter().set_admin_mute(&channel, true).await.is_err());
    let nowhere: Jid = "120363999999999999@newsletter".parse().unwrap();
    assert!(reader.client.newsletter().get_metadata(&nowhere).await.is_err());
    assert!(reader.client.newsletter().get_metadata_by_invite("nothing").await.is_err());
    assert!(reader.client.newsletter().join(&nowhere).await.is_err());

    sim.delete_newsletter(&channel.to_string()).await.unwrap();
    assert!(owner.client.newsletter().get_metadata(&channel).await.is_err());
    assert!(sim.newsletters().await.is_empty());
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_posts_reaches_every_reader() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let mut owner = TestClient::linked(&sim, &ada).await;
    let mut second = TestClient::linked(&sim, &ada).await;
    let mut reader = TestClient::linked(&sim, &bob).await;
    let channel = owner.client.newsletter().create("Bread", None).await.unwrap().jid;
    let id = channel.to_string();
    reader.client.newsletter().join(&channel).await.unwrap();
    sim.newsletter_follow(&cid, &id, true).await.unwrap();

    let rolls = owner.client.send_message(channel.clone(), text("rolls")).await.unwrap().message_id;
    assert_eq!(owner.ack(&rolls).await, None);
    let info = reader.text("rolls").await;
    assert_eq!((info.source.chat.clone(), info.id.as_str(), info.server_id), (channel.clone(), rolls.as_str(), 100));
    second.text("rolls").await;
    sim.newsletter_post(&id, "buns").await.unwrap();
    reader.text("buns").await;
    second.text("buns").await;
    owner.text("buns").await;
    for number in [&ada, &bob, &cid] {
        let like = |message: &whatsapp_sim::PhoneMessage| message.id == rolls && message.chat == id;
        let message = sim.wait_for_message(number, like, DEADLINE).await.unwrap().unwrap();
        assert_eq!(message.text.as_deref(), Some("rolls"));
    }
    let settled = sim.wait_for_phone(&bob, |phone| phone.devices[0].queued == 0, DEADLINE).await.unwrap();
    assert!(settled.is_some(), "the client acknowledges posts");

    for number in 0..5 {
        sim.newsletter_post(&id, &format!("loaf {number}")).await.unwrap();
    }
    let all = past(&reader, &channel, 50, None).await;
    assert_eq!(texts(&all), ["rolls", "buns", "loaf 0", "loaf 1", "loaf 2", "loaf 3", "loaf 4"]);
    assert!(all.iter().all(|post| post.server_id >= 100 && post.timestamp > 1_700_000_000 && !post.is_sender));
    assert_eq!(texts(&past(&reader, &channel, 2, None).await), ["loaf 3", "loaf 4"]);
    assert_eq!(texts(&past(&reader, &channel, 2, Some(all[3].server_id)).await), ["buns", "loaf 0"]);
    assert!(past(&reader, &channel, 2, Some(0)).await.is_empty());
    assert!(past(&owner, &channel, 1, None).await[0].is_sender);

    // Only the owner posts, edits and takes back.
    let refused = reader.client.send_message(channel.clone(), text("mine")).await.unwrap().message_id;
    assert_eq!(reader.ack(&refused).await.as_deref(), Some("403"));
    owner.client.newsletter().edit_message(&channel, rolls.as_str(), text("fresh rolls")).await.unwrap();
    reader.text("fresh rolls").await;
    let revoked = reader.client.wait_for_node(NodeFilter::tag("message").attr("edit", "8"));
    owner.client.newsletter().revoke_message(&channel, all[1].message_id.as_str()).await.unwrap();
    revoked.await.unwrap();
    assert_eq!(texts(&past(&reader, &channel, 3, Some(103)).await), ["fresh rolls", "loaf 0"]);
    let posts = sim.newsletter(&id).await.unwrap().posts;
    assert_eq!((posts[0].text.as_deref(), posts[1].kind.as_str()), (Some("fresh rolls"), "delete"));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_counted_and_seen_by_who_watches() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let mut owner = TestClient::linked(&sim, &ada).await;
    let mut reader = TestClient::linked(&sim, &bob).await;
    let channel = owner.client.newsletter().create("Bread", None).await.unwrap().jid;
    let id = channel.to_string();
    let post = sim.newsletter_post(&id, "rolls").await.unwrap();
    reader.client.newsletter().join(&channel).await.unwrap();
    assert_eq!(owner.client.newsletter().subscribe_live_updates(channel.clone()).await.unwrap(), 300);
    reader.client.newsletter().send_reaction(&channel, post, "👍").await.unwrap();
    let seen = |event: &Event| match event {
        Event::NewsletterLiveUpdate(update) => Some(update.clone()),
        _ => None,
    };
    let counts = |update: &NewsletterLiveUpdate| -> Vec<(String, u64)> {
        let reactions = update.messages[0].reactions.iter();
        reactions.map(|reaction| (reaction.code.clone(), reaction.count)).collect()
    };
    let update = owner.expect("the reaction", seen).await;
    assert_eq!((update.newsletter_jid.clone(), update.messages[0].server_id), (channel.clone(), post));
    assert_eq!(counts(&update), [("👍".to_owned(), 1)]);
    assert!(matches!(sim.newsletter_react(&cid, &id, post, "👍").await, Err(SimError::NotYourNewsletter)));
    sim.newsletter_follow(&cid, &id, true).await.unwrap();
    sim.newsletter_react(&cid, &id, post, "👍").await.unwrap();
    assert_eq!(counts(&owner.expect("the second reaction", seen).await), [("👍".to_owned(), 2)]);
    sim.newsletter_react(&cid, &id, post, "").await.unwrap();
    assert_eq!(counts(&owner.expect("the reaction taken back", seen).await), [("👍".to_owned(), 1)]);
    assert!(!reader.has_come(|event| seen(event).is_some()), "who does not watch is not told");
    let kept = past(&reader, &channel, 1, None).await;
    assert_eq!((kept[0].reactions[0].code.as_str(), kept[0].reactions[0].count), ("👍", 1));
    assert!(matches!(sim.newsletter_react(&cid, &id, 7, "👍").await, Err(SimError::NoSuchNewsletter)));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_document_fails_as_graphql_and_is_counted() {
    let sim = network().await;
    let ada = phone(&sim, "Ada").await;
    let client = TestClient::linked(&sim, &ada).await;
    let timelock = client.client.mex().fetch_reachout_timelock().await.unwrap();
    assert_eq!(timelock.is_active, Some(false));
    all_understood(&sim).await;
    let asked = client.client.mex().query(MexRequest::new("WAWebMexNothing", "1", serde_json::json!({}))).await;
    assert!(asked.unwrap_err().to_string().contains("IQ request failed"));
    assert_eq!(sim.stats().await.unknown_requests, 1);
}

#[tokio::test]
async fn channels_and_settings_outlast_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let config = || SimConfig { key_seed: SEED, data_dir: Some(directory.path().to_owned()), ..SimConfig::default() };
    let sim = Sim::start(config()).await.unwrap();
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let id = sim.create_newsletter(&ada, "Bread", "what is baked").await.unwrap().id;
    let gone = sim.create_newsletter(&ada, "Nothing", "").await.unwrap().id;
    sim.newsletter_follow(&bob, &id, true).await.unwrap();
    let post = sim.newsletter_post(&id, "rolls").await.unwrap();
    sim.newsletter_react(&bob, &id, post, "👍").await.unwrap();
    sim.newsletter_post(&gone, "crumbs").await.unwrap();
    sim.delete_newsletter(&gone).await.unwrap();
    sim.phone_privacy(&ada, "last", "none").await.unwrap();
    sim.phone_block(&ada, &bob, true).await.unwrap();
    sim.set_business(&ada, Some(whatsapp_sim::BusinessProfile::default())).await.unwrap();
    let before = (sim.newsletters().await, sim.privacy(&ada).await.unwrap(), sim.blocked(&ada).await.unwrap());
    // Nothing is written at the end, so this is like a kill.
    sim.shutdown().await;
    let sim = Sim::start(config()).await.unwrap();
    let after = (sim.newsletters().await, sim.privacy(&ada).await.unwrap(), sim.blocked(&ada).await.unwrap());
    assert_eq!(before, after);
    assert!(sim.business(&ada).await.unwrap().is_some());
    let next = sim.create_newsletter(&ada, "Cake", "").await.unwrap();
    assert!(next.id != id && next.id != gone, "ids are not used twice");
    assert!(matches!(sim.newsletter_post(&gone, "crumbs").await, Err(SimError::NoSuchNewsletter)));
    sim.shutdown().await;
}
