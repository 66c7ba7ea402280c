//! The simulated network as a person drives it: the admin API of the simulator.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::wait::{SOON, Seen, wait_for};

/// Longest time a request may take: a scan waits for the companion's signature.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// A phone.
#[derive(Clone, Debug, Deserialize)]
pub struct Phone {
    /// Its number, digits only.
    pub number: String,
    /// The name that others see.
    pub name: String,
    /// Its linked companions.
    pub devices: Vec<Device>,
}

/// A linked companion.
#[derive(Clone, Debug, Deserialize)]
pub struct Device {
    /// Its device number.
    pub id: u16,
    /// Whether it is connected.
    pub online: bool,
    /// How many stanzas it has not acknowledged.
    pub queued: usize,
}

/// A message on a phone.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneMessage {
    /// WhatsApp's id.
    pub id: String,
    /// The author's number.
    pub from: String,
    /// What there is to read in it.
    pub text: Option<String>,
    /// How often it came again under the same id.
    pub wire_repeats: u64,
    /// Everything else that the phone shows of it.
    #[serde(flatten)]
    pub details: Value,
}

/// The network.
#[derive(Clone, Debug)]
pub struct Phones {
    http: reqwest::Client,
    base: String,
}

impl Phones {
    /// The network whose admin API is at `base`.
    pub fn new(base: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
        Ok(Self { http, base: base.to_owned() })
    }

