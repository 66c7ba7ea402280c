//! Everything about messages over the admin API: sent in each form, shown with what is in it, refused for a reason.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;

use super::Two;
use crate::client::{DEADLINE, all_understood};
use crate::phone::{Network, answer};

impl Two {
    fn api(&self) -> Network {
        Network::of(&self.sim)
    }

    /// Bob sends something to Ada, over the API.
    async fn posts(&self, mut message: Value) -> (u16, Value) {
        message["to"] = json!(self.ada);
        self.api().post(&format!("/admin/phones/{}/send", self.bob), message).await
    }

    /// The same, when it is taken: the id.
    async fn sends(&self, message: Value) -> String {
        let (status, body) = self.posts(message).await;
        assert_eq!(status, 200, "{body}");
        body["data"]["id"].as_str().unwrap().to_owned()
    }

    /// A message as the API lists it for Ada's phone.
    async fn listed(&self, id: &str) -> Value {
        let (_, body) = self.api().get(&format!("/admin/phones/{}/messages", self.ada)).await;
        let listed = body["data"].as_array().unwrap();
        listed.iter().find(|message| message["id"] == id).cloned().expect("it is listed")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_is_sent_and_listed_with_what_is_in_it() {
    let mut two = Two::meet().await;
    let data = STANDARD.encode(b"OggS and so on");
    let voice = two.sends(json!({ "audio": { "data": data, "voice": true, "seconds": 3 }, "viewOnce": true })).await;
    let (_, message) = two.client.message(&voice).await;
    assert!(message.is_view_once());
    let listed = two.listed(&voice).await;
    let about = (&listed["type"], &listed["viewOnce"], &listed["file"]["voice"], &listed["file"]["seconds"]);
    assert_eq!(about, (&json!("audio"), &json!(true), &json!(true), &json!(3)), "{listed}");
    let text = two.sends(json!({ "text": "and?", "quote": voice, "mentions": [two.ada], "forwarded": true })).await;
    let listed = two.listed(&text).await;
    assert_eq!(listed["quoted"], json!({ "id": voice, "participant": two.bob, "type": "audio", "text": null }));
    assert_eq!((&listed["mentions"], &listed["forwarded"]), (&json!([two.ada]), &json!(true)));

    let poll = two.sends(json!({ "poll": { "name": "When?", "options": ["now", "later"] } })).await;
    two.sends(json!({ "vote": { "id": poll, "options": ["later"] } })).await;
    let options = json!([{ "name": "now", "voters": [] }, { "name": "later", "voters": [two.bob] }]);
    assert_eq!(two.listed(&poll).await["poll"], json!({ "options": options, "selectable": 1 }));

    let plan = json!({ "data": data, "fileName": "plan.txt", "mimeType": "text/plain" });
    let plan = two.sends(json!({ "document": plan, "expiresAfter": 604_800 })).await;
    let listed = two.listed(&plan).await;
    assert_eq!((&listed["file"]["fileName"], &listed["expiresAfter"]), (&json!("plan.txt"), &json!(604_800)));
    let media = two.api().url(&format!("/admin/phones/{}/messages/{plan}/media", two.ada));
    let media = two.api().http.get(media).send().await.unwrap();
    let hash = STANDARD.encode(hex::decode(listed["file"]["sha256"].as_str().unwrap()).unwrap());
    assert_eq!(media.headers()["repr-digest"].to_str().unwrap(), format!("sha-256=:{hash}:"));

    two.sends(json!({ "edit": { "id": text, "text": "well?" } })).await;
    two.sends(json!({ "reaction": { "id": text, "emoji": "🙂" } })).await;
    two.sends(json!({ "pin": { "id": text } })).await;
    let listed = two.listed(&text).await;
    assert_eq!((&listed["text"], &listed["edited"], &listed["pinned"]), (&json!("well?"), &json!(true), &json!(true)));
    assert_eq!(listed["reactions"], json!([{ "from": two.bob, "emoji": "🙂" }]));
    two.sends(json!({ "revoke": { "id": text } })).await;
    let listed = two.listed(&text).await;
    assert_eq!((&listed["text"], &listed["deletedBy"]), (&json!(null), &json!(two.bob)));
    let last = two.sends(json!({ "timer": 86_400 })).await;
    two.client.message(&last).await;
    assert_eq!(two.listed(&last).await["expiresAfter"], 86_400);

    let played = json!({ "chat": two.bob, "messageIds": [voice] });
    let (status, body) = two.api().post(&format!("/admin/phones/{}/played", two.ada), played).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(two.listed(&voice).await["played"], true);
    let (_, receipts) = two.api().get(&format!("/admin/phones/{}/receipts", two.bob)).await;
    let of_voice = receipts["data"].as_array().unwrap().iter().filter(|receipt| receipt["id"] == voice.as_str());
    assert!(of_voice.map(|receipt| receipt["type"].clone()).any(|kind| kind == "played"), "{receipts}");
    all_understood(&two.sim).await;
}

#[tokio::test]
async fn what_no_phone_would_send_is_refused() {
    let two = Two::meet().await;
    let theirs = two.sim.phone_send(&two.ada, &two.bob, "mine").await.unwrap();
    let (_, poll) = two.posts(json!({ "poll": { "name": "?", "options": ["a", "b"] } })).await;
    let poll = &poll["data"]["id"];
    let refusals = [
        (json!({}), 400, "bad_message"),
        (json!({ "text": "a", "timer": 0 }), 400, "bad_message"),
        (json!({ "text": "" }), 400, "bad_text"),
        (json!({ "text": "a", "colour": "red" }), 422, "invalid_body"),
        (json!({ "image": { "data": "no base64!" } }), 422, "invalid_body"),
        (json!({ "image": { "data": "AAAA", "voice": true } }), 400, "bad_message"),
        (json!({ "document": { "data": "AAAA" }, "viewOnce": true }), 400, "bad_message"),
        (json!({ "image": { "data": "AAAA" }, "withheld": true }), 400, "bad_message"),
        (json!({ "text": "see", "link": { "url": "https://example.com" } }), 400, "bad_message"),
        (json!({ "location": { "latitude": 91.0, "longitude": 0.0 } }), 400, "bad_message"),
        (json!({ "contacts": [] }), 400, "bad_message"),
        (json!({ "poll": { "name": "?", "options": ["a"] } }), 400, "bad_message"),
        (json!({ "poll": { "name": "?", "options": ["a", "a"] } }), 400, "bad_message"),
        (json!({ "text": "a", "quote": "NOPE" }), 404, "unknown_message"),
        (json!({ "text": "a", "mentions": ["+62 812 9999 9999"] }), 404, "unknown_phone"),
        (json!({ "reaction": { "id": "NOPE", "emoji": "x" } }), 404, "unknown_message"),
        (json!({ "edit": { "id": theirs, "text": "yours" } }), 403, "not_your_message"),
        (json!({ "edit": { "id": poll, "text": "?!" } }), 409, "not_editable"),
        (json!({ "revoke": { "id": theirs } }), 403, "not_your_message"),
        (json!({ "vote": { "id": theirs, "options": ["a"] } }), 404, "unknown_poll"),
        (json!({ "vote": { "id": poll, "options": ["c"] } }), 400, "bad_vote"),
        (json!({ "vote": { "id": poll, "options": ["a", "b"] } }), 400, "bad_vote"),
        (json!({ "respond": { "id": poll, "answer": "going" } }), 404, "unknown_event"),
        (json!({ "respond": { "id": poll, "answer": "perhaps" } }), 422, "invalid_body"),
        (json!({ "keep": { "id": "NOPE" } }), 404, "unknown_message"),
        (json!({ "timer": 0, "quote": theirs }), 400, "bad_message"),
    ];
    for (message, status, code) in refusals {
        let (answered, body) = two.posts(message.clone()).await;
        assert_eq!((answered, &body["code"]), (status, &json!(code)), "{message}: {body}");
    }
    let played = json!({ "chat": two.ada, "messageIds": [theirs] });
    let (status, body) = two.api().post(&format!("/admin/phones/{}/played", two.bob), played).await;
    assert_eq!((status, &body["code"]), (400, &json!("not_playable")), "{body}");
    let large = json!({ "to": two.ada, "image": { "data": STANDARD.encode(vec![0; 18 << 20]) } });
    let (status, body) = two.api().post(&format!("/admin/phones/{}/send", two.bob), large).await;
    assert_eq!((status, &body["code"]), (413, &json!("too_large")), "{body}");
}

#[tokio::test]
async fn the_document_describes_every_form() {
    let network = Network::start().await;
    let (_, document) = network.get("/admin/openapi.json").await;
    let route = &document["paths"]["/admin/phones/{number}/send"]["post"];
    let schema = route["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
    let schema = document.pointer(schema.strip_prefix('#').unwrap()).unwrap();
    let parts = schema["allOf"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["required"] == json!(["to"])), "{schema}");
    let schema = &document["components"]["schemas"]["Written"];
    assert!(parts.iter().any(|part| part["$ref"] == "#/components/schemas/Written"), "{parts:?}");
    for form in ["text", "image", "audio", "poll", "vote", "edit", "revoke", "invite", "timer", "quote", "viewOnce"] {
        assert!(schema["properties"][form].is_object(), "{form}: {schema}");
    }
    let message = &document["components"]["schemas"]["PhoneMessage"].to_string();
    assert!(message.contains("wireRepeats") && message.contains("MessageDetails"), "{message}");
}

#[tokio::test]
async fn a_phone_is_damaged_over_the_api() {
    let network = Network::start().await;
    let (ada, bob) = (network.phone("Ada").await, network.phone("Bob").await);
    network.sim.phone_send(&ada, &bob, "one").await.unwrap();
    network.sim.phone_send(&bob, &ada, "two").await.unwrap();
    let (status, body) = network.delete(&format!("/admin/phones/{bob}/sessions")).await;
    assert_eq!(status, 200, "{body}");
    let id = network.sim.phone_send(&ada, &bob, "three").await.unwrap();
    super::shown(&network.sim, &bob, &id).await;
    assert!(network.sim.stats().await.undecryptable > 0);
}

#[tokio::test]
async fn answers_are_set_listed_and_given() {
    let network = Network::start().await;
    let (ada, bob) = (network.phone("Ada").await, network.phone("Bob").await);
    let path = format!("/admin/phones/{bob}/replies");
    let put = async |replies: &Value| answer(network.http.put(network.url(&path)).json(replies)).await;
    let replies = json!({ "replies": [{ "contains": "price", "say": ["25,000", "each"] }] });
    assert_eq!(put(&replies).await.0, 200);
    assert_eq!(network.get(&path).await.1["data"], replies);
    network.sim.phone_send(&ada, &bob, "What PRICE is it?").await.unwrap();
    let said = |message: &whatsapp_sim::PhoneMessage| message.text.as_deref() == Some("each");
    network.sim.wait_for_message(&ada, said, DEADLINE).await.unwrap().expect("the answer comes");
    let (status, body) = put(&json!({ "replies": [{ "say": [] }] })).await;
    assert_eq!((status, &body["code"]), (422, &json!("bad_scenario")), "{body}");
    assert_eq!(put(&json!({ "replies": [] })).await.0, 200);
    assert_eq!(network.get(&path).await.1["data"], json!({ "replies": [] }));
}
