//! A small web server on loopback with files to send, and with everything that a hostile one does.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Longest request head that is read.
const MAX_HEAD: usize = 16 * 1024;

/// The server. It ends with the value.
#[derive(Debug)]
pub struct Files {
    base: String,
    task: JoinHandle<()>,
}

/// What is answered at a path.
#[derive(Clone, Debug)]
pub enum File {
    /// These bytes.
    Bytes(Vec<u8>),
    /// This status, and this `Location`.
    Redirect(String),
    /// This status, and nothing.
    Status(u16),
    /// A head that promises so many bytes, and a few of them.
    Promise(u64),
}

impl Files {
    /// Serves files by their paths; everything else is not found.
    pub async fn start(files: impl IntoIterator<Item = (&'static str, File)>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let files: Arc<HashMap<&'static str, File>> = Arc::new(files.into_iter().collect());
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let files = Arc::clone(&files);
                tokio::spawn(async move { answer(socket, &files).await });
            }
        });
        Ok(Self { base, task })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers one request. Whoever hangs up meanwhile has what they wanted.
async fn answer(mut socket: TcpStream, files: &HashMap<&'static str, File>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_HEAD {
        if socket.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let (status, location, length, body) = match files.get(path) {
        Some(File::Bytes(bytes)) => (200, None, bytes.len() as u64, bytes.as_slice()),
        Some(File::Redirect(target)) => (302, Some(target), 0, &[][..]),
        Some(File::Status(status)) => (*status, None, 0, &[][..]),
        Some(File::Promise(length)) => (200, None, *length, &b"a few"[..]),
        None => (404, None, 0, &[][..]),
    };
    let location = location.map(|target| format!("location: {target}\r\n")).unwrap_or_default();
    let head = format!("HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {length}\r\n{location}\r\n");
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body).await?;
    if length > body.len() as u64 {
        // The rest never comes.
        let mut nothing = Vec::new();
        socket.read_to_end(&mut nothing).await?;
    }
    Ok(())
}
