//! What becomes of messages after they were sent: votes in polls, other words, deletions, reactions, pins; and what messages answer.

use contract::message::{Message, MessageType};
use e2e::sockets::Socket;
use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::{Value, json};

struct Scene {
    stack: Stack,
    socket: Socket,
    shop: String,
    alice: String,
    /// Alice's chat.
    chat: String,
}

impl Scene {
    async fn begin() -> anyhow::Result<Self> {
        let stack = Stack::start().await?;
        let shop = stack.linked("shop", "Shop").await?.number;
        let alice = stack.phones.create("Alice").await?.number;
        let mut socket = stack.socket().await?;
        socket.subscribe("shop").await?;
        let chat = jid(&alice);
        Ok(Self { stack, socket, shop, alice, chat })
    }

    /// A poll through the API, on the phone of somebody who got it.
    async fn poll(&self, to: &str, phone: &str) -> anyhow::Result<String> {
        let poll = json!({
            "sessionId": "shop", "chatId": to, "question": "Lunch?", "options": ["Nasi", "Mie", "Soto"], "selectableCount": 0,
        });
        let answer = self.stack.api.post("/api/whatsapp/chats/send-poll", &poll).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.body["data"]["messageId"].as_str().expect("an id").to_owned();
        self.stack.phones.wait_for_id(phone, &id).await?;
        Ok(id)
    }

    /// Somebody votes; the vote and what is new of the poll, as clients hear of them.
    async fn vote(&mut self, by: &str, to: &str, poll: &str, options: &[&str]) -> anyhow::Result<Value> {
        let vote = json!({ "to": to, "vote": { "id": poll, "options": options } });
        self.stack.phones.does(by, "send", vote).await?;
        let vote = hears(&mut self.socket, "message", |event| event["message"]["type"] == "poll_vote").await?;
        let vote = vote["message"].clone();
        let content = &vote["content"];
        assert_eq!(
            (&content["pollCreationMessageKey"]["id"], &vote["from"]),
            (&json!(poll), &json!(jid(by))),
            "{vote}"
        );
        let update =
            hears(&mut self.socket, "message.update", |event| event["update"][0]["update"]["pollUpdates"].is_array())
                .await?;
        let item = &update["update"][0];
        assert_eq!((&item["key"]["id"], &item["key"]["remoteJid"]), (&json!(poll), &vote["chatId"]), "{update}");
        let news = &item["update"]["pollUpdates"][0];
        assert_eq!(news["pollUpdateMessageKey"]["id"], vote["id"], "{update}");
        assert!(news["senderTimestampMs"].is_u64(), "{update}");
        assert_eq!(news["vote"]["selectedOptions"], content["selectedOptions"], "{update}");
        Ok(content["selectedOptions"].clone())
    }

    /// A stored message, as soon as it is as told.
    async fn stored(&self, chat: &str, id: &str, is_fact: impl Fn(&Message) -> bool) -> anyhow::Result<Message> {
        let look = async || {
            let page = self.stack.api.page("shop", chat, 50, None).await?;
            let found = page.messages.iter().find(|message| message.id == id && is_fact(message)).cloned();
            Ok(found.map_or_else(|| Seen::NotYet(format!("{page:?}")), Seen::Fact))
        };
        wait_for(&format!("the stored message {id}"), SOON, look).await
    }
}

