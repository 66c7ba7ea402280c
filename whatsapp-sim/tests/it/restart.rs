//! The program killed without warning and started again: nobody is logged out, and nothing that was promised is lost.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use whatsapp_rust::Jid;

use crate::client::{DEADLINE, TestClient, jid, seeded_store};

/// The program in a process of its own.
pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
    http: reqwest::Client,
}

impl Program {
    async fn start(directory: &Path, listen: SocketAddr) -> Self {
        Self::start_with(listen, &[OsStr::new("--data-dir"), directory.as_os_str()]).await
    }

    pub(crate) async fn start_with(listen: SocketAddr, further: &[&OsStr]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_whatsapp-sim"))
            .args(["--listen", &listen.to_string(), "--key-seed", "restart"])
            .args(further)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, after)) = line.split_once("ws://") {
                    return after.split('/').next().unwrap().parse().unwrap();
                }
            }
            panic!("the program ended early")
        };
        let address = tokio::time::timeout(DEADLINE, listening).await.unwrap();
        Self { child, address, http: reqwest::Client::builder().timeout(DEADLINE).build().unwrap() }
    }

    fn ws_url(&self) -> String {
        format!("ws://{}/ws/chat", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("http://{}{path}", self.address)).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["data"].take()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("http://{}{path}", self.address)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json::<Value>().await.unwrap()["data"].take()
    }

    async fn phone(&self, name: &str) -> String {
        self.post("/admin/phones", json!({ "name": name })).await["number"].as_str().unwrap().to_owned()
    }

    async fn link(&self, number: &str) -> TestClient {
        let key = hex::decode(self.get("/admin/server-key").await["publicKey"].as_str().unwrap()).unwrap();
        let store = seeded_store(key.try_into().unwrap()).await;
        let mut client = TestClient::start(self.ws_url(), store).await;
        let code = client.code().await;
        self.post(&format!("/admin/phones/{number}/scan"), json!({ "qr": code })).await;
        client.connected().await;
        client
    }

    /// `SIGKILL`: the program gets no chance to tidy up.
    async fn kill(mut self) -> ExitStatus {
        self.child.start_kill().unwrap();
        self.child.wait().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_network_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start(directory.path(), "127.0.0.1:0".parse().unwrap()).await;
    let (ada, bob) = (program.phone("Ada").await, program.phone("Bob").await);
    let mut ada_client = program.link(&ada).await;
    let bob_client = program.link(&bob).await;
    let early = ada_client.send(&jid(&bob), "early").await;
    assert_eq!(ada_client.ack(&early).await, None);

    // Bob's client leaves; what comes for it is acknowledged to Ada and the program is killed at once.
    let bob_store = bob_client.stop().await;
    let late = ada_client.send(&jid(&bob), "late").await;
    assert_eq!(ada_client.ack(&late).await, None);
    let address = program.address;
    assert!(!program.kill().await.success());

    let program = Program::start(directory.path(), address).await;
    // Ada's client comes back by itself, Bob's finds what waited for it.
    ada_client.connected().await;
    let mut bob_client = TestClient::start(program.ws_url(), bob_store).await;
    let info = bob_client.text("late").await;
    assert_eq!(info.id, late);

    // Sessions with phones go on, in both directions.
    ada_client.send(&jid(&bob), "after").await;
    bob_client.text("after").await;
    program.post(&format!("/admin/phones/{bob}/send"), json!({ "to": ada, "text": "from Bob's phone" })).await;
    ada_client.text("from Bob's phone").await;
    let messages = program.get(&format!("/admin/phones/{bob}/messages")).await;
    let texts: Vec<&str> = messages.as_array().unwrap().iter().filter_map(|message| message["text"].as_str()).collect();
    assert_eq!(texts, ["early", "late", "after", "from Bob's phone"]);
    let stats = program.get("/admin/stats").await;
    assert_eq!((&stats["unknownRequests"], &stats["undecryptable"]), (&json!(0), &json!(0)), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_network_still_has_its_channels() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start(directory.path(), "127.0.0.1:0".parse().unwrap()).await;
    let (ada, bob) = (program.phone("Ada").await, program.phone("Bob").await);
    let mut reader = program.link(&bob).await;
    let founded = program.post("/admin/newsletters", json!({ "owner": ada, "name": "Bread", "description": "" })).await;
    let id = founded["id"].as_str().unwrap().to_owned();
    let channel: Jid = id.parse().unwrap();
    reader.client.newsletter().join(&channel).await.unwrap();
    let posts = format!("/admin/newsletters/{id}/posts");
    let post = program.post(&posts, json!({ "text": "rolls" })).await["serverId"].as_u64().unwrap();
    reader.text("rolls").await;
    let liked = json!({ "number": bob, "emoji": "👍" });
    program.post(&format!("{posts}/{post}/reactions"), liked).await;
    let address = program.address;
    assert!(!program.kill().await.success());

    let program = Program::start(directory.path(), address).await;
    reader.connected().await;
    let followed = reader.client.newsletter().list_subscribed().await.unwrap();
    assert_eq!(followed.iter().map(|followed| &followed.jid).collect::<Vec<_>>(), [&channel]);
    let kept = reader.client.newsletter().get_messages(channel.clone(), 10, None).await.unwrap();
    let counted: Vec<_> =
        kept.iter().flat_map(|post| &post.reactions).map(|one| (one.code.as_str(), one.count)).collect();
    assert_eq!((kept.len(), counted), (1, vec![("👍", 1)]));
    let next = program.post(&posts, json!({ "text": "buns" })).await["serverId"].as_u64().unwrap();
    assert!(next > post, "places are not used twice");
    assert_eq!(reader.text("buns").await.source.chat, channel);
}
