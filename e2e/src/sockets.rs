//! The official Socket.IO client, in a Node process. What it sees is kept in order, so that a test can ask for an event that came
//! before it asked, and count.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

use crate::programs;
use crate::wait::SOON;

/// Something a client saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event's name; `connect`, `connect_error` and `disconnect` are the client's own.
    pub name: String,
    /// Its first argument.
    pub payload: Value,
}

impl Event {
    /// The cursor to resume after it.
    pub fn cursor(&self) -> anyhow::Result<&str> {
        self.payload["cursor"].as_str().with_context(|| format!("no cursor: {self:?}"))
    }

    /// The text of a message.
    pub fn text(&self) -> &str {
        self.payload["message"]["text"].as_str().unwrap_or_default()
    }
}

/// A client.
#[derive(Debug)]
pub struct Socket {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    seen: Vec<Event>,
    /// Events before this one were asked for.
    next: usize,
    _node: Child,
}

/// The folder of the Node clients.
pub fn folder() -> PathBuf {
    programs::project().join("e2e/node")
}

/// Fails with a sentence when the npm packages are missing.
pub fn ensure_packages() -> anyhow::Result<PathBuf> {
    let packages = folder().join("node_modules");
    ensure!(packages.exists(), "the npm packages are missing: cargo xtask setup, or npm ci in e2e/node");
    Ok(packages)
}

impl Socket {
    /// Starts to connect; `options` are those of the client's `io(url, options)`.
    pub fn open(url: &str, options: &Value) -> anyhow::Result<Self> {
        ensure_packages()?;
        let mut node = Command::new("node")
            .arg(folder().join("client.mjs"))
            .args([url, &options.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node cannot be started")?;
        let input = node.stdin.take().context("a pipe")?;
        let output = BufReader::new(node.stdout.take().context("a pipe")?).lines();
        Ok(Self { input, output, seen: Vec::new(), next: 0, _node: node })
    }

    /// Connects.
    pub async fn connected(url: &str, options: &Value) -> anyhow::Result<Self> {
        let mut socket = Self::open(url, options)?;
        socket.expect("a connection", |event| event.name == "connect").await?;
        Ok(socket)
    }

    /// Says something.
    pub async fn emit(&mut self, event: &str, argument: &Value) -> anyhow::Result<()> {
        self.input.write_all(format!("{}\n", json!([event, argument])).as_bytes()).await.context("node is gone")
    }

    /// Subscribes to what comes next, and waits for the reply.
    pub async fn subscribe(&mut self, session: &str) -> anyhow::Result<Event> {
        self.emit("subscribe", &json!(session)).await?;
        self.subscribed(session).await
    }

    /// Subscribes to what came after a cursor.
    pub async fn resume(&mut self, session: &str, cursor: &str) -> anyhow::Result<Event> {
        self.emit("subscribe", &json!({ "sessionId": session, "after": cursor })).await?;
        self.subscribed(session).await
    }

    async fn subscribed(&mut self, session: &str) -> anyhow::Result<Event> {
        self.expect("a subscription", |event| event.name == "subscribed" && event.payload["sessionId"] == session).await
    }

    /// The next event that fits, among those that came after the last one asked for; others are passed over.
    pub async fn expect(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> anyhow::Result<Event> {
        let deadline = Instant::now() + SOON;
        let first = self.next;
        loop {
            while let Some(event) = self.seen.get(self.next) {
                self.next += 1;
                if fits(event) {
                    return Ok(event.clone());
                }
            }
            let Ok(line) = timeout_at(deadline, self.output.next_line()).await else {
                let (before, since) = self.seen.split_at(first);
                bail!("{what}: not within {SOON:?}; seen since it was asked for: {since:#?}, and before: {before:#?}");
            };
            let line = line?.context("node ended")?;
            let line: Vec<Value> = serde_json::from_str(&line).with_context(|| format!("no event: {line}"))?;
            let mut line = line.into_iter();
            let name = line.next().and_then(|name| name.as_str().map(str::to_owned)).context("a name")?;
            self.seen.push(Event { name, payload: line.next().unwrap_or_default() });
        }
    }

    /// The next event of this name.
    pub async fn named(&mut self, name: &str) -> anyhow::Result<Event> {
        self.expect(name, |event| event.name == name).await
    }

    /// The next message with this text.
    pub async fn message(&mut self, text: &str) -> anyhow::Result<Event> {
        self.expect(text, |event| event.name == "message" && event.text() == text).await
    }

    /// The next `connection.update` to this status.
    pub async fn status(&mut self, status: &str) -> anyhow::Result<Event> {
        let fits = |event: &Event| event.name == "connection.update" && event.payload["status"] == status;
        self.expect(status, fits).await
    }

    /// Everything seen so far.
    pub fn seen(&self) -> &[Event] {
        &self.seen
    }
}