fn jid(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

async fn hears(socket: &mut Socket, name: &str, is_it: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    Ok(socket.expect(name, |event| event.name == name && is_it(&event.payload)).await?.payload)
}

#[tokio::test]
async fn votes_in_polls_have_names() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let (shop, alice) = (scene.shop.clone(), scene.alice.clone());
    let poll = scene.poll(&alice, &alice).await?;
    for chosen in [&["Nasi", "Mie"][..], &["Soto"], &[]] {
        assert_eq!(scene.vote(&alice, &shop, &poll, chosen).await?, json!(chosen));
    }

    // In a group: a poll of the shop's, and one of Alice's, both with votes of Bob's.
    let bob = scene.stack.phones.create("Bob").await?.number;
    let group = scene.stack.phones.create_group(&alice, "Market", &[&shop, &bob]).await?;
    hears(&mut scene.socket, "chat.upsert", |event| event["chats"][0]["id"] == json!(group)).await?;
    let ours = scene.poll(&group, &bob).await?;
    assert_eq!(scene.vote(&bob, &group, &ours, &["Mie"]).await?, json!(["Mie"]));
    let hers = json!({ "poll": { "name": "When?", "options": ["now", "later"], "selectable": 1 } });
    let hers = scene.stack.phones.sends(&alice, &group, &hers).await?;
    scene.stack.phones.wait_for_id(&bob, &hers).await?;
    hears(&mut scene.socket, "message", |event| event["message"]["id"] == json!(hers)).await?;
    assert_eq!(scene.vote(&bob, &group, &hers, &["later"]).await?, json!(["later"]));

    // The shop's own phone votes too.
    let vote = json!({ "to": group, "vote": { "id": hers, "options": ["now"] } });
    scene.stack.phones.wait_for_id(&shop, &hers).await?;
    scene.stack.phones.does(&shop, "send", vote).await?;
    let own = hears(&mut scene.socket, "message.sent", |event| event["message"]["type"] == "poll_vote").await?;
    assert_eq!(own["message"]["content"]["selectedOptions"], json!(["now"]), "{own}");
    scene.stack.stop().await
}

#[tokio::test]
async fn other_words_deletions_and_reactions_are_in_the_history() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let (shop, alice) = (scene.shop.clone(), scene.alice.clone());
    let phones = scene.stack.phones.clone();
    let first = phones.send(&alice, &shop, "helo").await?;
    scene.socket.message("helo").await?;
    phones.sends(&alice, &shop, &json!({ "edit": { "id": first, "text": "hello" } })).await?;
    let edited = scene.stored(&scene.chat, &first, |message| message.edited).await?;
    assert_eq!((edited.text.as_deref(), &edited.content), (Some("hello"), &Some(json!("hello"))));
    assert_eq!(edited.kind, MessageType::Text);

    // What is quoted of it are the new words.
    let quoting = json!({ "sessionId": "shop", "chatId": alice, "message": "hi", "replyTo": first });
    let answer = scene.stack.api.post("/api/whatsapp/chats/send-text", &quoting).await?;
    let id = answer.body["data"]["messageId"].as_str().expect("an id").to_owned();
    assert_eq!(phones.wait_for_id(&alice, &id).await?.details["quoted"]["text"], "hello");

    for (emoji, kept) in [("👍", Some("👍")), ("❤️", Some("❤️")), ("", None)] {
        phones.sends(&alice, &shop, &json!({ "reaction": { "id": first, "emoji": emoji } })).await?;
        let reacted = scene
            .stored(&scene.chat, &first, |message| message.reactions.first().map(|one| one.emoji.as_str()) == kept)
            .await?;
        assert!(reacted.reactions.iter().all(|one| one.sender == scene.chat) && reacted.reactions.len() < 2);
    }

    // Other words below a picture; then it is deleted, with its file.
    let picture = json!({ "image": { "data": "AAECAwQFBgc=", "mimeType": "image/jpeg", "caption": "Lok" } });
    let picture = phones.sends(&alice, &shop, &picture).await?;
    let shown = scene.stored(&scene.chat, &picture, |message| message.media_url.is_some()).await?;
    assert_eq!(shown.caption.as_deref(), Some("Lok"));
    phones.sends(&alice, &shop, &json!({ "edit": { "id": picture, "text": "Look" } })).await?;
    let edited = scene.stored(&scene.chat, &picture, |message| message.edited).await?;
    assert_eq!((edited.caption.as_deref(), edited.kind), (Some("Look"), MessageType::Image));
    assert!(edited.media_url.is_some());
    for id in [&picture, &first] {
        phones.sends(&alice, &shop, &json!({ "revoke": { "id": id } })).await?;
        let revoked = scene.stored(&scene.chat, id, |message| message.revoked).await?;
        let left = [&revoked.text, &revoked.caption, &revoked.media_url, &revoked.filename];
        assert!(left.into_iter().all(Option::is_none) && revoked.content.is_none() && !revoked.edited, "{revoked:?}");
    }
    let mut redis = scene.stack.redis()?.get_multiplexed_async_connection().await?;
    let raw = format!("chatery:{{shop}}:chat:{}:raw", scene.chat);
    for id in [&picture, &first] {
        let kept: bool = redis::cmd("HEXISTS").arg(&raw).arg(id).query_async(&mut redis).await?;
        assert!(!kept, "the protobuf of {id} is kept");
    }
    let media: u64 = redis::cmd("HLEN").arg("chatery:{shop}:media").query_async(&mut redis).await?;
    assert_eq!(media, 0, "the file is served no more");
    scene.stack.stop().await
}

