//! The official Socket.IO client, in a Node process. What it sees is kept in order, so that a test can ask for an event that came
//! before it asked, and count.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
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
    /// Ended with the value.
    node: Child,
}

/// A client that is read in the background. It ends with the value.
#[derive(Debug)]
pub struct Collected {
    seen: Arc<Mutex<Vec<Event>>>,
    task: JoinHandle<()>,
}

impl Collected {
    /// Looks at everything that was seen so far.
    pub fn look<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T {
        look(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Collected {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An event as a line of the client.
fn event(line: &str) -> anyhow::Result<Event> {
    let values: Vec<Value> = serde_json::from_str(line).with_context(|| format!("no event: {line}"))?;
    let mut values = values.into_iter();
    let name = values.next().and_then(|name| name.as_str().map(str::to_owned)).context("a name")?;
    Ok(Event { name, payload: values.next().unwrap_or_default() })
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
        Ok(Self { input, output, seen: Vec::new(), next: 0, node })
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

    /// Reads on in the background, so that a client that is sent much is never blocked by its reader.
    pub fn collected(self) -> Collected {
        let seen = Arc::new(Mutex::new(self.seen));
        let into = Arc::clone(&seen);
        let (mut output, input, node) = (self.output, self.input, self.node);
        let task = tokio::spawn(async move {
            // They live as long as the reading.
            let _client = (input, node);
            while let Ok(Some(line)) = output.next_line().await {
                if let Ok(event) = event(&line) {
                    into.lock().unwrap_or_else(PoisonError::into_inner).push(event);
                }
            }
        });
        Collected { seen, task }
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
            self.seen.push(event(&line?.context("node ended")?)?);
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
