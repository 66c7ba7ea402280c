//! Official Socket.IO clients in a Node process: commands go to its standard input, what the clients see comes back.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use contract::id::SessionId;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::DEADLINE;

/// Some clients.
pub(super) struct Clients {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    seen: VecDeque<Seen>,
    _node: Child,
}

/// Something a client saw.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) socket: String,
    pub(super) event: String,
    pub(super) argument: Value,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/node")
}

/// Installs the client's packages when they are missing. Tests may run in several processes: one installs, the others wait.
fn install() {
    let lock = File::create(std::env::temp_dir().join("chatery-session-host-npm.lock")).expect("a lock file");
    lock.lock().expect("the lock is granted");
    if folder().join("node_modules/.package-lock.json").exists() {
        return;
    }
    let installed = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder()).output();
    let output = installed.expect("These tests need Node with npm on the PATH.");
    assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
}

impl Clients {
    pub(super) fn start() -> Self {
        install();
        let mut node = tokio::process::Command::new("node")
            .arg(folder().join("client.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let input = node.stdin.take().expect("a pipe");
        let output = BufReader::new(node.stdout.take().expect("a pipe")).lines();
        Self { input, output, seen: VecDeque::new(), _node: node }
    }

    async fn command(&mut self, command: Value) {
        self.input.write_all(format!("{command}\n").as_bytes()).await.expect("node reads");
    }

    /// Starts to connect.
    pub(super) async fn open(&mut self, socket: &str, url: &str, options: Value) {
        self.command(json!({"do": "connect", "socket": socket, "url": url, "options": options})).await;
    }

    /// Connects over one transport.
    pub(super) async fn connect(&mut self, socket: &str, url: &str, transport: &str) {
        self.open(socket, url, json!({"transports": [transport]})).await;
        assert_eq!(self.expect(socket, "connect").await, transport);
    }

    pub(super) async fn emit(&mut self, socket: &str, event: &str, arguments: Value) {
        self.command(json!({"do": "emit", "socket": socket, "event": event, "args": arguments})).await;
    }

    /// Subscribes and waits for the reply.
    pub(super) async fn subscribe(&mut self, socket: &str, argument: Value) -> Value {
        self.emit(socket, "subscribe", json!([argument])).await;
        self.expect(socket, "subscribed").await
    }

    pub(super) async fn close(&mut self, socket: &str) {
        self.command(json!({"do": "close", "socket": socket})).await;
    }

    /// The next thing that this socket sees; what others see is kept.
    pub(super) async fn next(&mut self, socket: &str) -> Seen {
        if let Some(index) = self.seen.iter().position(|seen| seen.socket == socket) {
            return self.seen.remove(index).expect("it is there");
        }
        loop {
            let line = timeout(DEADLINE, self.output.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("{socket} sees something in time"));
            let mut line: Value =
                serde_json::from_str(&line.expect("a pipe").expect("node runs")).expect("a line of JSON");
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            let (name, event) = (text(&line["socket"]), text(&line["event"]));
            let seen = Seen { socket: name, event, argument: line["args"][0].take() };
            if seen.socket == socket {
                return seen;
            }
            self.seen.push_back(seen);
        }
    }

    /// The argument of the next thing that this socket sees, which must be this event.
    pub(super) async fn expect(&mut self, socket: &str, event: &str) -> Value {
        let seen = self.next(socket).await;
        assert_eq!(seen.event, event, "{seen:?}");
        seen.argument
    }

    /// Takes the next events of a socket, which must be the session's events of these numbers.
    pub(super) async fn expect_numbers(&mut self, socket: &str, session: &SessionId, numbers: Range<u64>) {
        for number in numbers {
            let argument = self.expect(socket, "message").await;
            assert_eq!((&argument["sessionId"], &argument["number"]), (&json!(session), &json!(number)), "{socket}");
        }
    }
}