#[tokio::test]
async fn a_message_of_a_group_is_deleted_by_its_author_or_an_admin_only() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let (shop, alice) = (scene.shop.clone(), scene.alice.clone());
    let phones = scene.stack.phones.clone();
    let bob = phones.create("Bob").await?.number;
    let group = phones.create_group(&alice, "Market", &[&shop, &bob]).await?;
    let said = phones.send(&bob, &group, "cheap watches").await?;
    scene.socket.message("cheap watches").await?;
    phones.wait_for_id(&alice, &said).await?;
    phones.sends(&alice, &group, &json!({ "revoke": { "id": said } })).await?;
    let revoked = scene.stored(&group, &said, |message| message.revoked).await?;
    assert_eq!((revoked.from, revoked.text), (jid(&bob), None));
    let heard = hears(&mut scene.socket, "message.revoke", |event| event["key"]["id"] == json!(said)).await?;
    assert_eq!(heard["participant"], json!(jid(&alice)), "{heard}");
    scene.stack.stop().await
}

#[tokio::test]
async fn every_kind_says_what_it_answers_and_what_is_pinned_is_told() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let (shop, alice) = (scene.shop.clone(), scene.alice.clone());
    let phones = scene.stack.phones.clone();
    let first = phones.send(&alice, &shop, "good morning").await?;
    scene.socket.message("good morning").await?;
    for content in [
        json!({ "image": { "data": "AAECAwQFBgc=", "mimeType": "image/jpeg", "caption": "Look" } }),
        json!({ "document": { "data": "AAECAwQFBgc=", "mimeType": "application/pdf", "fileName": "a.pdf", "caption": "Due" } }),
        json!({ "location": { "latitude": -6.2, "longitude": 106.8 } }),
        json!({ "text": "yes" }),
    ] {
        let mut content = content;
        content["quote"] = json!(first);
        content["mentions"] = json!([shop]);
        let id = phones.sends(&alice, &shop, &content).await?;
        let heard = hears(&mut scene.socket, "message", |event| event["message"]["id"] == json!(id)).await?;
        let message = &heard["message"];
        assert_eq!(
            (&message["quotedMessage"]["id"], &message["quotedMessage"]["text"], &message["quotedMessage"]["type"]),
            (&json!(first), &json!("good morning"), &json!("text")),
            "{message}"
        );
        assert_eq!(message["mentions"].as_array().map(Vec::len), Some(1), "{message}");
        if content.get("document").is_some() {
            assert_eq!((&message["type"], &message["caption"]), (&json!("document"), &json!("Due")), "{message}");
        }
    }
    for (seconds, pinned) in [(86_400, true), (0, false)] {
        phones.sends(&alice, &shop, &json!({ "pin": { "id": first, "seconds": seconds } })).await?;
        let update =
            hears(&mut scene.socket, "message.update", |event| event["update"][0]["update"]["pinned"] == json!(pinned))
                .await?;
        assert_eq!(
            (&update["update"][0]["key"]["id"], &update["update"][0]["key"]["fromMe"]),
            (&json!(first), &json!(false)),
            "{update}"
        );
    }
    scene.stack.stop().await
}