    /// Where the admin API is.
    pub fn base(&self) -> &str {
        &self.base
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let response = request.send().await?;
        let status = response.status();
        let mut body: Value = response.json().await.context("the simulator does not answer JSON")?;
        ensure!(status.is_success(), "the simulator refused: {status} {body}");
        serde_json::from_value(body["data"].take()).context("the simulator answers something else")
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.ask(self.http.get(format!("{}{path}", self.base))).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> anyhow::Result<T> {
        self.ask(self.http.post(format!("{}{path}", self.base)).json(&body)).await
    }

    /// A new phone with a number of the network's choice.
    pub async fn create(&self, name: &str) -> anyhow::Result<Phone> {
        self.post("/admin/phones", json!({ "name": name })).await
    }

    /// A new phone with a number of our choice.
    pub async fn create_numbered(&self, name: &str, number: &str) -> anyhow::Result<Phone> {
        self.post("/admin/phones", json!({ "name": name, "number": number })).await
    }

    /// All phones.
    pub async fn all(&self) -> anyhow::Result<Vec<Phone>> {
        self.get("/admin/phones").await
    }

    /// A phone.
    pub async fn phone(&self, number: &str) -> anyhow::Result<Phone> {
        self.get(&format!("/admin/phones/{number}")).await
    }

    /// Scans a QR code. Returns the companion's device number as soon as the phone counts it as linked.
    pub async fn scan(&self, number: &str, qr: &str) -> anyhow::Result<u16> {
        let linked: Value = self.post(&format!("/admin/phones/{number}/scan"), json!({ "qr": qr })).await?;
        serde_json::from_value(linked["device"].clone()).context("a scan answers with a device")
    }

    /// Writes to somebody. Returns the message's id.
    pub async fn send(&self, from: &str, to: &str, text: &str) -> anyhow::Result<String> {
        let sent: Value = self.post(&format!("/admin/phones/{from}/send"), json!({ "to": to, "text": text })).await?;
        serde_json::from_value(sent["id"].clone()).context("a message has an id")
    }

    /// Reads messages of a chat.
    pub async fn read(&self, number: &str, chat: &str, ids: &[&str]) -> anyhow::Result<()> {
        let body = json!({ "chat": chat, "messageIds": ids });
        self.post::<Value>(&format!("/admin/phones/{number}/read"), body).await.map(drop)
    }

    /// Enters somebody into the phone's address book.
    pub async fn name_contact(&self, number: &str, other: &str, name: &str) -> anyhow::Result<()> {
        let entry = json!({ "other": other, "name": name });
        self.post::<Value>(&format!("/admin/phones/{number}/contacts"), entry).await.map(drop)
    }

    /// Arranges a chat on the phone: `archived`, `pinned`, `muted`, `read`, `cleared`, `deleted`.
    pub async fn arrange_chat(&self, number: &str, chat: &str, change: Value) -> anyhow::Result<()> {
        self.post::<Value>(&format!("/admin/phones/{number}/chats/{chat}"), change).await.map(drop)
    }

    /// Creates a group on the phone. Returns its address.
    pub async fn create_group(&self, by: &str, subject: &str, members: &[&str]) -> anyhow::Result<String> {
        let group = json!({ "by": by, "subject": subject, "members": members });
        let group: Value = self.post("/admin/groups", group).await?;
        serde_json::from_value(group["id"].clone()).context("a group has an id")
    }

    /// The code of a group's invite link.
    pub async fn invite_code(&self, group: &str, by: &str) -> anyhow::Result<String> {
        let code: Value = self.post(&format!("/admin/groups/{group}/invite"), json!({ "by": by })).await?;
        serde_json::from_value(code["code"].clone()).context("an invitation has a code")
    }

    /// Anything else that a person does with the phone: a path below the phone's own, and a body.
    pub async fn does(&self, number: &str, what: &str, body: Value) -> anyhow::Result<Value> {
        self.post(&format!("/admin/phones/{number}/{what}"), body).await
    }

    /// Changes a group: who does it, and what.
    pub async fn change_group(&self, group: &str, by: &str, change: Value) -> anyhow::Result<()> {
        let body = json!({ "by": by, "change": change });
        self.ask::<Value>(self.http.patch(format!("{}/admin/groups/{group}", self.base)).json(&body)).await.map(drop)
    }

    /// Adds, removes, promotes or demotes members of a group.
    pub async fn change_members(&self, group: &str, by: &str, action: &str, members: &[&str]) -> anyhow::Result<()> {
        let body = json!({ "by": by, "action": action, "members": members });
        self.post::<Value>(&format!("/admin/groups/{group}/participants"), body).await.map(drop)
    }

    /// Unlinks a companion.
    pub async fn unlink(&self, number: &str, device: u16) -> anyhow::Result<()> {
        let url = format!("{}/admin/phones/{number}/devices/{device}", self.base);
        self.ask::<Value>(self.http.delete(url)).await.map(drop)
    }

    /// What a phone sent and received, oldest first.
    pub async fn messages(&self, number: &str) -> anyhow::Result<Vec<PhoneMessage>> {
        self.get(&format!("/admin/phones/{number}/messages")).await
    }

    /// The file of a message, as the phone has loaded and decrypted it.
    pub async fn file(&self, number: &str, id: &str) -> anyhow::Result<Vec<u8>> {
        self.bytes(&format!("/admin/phones/{number}/messages/{id}/media")).await
    }

    /// A group's picture.
    pub async fn group_picture(&self, group: &str) -> anyhow::Result<Vec<u8>> {
        self.bytes(&format!("/admin/groups/{group}/picture")).await
    }

    async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let response = self.http.get(format!("{}{path}", self.base)).send().await?.error_for_status()?;
        Ok(response.bytes().await?.to_vec())
    }

    /// Refuses the next uploads of files.
    pub async fn refuse_uploads(&self, status: u16, times: u32) -> anyhow::Result<()> {
        let refuse = json!({ "refuseUploads": { "status": status, "times": times } });
        self.post::<Value>("/admin/faults/media", refuse).await.map(drop)
    }

    /// Sends any content to somebody. Returns the message's id.
    pub async fn sends(&self, from: &str, to: &str, content: &Value) -> anyhow::Result<String> {
        let mut body = content.clone();
        body["to"] = json!(to);
        let sent = self.does(from, "send", body).await?;
        serde_json::from_value(sent["id"].clone()).context("a message has an id")
    }

    /// Makes trouble at the media host, or ends it.
    pub async fn media_trouble(&self, trouble: Value) -> anyhow::Result<()> {
        self.post::<Value>("/admin/faults/media", trouble).await.map(drop)
    }

