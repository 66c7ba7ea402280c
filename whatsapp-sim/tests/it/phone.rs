//! People and their phones, driven over the admin HTTP API, seen by an unmodified client that is linked to one.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

pub(crate) mod companion;

use std::io::Cursor;

use base64::Engine as _;
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use qrcode::{Color, QrCode};
use serde_json::{Value, json};
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::presence::{ChatPresence, ReceiptType};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_sim::{PhoneMessage, Sim, SimConfig};

use companion::{Companion, DEADLINE};

/// A network and its admin API.
pub(crate) struct Network {
    pub(crate) sim: Sim,
    /// One client with a timeout, for requests that the helpers below do not cover.
    pub(crate) http: reqwest::Client,
}

impl Network {
    pub(crate) async fn start() -> Self {
        Self::of(&Sim::start(SimConfig { key_seed: [7; 32], ..SimConfig::default() }).await.unwrap())
    }

    /// The admin API of a network.
    pub(crate) fn of(sim: &Sim) -> Self {
        Self { sim: sim.clone(), http: reqwest::Client::builder().timeout(DEADLINE).build().unwrap() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.sim.addr())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.http.post(self.url(path)).json(&body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(self.url(path))).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.http.delete(self.url(path))).await
    }

    /// Creates a phone and returns its number.
    pub(crate) async fn phone(&self, name: &str) -> String {
        let (status, body) = self.post("/admin/phones", json!({ "name": name })).await;
        assert_eq!(status, 201, "{body}");
        body["data"]["number"].as_str().unwrap().to_owned()
    }

    /// Does something that must succeed.
    async fn done(&self, path: &str, body: Value) -> Value {
        let (status, mut body) = self.post(path, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        body["data"].take()
    }

    /// Links a fresh client to a phone by the picture of its code.
    async fn link(&self, number: &str) -> Companion {
        let mut companion = Companion::start(&self.sim).await;
        let code = companion.code().await;
        let linked = self.done(&format!("/admin/phones/{number}/scan"), json!({ "qr": picture(&code) })).await;
        assert_eq!(linked["number"], number);
        companion.connected().await;
        companion
    }

    /// Waits for a message on a phone, then finds it in what the API lists.
    async fn listed(&self, number: &str, like: impl Fn(&PhoneMessage) -> bool) -> Value {
        let found = self.sim.wait_for_message(number, like, DEADLINE).await.unwrap();
        let id = found.expect("the message comes").id;
        let (status, body) = self.get(&format!("/admin/phones/{number}/messages")).await;
        assert_eq!(status, 200, "{body}");
        let listed = body["data"].as_array().unwrap();
        listed.iter().find(|message| message["id"] == id.as_str()).cloned().expect("it is listed")
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// A data URI of a PNG, as hosts show linking codes.
fn picture(code: &str) -> String {
    const SCALE: u32 = 4;
    const QUIET: u32 = 4;
    let code = QrCode::new(code).unwrap();
    let modules = u32::try_from(code.width()).unwrap();
    let side = (modules + 2 * QUIET) * SCALE;
    let picture = GrayImage::from_fn(side, side, |x, y| {
        let module = |pixel: u32| (pixel / SCALE).checked_sub(QUIET).filter(|at| *at < modules);
        match (module(x), module(y)) {
            (Some(x), Some(y)) if code[(x as usize, y as usize)] == Color::Dark => Luma([0]),
            _ => Luma([255]),
        }
    });
    let mut png = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(picture).write_to(&mut png, ImageFormat::Png).unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(png.into_inner());
    format!("data:image/png;base64,{data}")
}

/// The first message in an event that `pick` takes.
fn message<T>(event: &Event, mut pick: impl FnMut(&str, &wa::Message) -> Option<T>) -> Option<T> {
    event.messages().find_map(|inbound| pick(&inbound.info.id, inbound.message.get_base_message()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_writes_and_the_linked_client_answers() {
    let network = Network::start().await;
    let (owner, friend) = (network.phone("Owner").await, network.phone("Friend").await);
    let mut client = network.link(&owner).await;

    let sent = network.done(&format!("/admin/phones/{friend}/send"), json!({ "to": owner, "text": "hello" })).await;
    let (id, chat) = client
        .expect("the text", |event| {
            event.messages().find(|inbound| inbound.message.text_content() == Some("hello")).map(|inbound| {
                assert_eq!(inbound.info.push_name, "Friend");
                (inbound.info.id.clone(), inbound.info.source.chat.clone())
            })
        })
        .await;
    assert_eq!(sent["id"], id.as_str());

    client.client.send_text(chat, "hello yourself").await.unwrap();
    let is_answer = |message: &PhoneMessage| message.text.as_deref() == Some("hello yourself");
    let received = network.listed(&friend, is_answer).await;
    assert_eq!((&received["from"], &received["to"]), (&json!(owner), &json!(friend)));
    assert_eq!((&received["type"], &received["wireRepeats"]), (&json!("text"), &json!(0)));
    assert!(received["timestamp"].as_u64().is_some_and(|time| time > 1_700_000_000), "{received}");
    // The owner's own phone has the conversation as well.
    network.listed(&owner, is_answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_linked_client_sees_reactions_reading_and_typing() {
    let network = Network::start().await;
    let (owner, friend) = (network.phone("Owner").await, network.phone("Friend").await);
    let mut client = network.link(&owner).await;

    network.done(&format!("/admin/phones/{friend}/typing"), json!({ "chat": owner })).await;
    let typing = |event: &Event| match event {
        Event::ChatPresence(update) => Some(update.state),
        _ => None,
    };
    assert_eq!(client.expect("typing", typing).await, ChatPresence::Composing);
    network.done(&format!("/admin/phones/{friend}/typing"), json!({ "chat": owner, "typing": false })).await;
    assert_eq!(client.expect("the pause", typing).await, ChatPresence::Paused);

    network.done(&format!("/admin/phones/{friend}/send"), json!({ "to": owner, "text": "hello" })).await;
    let chat = client
        .expect("the text", |event| {
            // The phone's own peer messages come as message events too.
            let greeting = event.messages().find(|inbound| inbound.message.text_content() == Some("hello"))?;
            Some(greeting.info.source.chat.clone())
        })
        .await;
    let question = client.client.send_text(chat, "how are you?").await.unwrap().message_id;
    network.listed(&friend, |message| message.id == question).await;

    let about = json!({ "chat": owner, "messageIds": [question] });
    network.done(&format!("/admin/phones/{friend}/read"), about).await;
    client
        .expect("the read receipt", |event| match event {
            Event::Receipt(receipt) if receipt.r#type == ReceiptType::Read => {
                receipt.message_ids.contains(&question).then_some(())
            }
            _ => None,
        })
        .await;

    let reaction = json!({ "chat": owner, "messageId": question, "emoji": "👍" });
    network.done(&format!("/admin/phones/{friend}/react"), reaction).await;
    client
        .expect("the reaction", |event| {
            message(event, |_, message| {
                let reaction = message.reaction_message.as_option()?;
                assert_eq!(reaction.text.as_deref(), Some("👍"));
                let key = reaction.key.as_option()?;
                (key.id.as_deref() == Some(question.as_str())).then_some(())
            })
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_lists_and_removes_its_companions() {
    let network = Network::start().await;
    let owner = network.phone("Owner").await;
    let mut client = network.link(&owner).await;

    let devices = network.get("/admin/phones").await.1["data"][0]["devices"].take();
    let [device] = devices.as_array().unwrap().as_slice() else { panic!("one companion: {devices}") };
    assert_eq!(device["online"], true);

    let (status, body) = network.delete(&format!("/admin/phones/{owner}/devices/{}", device["id"])).await;
    assert_eq!(status, 200, "{body}");
    client.expect("the log-out", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    assert_eq!(network.get("/admin/phones").await.1["data"][0]["devices"], json!([]));
    let (status, body) = network.delete(&format!("/admin/phones/{owner}/devices/{}", device["id"])).await;
    assert_eq!((status, &body["success"]), (404, &json!(false)), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_contact_answers_by_itself() {
    let network = Network::start().await;
    let (owner, echo) = (network.phone("Owner").await, network.phone("Echo").await);
    network.done(&format!("/admin/phones/{echo}/echo"), json!({ "enabled": true })).await;
    let mut client = network.link(&owner).await;
    let chat: whatsapp_rust::Jid = format!("{echo}@s.whatsapp.net").parse().unwrap();
    client.client.send_text(chat, "is anybody there?").await.unwrap();
    client
        .expect("the echo", |event| {
            let echoed = event.messages().find(|inbound| !inbound.info.source.is_from_me)?;
            echoed.message.text_content().map(|text| assert!(text.contains("is anybody there?"), "{text}"))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_on_request_reaches_the_client_as_the_servers_answer() {
    let network = Network::start().await;
    let (owner, friend) = (network.phone("Owner").await, network.phone("Friend").await);
    let mut client = network.link(&owner).await;
    network.done("/admin/faults", json!({ "refuseNextSend": 463 })).await;

    let chat: whatsapp_rust::Jid = format!("{friend}@s.whatsapp.net").parse().unwrap();
    let refused = client.client.send_text(chat.clone(), "one").await.unwrap().message_id;
    let sent = client.client.send_text(chat, "two").await.unwrap().message_id;
    let mut outcome = async |id: &str| {
        client
            .expect("the server's answer", |event| match event {
                Event::ServerAck(ack) if ack.id == id => Some(ack.error.is_some()),
                _ => None,
            })
            .await
    };
    assert!(outcome(&refused).await, "the next one is refused");
    assert!(!outcome(&sent).await, "and only that one");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_say_no_name_are_scanned_by_the_sandbox_phone() {
    let network = Network::start().await;
    let mut numbers = Vec::new();
    for device in 1..=2 {
        let mut companion = Companion::start(&network.sim).await;
        let code = companion.code().await;
        let scan = network.http.post(network.url("/admin/mock-phone/scan-qr")).body(code);
        let (status, body) = answer(scan).await;
        assert_eq!((status, &body["data"]["device"]), (200, &json!(device)), "{body}");
        companion.connected().await;
        numbers.push(body["data"]["number"].clone());
    }
    assert_eq!(numbers[0], numbers[1], "both belong to one account");
    let (_, body) = network.get("/admin/phones").await;
    assert_eq!(body["data"][0]["name"], "Sandbox phone");
}
