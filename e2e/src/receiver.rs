//! A receiver of webhooks on loopback: it notes what it is sent, and answers well or as bad ones do. It can go away and come back under
//! the same address.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::ports;
use crate::wait::{SOON, Seen, wait_for};

/// Longest request head that is read.
const MAX_HEAD: usize = 64 * 1024;

/// How a request is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// 200.
    Takes,
    /// This status, these headers (each line with its end), this body.
    Says(u16, String, String),
    /// Never.
    Hangs,
    /// With the end of the connection.
    Resets,
    /// 200, and a body that never ends.
    EndlessBody,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub raw: Vec<u8>,
    /// Its body as JSON.
    pub body: Value,
    /// When it had come.
    pub at: Instant,
}

impl Request {
    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The text of its message.
    pub fn text(&self) -> &str {
        self.body["data"]["text"].as_str().unwrap_or_default()
    }
}

struct State {
    requests: Mutex<Vec<Request>>,
    came: Notify,
    react: Box<dyn Fn(&Request) -> Reaction + Send + Sync>,
    connections: Mutex<Vec<JoinHandle<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The receiver. It ends with the value.
pub struct Receiver {
    state: Arc<State>,
    port: u16,
    task: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> anyhow::Result<Self> {
        Self::reacting(|_| Reaction::Takes).await
    }

    /// One that reacts to each request in its own way.
    pub async fn reacting(react: impl Fn(&Request) -> Reaction + Send + Sync + 'static) -> anyhow::Result<Self> {
        // Not one that the system gives to outgoing connections: it must be free when the receiver comes back.
        let listener = TcpListener::bind(("127.0.0.1", ports::free()?)).await?;
        let state = State {
            requests: Mutex::default(),
            came: Notify::new(),
            react: Box::new(react),
            connections: Mutex::default(),
        };
        let mut receiver = Self { state: Arc::new(state), port: listener.local_addr()?.port(), task: None };
        receiver.serve(listener);
        Ok(receiver)
    }

    fn serve(&mut self, listener: TcpListener) {
        let state = Arc::clone(&self.state);
        self.task = Some(tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let of_connection = Arc::clone(&state);
                // Whoever hangs up has what they wanted.
                let connection = tokio::spawn(async move { drop(answer(socket, &of_connection).await) });
                lock(&state.connections).push(connection);
            }
        }));
    }

    /// Ends all connections and takes no more. Afterwards its port is free.
    pub async fn go_away(&mut self) {
        for task in self.end() {
            // It was aborted.
            let _ = task.await;
        }
    }

    fn end(&mut self) -> Vec<JoinHandle<()>> {
        let connections = std::mem::take(&mut *lock(&self.state.connections));
        let tasks: Vec<_> = self.task.take().into_iter().chain(connections).collect();
        for task in &tasks {
            task.abort();
        }
        tasks
    }

    /// Is there again, under the same address, as soon as the system gives it back.
    pub async fn come_back(&mut self) -> anyhow::Result<()> {
        let listen = async || match TcpListener::bind(("127.0.0.1", self.port)).await {
            Ok(listener) => Ok(Seen::Fact(listener)),
            Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(Seen::NotYet(error.to_string())),
            Err(error) => Err(error.into()),
        };
        let listener = wait_for("the port", SOON, listen).await?;
        self.serve(listener);
        Ok(())
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Everything that came so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// Waits until what came is what is wanted.
    pub async fn wait_for<T>(&self, what: &str, find: impl FnMut(&[Request]) -> Option<T>) -> anyhow::Result<T> {
        self.wait_within(what, SOON, find).await
    }

    /// The same, for something that takes longer.
    pub async fn wait_within<T>(
        &self,
        what: &str,
        within: Duration,
        mut find: impl FnMut(&[Request]) -> Option<T>,
    ) -> anyhow::Result<T> {
        let look = async {
            loop {
                let came = self.state.came.notified();
                if let Some(found) = find(&lock(&self.state.requests)) {
                    return found;
                }
                came.await;
            }
        };
        let found = timeout(within, look).await;
        found.with_context(|| {
            let requests = lock(&self.state.requests);
            let bodies: Vec<String> =
                requests.iter().rev().take(5).map(|one| format!("{} {}", one.path, one.body)).collect();
            format!("{what}: not within {within:?}; {} requests came, the newest: {bodies:#?}", requests.len())
        })
    }

    /// Waits for a request of an event.
    pub async fn event(&self, event: &str) -> anyhow::Result<Request> {
        self.wait_for(event, |all| all.iter().find(|one| one.body["event"] == event).cloned()).await
    }

    /// Waits for a request with the text of a message.
    pub async fn message(&self, text: &str) -> anyhow::Result<Request> {
        self.wait_for(text, |all| all.iter().find(|one| one.text() == text).cloned()).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.end();
    }
}

async fn answer(mut socket: TcpStream, state: &State) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut read = Vec::new();
    loop {
        let Some(request) = next(&mut socket, &mut read).await? else { return Ok(()) };
        let reaction = (state.react)(&request);
        lock(&state.requests).push(request);
        state.came.notify_waiters();
        match reaction {
            Reaction::Takes => socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await?,
            Reaction::Says(status, headers, body) => {
                let length = body.len();
                let text = format!("HTTP/1.1 {status} -\r\n{headers}content-length: {length}\r\n\r\n{body}");
                socket.write_all(text.as_bytes()).await?;
            }
            Reaction::Hangs => {
                // Until the other side has enough.
                socket.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
            Reaction::Resets => {
                socket.set_zero_linger()?;
                return Ok(());
            }
            Reaction::EndlessBody => {
                socket.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
                loop {
                    socket.write_all(b"4\r\nmore\r\n").await?;
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

/// Reads a request with a length. `None` when the connection ends instead.
async fn next(socket: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        if read.len() > MAX_HEAD || socket.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let path = lines.next().and_then(|line| line.split_whitespace().nth(1)).unwrap_or_default().to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    while read.len() < end + length {
        if socket.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    let raw: Vec<u8> = read[end..end + length].to_vec();
    read.drain(..end + length);
    let body = serde_json::from_slice(&raw).unwrap_or_default();
    Ok(Some(Request { path, headers, raw, body, at: Instant::now() }))
}
