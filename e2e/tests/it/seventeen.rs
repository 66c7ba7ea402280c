//! The seventeen events: each is made to happen on the simulated network, heard by an official client in the contract's form, and the
//! same on a webhook.

mod shapes;

use e2e::receiver::Receiver;
use e2e::sockets::Socket;
use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::{Value, json};

/// Waits for an event of this name whose field is as told.
async fn hears(socket: &mut Socket, name: &str, is_it: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let event = socket.expect(name, |event| event.name == name && is_it(&event.payload)).await?;
    assert_eq!(event.payload["sessionId"], "shop");
    assert!(event.payload["timestamp"].is_string() && event.payload["cursor"].is_string(), "{event:?}");
    Ok(event.payload)
}

struct Scene {
    stack: Stack,
    socket: Socket,
    receiver: Receiver,
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
        let receiver = Receiver::start().await?;
        let webhook = json!({ "url": receiver.url("/"), "events": ["*"] });
        assert_eq!(stack.api.post("/api/whatsapp/sessions/shop/webhooks", &webhook).await?.status, 200);
        let chat = format!("{alice}@s.whatsapp.net");
        Ok(Self { stack, socket, receiver, shop, alice, chat })
    }
}

/// Everything that the client heard since the webhook was there was posted to it, the same and in the same order; and its form is one
/// that is written down.
async fn was_posted_too(socket: &Socket, receiver: &Receiver) -> anyhow::Result<()> {
    let heard: Vec<_> = socket.seen().iter().filter(|event| event.payload["cursor"].is_string()).collect();
    let last = heard.last().expect("an event").cursor()?;
    receiver.wait_for("the last event", |all| all.iter().any(|one| one.body["cursor"] == last).then_some(())).await?;
    let posted = receiver.requests();
    let first = posted.first().expect("a request").body["cursor"].clone();
    let from = heard.iter().position(|event| event.payload["cursor"] == first).expect("the first one");
    let heard = &heard[from..];
    assert!(posted.len() >= heard.len(), "{} posted, {} heard", posted.len(), heard.len());
    for (event, request) in heard.iter().zip(&posted) {
        let mut fields = event.payload.as_object().expect("a payload").clone();
        fields.retain(|name, _| !["sessionId", "timestamp", "cursor"].contains(&name.as_str()));
        let message = ["message", "message.sent"].contains(&event.name.as_str());
        let data = if message { fields["message"].clone() } else { Value::Object(fields) };
        for (field, value) in [
            ("event", &json!(event.name)),
            ("sessionId", &event.payload["sessionId"]),
            ("timestamp", &event.payload["timestamp"]),
            ("cursor", &event.payload["cursor"]),
            ("data", &data),
        ] {
            assert_eq!(&request.body[field], value, "{field} of {}", event.name);
        }
        shapes::is_known(&event.name, &event.payload)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_session_from_its_code_to_its_end() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (shop, alice) = (stack.phones.create("Shop").await?, stack.phones.create("Alice").await?);
    let receiver = Receiver::start().await?;
    let mut socket = stack.socket().await?;
    socket.subscribe("shop").await?;
    let webhooks = json!({ "webhooks": [{ "url": receiver.url("/"), "events": ["*"] }] });
    stack.api.post("/api/whatsapp/sessions/shop/connect", &webhooks).await?;
    hears(&mut socket, "connection.update", |event| event["status"] == "connecting").await?;
    let code = hears(&mut socket, "qr", |_| true).await?;
    assert!(code["qrCode"].as_str().is_some_and(|code| code.starts_with("data:image/png;base64,")), "{code}");
    stack.phones.scan(&shop.number, code["qrCode"].as_str().expect("a code")).await?;
    let up = hears(&mut socket, "connection.update", |event| event["status"] == "connected").await?;
    assert_eq!((&up["phoneNumber"], &up["name"]), (&json!(shop.number), &json!("Shop")), "{up}");
    stack.phones.send(&alice.number, &shop.number, "hello").await?;
    hears(&mut socket, "message", |event| event["message"]["text"] == "hello").await?;
    stack.api.send_text("shop", &alice.number, "welcome").await?;
    hears(&mut socket, "message.sent", |event| event["message"]["text"] == "welcome").await?;
    let phone = stack.phones.wait_for_phone(&shop.number, |phone| !phone.devices.is_empty()).await?;
    stack.phones.unlink(&shop.number, phone.devices[0].id).await?;
    let down = hears(&mut socket, "connection.update", |event| event["status"] == "disconnected").await?;
    assert_eq!((&down["reason"], &down["shouldReconnect"]), (&json!("logged_out"), &json!(false)), "{down}");
    let out = hears(&mut socket, "logged.out", |_| true).await?;
    assert_eq!(out["message"], "Session has been logged out");
    was_posted_too(&socket, &receiver).await?;
    stack.stop().await
}

#[tokio::test]
async fn what_messages_do_to_others() -> anyhow::Result<()> {
    let Scene { stack, mut socket, receiver, shop, alice, chat } = Scene::begin().await?;
    let first = stack.phones.send(&alice, &shop, "helo").await?;
    let of_first = |key: &Value, from_me: bool| {
        (&key["remoteJid"], &key["id"], &key["fromMe"]) == (&json!(chat), &json!(first), &json!(from_me))
    };
    let update = hears(&mut socket, "chat.update", |event| event["chats"][0]["id"] == json!(chat)).await?;
    assert_eq!(update["chats"][0]["unreadCount"], 1, "{update}");
    assert!(update["chats"][0]["conversationTimestamp"].is_u64(), "{update}");

    stack.phones.does(&alice, "send", json!({ "to": shop, "edit": { "id": first, "text": "hello" } })).await?;
    let edited =
        hears(&mut socket, "message.update", |event| event["update"][0]["update"]["message"].is_object()).await?;
    assert!(of_first(&edited["update"][0]["key"], false), "{edited}");
    assert_eq!(
        edited["update"][0]["update"]["message"]["editedMessage"]["message"]["conversation"], "hello",
        "{edited}"
    );

    stack.phones.does(&alice, "send", json!({ "to": shop, "reaction": { "id": first, "emoji": "👍" } })).await?;
    let reacted = hears(&mut socket, "message.reaction", |_| true).await?;
    assert!(of_first(&reacted["reactions"][0]["key"], false), "{reacted}");
    let reaction = &reacted["reactions"][0]["reaction"];
    assert_eq!((&reaction["text"], &reaction["key"]["fromMe"]), (&json!("👍"), &json!(false)), "{reacted}");

    stack.phones.does(&alice, "send", json!({ "to": shop, "revoke": { "id": first } })).await?;
    let revoked = hears(&mut socket, "message.revoke", |_| true).await?;
    assert!(of_first(&revoked["key"], false) && revoked["participant"] == json!(chat), "{revoked}");
    let stub =
        hears(&mut socket, "message.update", |event| event["update"][0]["update"]["messageStubType"] == 1).await?;
    assert!(of_first(&stub["update"][0]["key"], false) && stub["update"][0]["update"]["message"].is_null(), "{stub}");

    // A reaction to a message of ours.
    let sent = stack.api.send_text("shop", &alice, "thanks").await?;
    stack.phones.wait_for_id(&alice, &sent.message_id).await?;
    stack
        .phones
        .does(&alice, "send", json!({ "to": shop, "reaction": { "id": sent.message_id, "emoji": "❤️" } }))
        .await?;
    let reacted =
        hears(&mut socket, "message.reaction", |event| event["reactions"][0]["reaction"]["text"] == "❤️").await?;
    let key = &reacted["reactions"][0]["key"];
    assert_eq!((&key["id"], &key["fromMe"]), (&json!(sent.message_id), &json!(true)), "{reacted}");

    // A vote in a poll of ours, and a pin, with an answer and a mention.
    let poll = json!({ "sessionId": "shop", "chatId": alice, "question": "Lunch?", "options": ["Nasi", "Mie"] });
    let poll = stack.api.post("/api/whatsapp/chats/send-poll", &poll).await?;
    let poll = poll.body["data"]["messageId"].as_str().expect("an id").to_owned();
    stack.phones.wait_for_id(&alice, &poll).await?;
    stack.phones.sends(&alice, &shop, &json!({ "vote": { "id": poll, "options": ["Mie"] } })).await?;
    let voted =
        hears(&mut socket, "message.update", |event| event["update"][0]["update"]["pollUpdates"].is_array()).await?;
    let (key, update) = (&voted["update"][0]["key"], &voted["update"][0]["update"]["pollUpdates"][0]);
    assert_eq!((&key["id"], &key["fromMe"]), (&json!(poll), &json!(true)), "{voted}");
    assert_eq!(update["vote"]["selectedOptions"], json!(["Mie"]), "{voted}");
    stack.phones.sends(&alice, &shop, &json!({ "pin": { "id": poll, "seconds": 86_400 } })).await?;
    hears(&mut socket, "message.update", |event| event["update"][0]["update"]["pinned"] == true).await?;
    let answer = json!({ "text": "thanks, too", "quote": sent.message_id, "mentions": [shop] });
    stack.phones.sends(&alice, &shop, &answer).await?;
    let answer = socket.message("thanks, too").await?;
    assert_eq!(answer.payload["message"]["quotedMessage"]["type"], "text", "{answer:?}");
    was_posted_too(&socket, &receiver).await?;
    stack.stop().await
}

#[tokio::test]
async fn who_is_there_and_who_calls() -> anyhow::Result<()> {
    let Scene { stack, mut socket, receiver, shop, alice, chat } = Scene::begin().await?;
    // Whoever wrote is known by number, whoever did not may be known by hidden address only.
    stack.phones.send(&alice, &shop, "hello").await?;
    socket.message("hello").await?;
    // Typing is shown to whom it concerns while they are there.
    let presence = json!({ "sessionId": "shop", "chatId": alice, "presence": "available" });
    assert_eq!(stack.api.post("/api/whatsapp/chats/presence", &presence).await?.status, 200);
    for (typing, state) in [(true, "composing"), (false, "available")] {
        stack.phones.does(&alice, "typing", json!({ "chat": shop, "typing": typing })).await?;
        let shown = hears(&mut socket, "presence.update", |event| event["presence"]["id"] == json!(chat)).await?;
        assert_eq!(shown["presence"]["presences"][&chat]["lastKnownPresence"], state, "{shown}");
    }
    let call = stack.phones.does(&alice, "calls", json!({ "to": shop, "video": true })).await?;
    let rings = hears(&mut socket, "call", |event| event["call"][0]["status"] == "offer").await?;
    let offer = &rings["call"][0];
    assert_eq!(
        (&offer["chatId"], &offer["from"], &offer["isVideo"]),
        (&json!(chat), &json!(chat), &json!(true)),
        "{rings}"
    );
    assert_eq!(
        (&offer["id"], &offer["isGroup"], &offer["offline"]),
        (&call["id"], &json!(false), &json!(false)),
        "{rings}"
    );
    assert!(offer["date"].as_str().is_some_and(|date| date.ends_with('Z')), "{rings}");
    was_posted_too(&socket, &receiver).await?;
    stack.stop().await
}

#[tokio::test]
async fn what_happens_in_groups() -> anyhow::Result<()> {
    let Scene { stack, mut socket, receiver, shop, alice, chat } = Scene::begin().await?;
    let bob = stack.phones.create("Bob").await?.number;
    let group = stack.phones.create_group(&alice, "Market", &[&shop]).await?;
    let new = hears(&mut socket, "chat.upsert", |_| true).await?;
    assert_eq!((&new["chats"][0]["id"], &new["chats"][0]["name"]), (&json!(group), &json!("Market")), "{new}");
    for (change, field, value) in [
        (json!({ "subject": "Sunday market" }), "subject", json!("Sunday market")),
        (json!({ "description": "Who brings what" }), "desc", json!("Who brings what")),
        (json!({ "announcement": true }), "announce", json!(true)),
        (json!({ "locked": true }), "restrict", json!(true)),
    ] {
        stack.phones.change_group(&group, &alice, change).await?;
        let changed = hears(&mut socket, "group.update", |event| event["update"][0].get(field).is_some()).await?;
        let update = &changed["update"][0];
        assert_eq!(
            (&update["id"], &update[field], &update["author"]),
            (&json!(group), &value, &json!(chat)),
            "{changed}"
        );
    }
    for action in ["add", "promote", "demote", "remove"] {
        stack.phones.change_members(&group, &alice, action, &[&bob]).await?;
        let changed = hears(&mut socket, "group.participants", |event| event["update"]["action"] == action).await?;
        let update = &changed["update"];
        assert_eq!((&update["id"], &update["author"]), (&json!(group), &json!(chat)), "{changed}");
        assert_eq!(update["participants"][0]["id"], json!(format!("{bob}@s.whatsapp.net")), "{changed}");
        assert!(update["participants"][0]["lid"].is_string(), "{changed}");
    }
    was_posted_too(&socket, &receiver).await?;
    stack.stop().await
}

#[tokio::test]
async fn what_the_person_arranges_on_the_phone() -> anyhow::Result<()> {
    let Scene { stack, mut socket, receiver, shop, alice, chat } = Scene::begin().await?;
    stack.phones.send(&alice, &shop, "hello").await?;
    socket.message("hello").await?;
    // A client that hears of a change while it fetches what belongs to the same collection does not fetch again. What is set first
    // may so be heard with what is set next.
    for (change, field, value) in [
        (json!({ "archived": true }), "archived", json!(true)),
        (json!({ "archived": false }), "archived", json!(false)),
        (json!({ "muted": true }), "muteEndTime", json!(-1)),
        (json!({ "read": false }), "unreadCount", json!(-1)),
    ] {
        let is_it =
            |event: &Value| event["chats"][0]["id"] == json!(chat) && event["chats"][0].get(field) == Some(&value);
        told(&stack, &mut socket, &shop, &alice, &change, "chat.update", is_it).await?;
    }
    let named = async || stack.phones.name_contact(&shop, &alice, "Alice Wonder").await;
    let is_it = |event: &Value| event["contacts"][0]["name"] == "Alice Wonder";
    let contact = until(&mut socket, "contact.update", named, is_it).await?;
    assert_eq!(
        (&contact["contacts"][0]["id"], &contact["contacts"][0]["phoneNumber"]),
        (&json!(chat), &json!(chat)),
        "{contact}"
    );
    let label = async || {
        stack.phones.does(&shop, "labels", json!({ "id": "5", "name": "Regulars", "color": 2 })).await.map(drop)
    };
    let labels = until(&mut socket, "labels", label, |event| event["labels"]["type"] == "edit").await?;
    assert_eq!(
        (&labels["labels"]["label"]["id"], &labels["labels"]["label"]["name"]),
        (&json!("5"), &json!("Regulars")),
        "{labels}"
    );
    let labelled = async || {
        // The phone says only what is new.
        stack.phones.arrange_chat(&shop, &alice, json!({ "labels": [] })).await?;
        stack.phones.arrange_chat(&shop, &alice, json!({ "labels": ["5"] })).await
    };
    let labels =
        until(&mut socket, "labels", labelled, |event| event["labels"]["association"]["type"] == "add").await?;
    let association = &labels["labels"]["association"];
    assert_eq!(
        (&association["type"], &association["association"]["chatId"]),
        (&json!("add"), &json!(chat)),
        "{labels}"
    );
    let deleted = async || stack.phones.arrange_chat(&shop, &alice, json!({ "deleted": true })).await;
    let gone = until(&mut socket, "chat.delete", deleted, |_| true).await?;
    assert_eq!(gone["chatIds"], json!([chat]), "{gone}");
    was_posted_too(&socket, &receiver).await?;
    stack.stop().await
}

async fn told(
    stack: &Stack,
    socket: &mut Socket,
    shop: &str,
    alice: &str,
    change: &Value,
    name: &str,
    is_it: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    until(socket, name, async || stack.phones.arrange_chat(shop, alice, change.clone()).await, is_it).await
}

/// Does something until it is heard of.
async fn until(
    socket: &mut Socket,
    name: &str,
    act: impl AsyncFn() -> anyhow::Result<()>,
    is_it: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let from = socket.seen().len();
    let look = async || {
        act().await?;
        // What was sent before the answer to this has been read.
        socket.emit("ping", &json!(null)).await?;
        socket.named("pong").await?;
        let found = socket.seen()[from..].iter().find(|event| event.name == name && is_it(&event.payload));
        Ok(found.map_or_else(|| Seen::NotYet("not heard".to_owned()), |event| Seen::Fact(event.payload.clone())))
    };
    wait_for(name, SOON, look).await
}
