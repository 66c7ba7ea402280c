//! A Socket.IO client that polls only when it is told to.

use serde_json::Value;

use super::host;

/// What parts the packets of a polling body.
const SEPARATOR: &str = "\u{1e}";

/// The server's heartbeat, and its answer.
const HEARTBEAT: &str = "2";
const ALIVE: &str = "3";

/// The packet that ends a socket.
const END: &str = "41";

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
        // The first heartbeat comes at once, and a send buffer that has no room for one ends the connection: it is awaited
        // before anything else is said.
        let (mut connected, mut heartbeat) = (false, false);
        while !(connected && heartbeat) {
            for packet in client.poll().await {
                connected |= packet.starts_with("40");
                heartbeat |= packet == HEARTBEAT;
            }
        }
        client.post(ALIVE.to_owned()).await;
        client
    }

    /// Emits events, each an array of its name and arguments.
    pub(super) async fn say(&self, events: &[Value]) {
        let packets: Vec<String> = events.iter().map(|event| format!("42{event}")).collect();
        self.post(packets.join(SEPARATOR)).await;
    }

    /// The packets of one poll.
    pub(super) async fn poll(&self) -> Vec<String> {
        let answer = self.http.get(&self.url).send().await.expect("an answer");
        let body = answer.error_for_status().expect("a living connection").text().await.expect("a text");
        body.split(SEPARATOR).map(str::to_owned).collect()
    }

    /// Polls until the server ends the socket; everything that came until then, and what ended it. Together with the packet
    /// that says so the server may close the connection beneath, and then nothing more can be asked.
    pub(super) async fn disconnected(&self) -> Vec<String> {
        let mut packets = Vec::new();
        while !packets.iter().any(|packet| packet == END) {
            packets.extend(self.poll().await);
        }
        packets
    }

    async fn post(&self, body: String) {
        let answer = self.http.post(&self.url).body(body).send().await.expect("an answer");
        answer.error_for_status().expect("taken");
    }
}
