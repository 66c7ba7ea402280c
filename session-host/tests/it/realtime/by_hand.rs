//! A Socket.IO client that polls only when it is told to.

use serde_json::Value;

use super::host;

/// What parts the packets of a polling body.
const SEPARATOR: &str = "\u{1e}";

pub(super) struct ByHand {
    http: reqwest::Client,
    url: String,
}

impl ByHand {
    /// Connects to the namespace `/`.
    pub(super) async fn connect(host: &str) -> Self {
        let mut client = Self { http: host::http(), url: format!("{host}/socket.io/?EIO=4&transport=polling") };
        let opened = client.poll().await.swap_remove(0);
        let opened: Value = serde_json::from_str(&opened[1..]).expect("the open packet");
        let sid = opened["sid"].as_str().expect("an id");
        client.url = format!("{}&sid={sid}", client.url);
        client.post("40".to_owned()).await;
        while !client.poll().await.iter().any(|packet| packet.starts_with("40")) {}
        client
    }

    /// Emits events, each an array of its name and arguments.
    pub(super) async fn say(&self, events: &[Value]) {
        let packets: Vec<String> = events.iter().map(|event| format!("42{event}")).collect();
        self.post(packets.join(SEPARATOR)).await;
    }

    /// The packets of one poll.
    pub(super) async fn poll(&self) -> Vec<String> {
        let body = self.http.get(&self.url).send().await.expect("an answer").text().await.expect("a text");
        body.split(SEPARATOR).map(str::to_owned).collect()
    }

    async fn post(&self, body: String) {
        let answer = self.http.post(&self.url).body(body).send().await.expect("an answer");
        answer.error_for_status().expect("taken");
    }
}