    /// The person deletes the file of a message.
    pub async fn delete_file(&self, number: &str, id: &str) -> anyhow::Result<()> {
        let url = format!("{}/admin/phones/{number}/messages/{id}/media", self.base);
        self.ask::<Value>(self.http.delete(url)).await.map(drop)
    }

    /// Those of a phone's messages that say `text`.
    pub async fn saying(&self, number: &str, text: &str) -> anyhow::Result<Vec<PhoneMessage>> {
        let mut messages = self.messages(number).await?;
        messages.retain(|message| message.text.as_deref() == Some(text));
        Ok(messages)
    }

    /// Waits until a phone shows a message with this id.
    pub async fn wait_for_id(&self, number: &str, id: &str) -> anyhow::Result<PhoneMessage> {
        let look = async || {
            let found = self.messages(number).await?.into_iter().find(|message| message.id == id);
            Ok(found.map_or_else(|| Seen::NotYet("it is not there".to_owned()), Seen::Fact))
        };
        wait_for(&format!("message {id}"), SOON, look).await
    }

    /// Waits until a phone shows a text.
    pub async fn wait_for_text(&self, number: &str, text: &str) -> anyhow::Result<PhoneMessage> {
        let look = async || {
            let messages = self.messages(number).await?;
            let found = messages.iter().find(|message| message.text.as_deref() == Some(text)).cloned();
            Ok(found.map_or_else(|| Seen::NotYet(format!("{messages:?}")), Seen::Fact))
        };
        wait_for(&format!("{text:?} at {number}"), SOON, look).await
    }

    /// Waits until a phone and its companions are as told.
    pub async fn wait_for_phone(&self, number: &str, is_fact: impl Fn(&Phone) -> bool) -> anyhow::Result<Phone> {
        let look = async || Ok(Seen::when(self.phone(number).await?, &is_fact));
        wait_for(&format!("the phone {number}"), SOON, look).await
    }

    /// Withholds the acknowledgements of clients' messages, or lets them go.
    pub async fn hold_acks(&self, hold: bool) -> anyhow::Result<()> {
        self.post::<Value>("/admin/faults", json!({ "holdAcks": hold })).await.map(drop)
    }

    /// Refuses the next message of any client.
    pub async fn refuse_next_send(&self, code: u16) -> anyhow::Result<()> {
        self.post::<Value>("/admin/faults", json!({ "refuseNextSend": code })).await.map(drop)
    }

    /// Cuts every connection.
    pub async fn drop_connections(&self) -> anyhow::Result<()> {
        self.post::<Value>("/admin/faults", json!({ "dropConnections": true })).await.map(drop)
    }

    /// Has the network write down what clients say from now on.
    pub async fn log_stanzas(&self) -> anyhow::Result<()> {
        let request = self.http.put(format!("{}/admin/log", self.base)).json(&json!({ "enabled": true }));
        self.ask::<Value>(request).await.map(drop)
    }

    /// What the companions of a phone said since then, as XML.
    pub async fn stanzas_of(&self, number: &str) -> anyhow::Result<Vec<String>> {
        let page: Value = self.get(&format!("/admin/log?number={number}&limit=1000")).await?;
        let entries = page["entries"].as_array().context("a log has entries")?;
        let said = entries.iter().filter(|entry| entry["direction"] == "in");
        Ok(said.filter_map(|entry| entry["xml"].as_str().map(str::to_owned)).collect())
    }

    /// A counter of the network.
    pub async fn counter(&self, name: &str) -> anyhow::Result<u64> {
        let counters: Value = self.get("/admin/stats").await?;
        counters[name].as_u64().with_context(|| format!("there is no counter {name}"))
    }

    /// The network's public key.
    pub async fn server_key(&self) -> anyhow::Result<String> {
        let key: Value = self.get("/admin/server-key").await?;
        serde_json::from_value(key["publicKey"].clone()).context("there is a key")
    }
}
