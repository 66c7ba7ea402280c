//! The library's HTTP client over one shared pool, with the wall of [`super::dial`]: a sandbox session reaches the simulator
//! and nothing else, a live one nothing without TLS. Sizes and times are bounded here, since the library bounds neither.

use std::io::{self, Read};
use std::time::Duration;

use anyhow::{bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method, RequestBuilder, Response, Url};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wacore::net::{HttpClient, HttpRequest, HttpResponse, StreamingHttpResponse, UploadBody};

/// Longest time of one request; the library retries on other hosts.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Longest time of one upload: the largest file over a slow line.
const UPLOAD_WITHIN: Duration = Duration::from_mins(3);

/// Longest time of one download: the largest file over a slow line.
const DOWNLOAD_WITHIN: Duration = Duration::from_mins(15);

/// Longest silence of a download.
const SILENCE: Duration = Duration::from_secs(30);

/// What encryption adds to a file, at most.
const ENCRYPTION: u64 = 64;

/// Bytes of an upload that are read at once.
const CHUNK: usize = 64 * 1024;

/// Chunks read before the socket takes them.
const CHUNKS_AHEAD: usize = 4;

/// Largest answer kept in memory: WhatsApp's own media are at most 100 MB for documents shown inline.
const MAX_BODY: usize = 100 * 1024 * 1024;

/// The HTTP client of one session.
#[derive(Clone, Debug)]
pub(super) struct NetworkHttp {
    pool: reqwest::Client,
    /// Host and port of the simulator; a live session has none.
    sandbox: Option<String>,
    /// Largest download.
    largest: u64,
}

impl NetworkHttp {
    pub(super) fn live(pool: reqwest::Client) -> Self {
        Self { pool, sandbox: None, largest: MAX_BODY as u64 }
    }

    pub(super) fn sandbox(pool: reqwest::Client, authority: &str) -> Self {
        Self { pool, sandbox: Some(authority.to_owned()), largest: MAX_BODY as u64 }
    }

    /// With room for files of this size.
    pub(super) fn with_files_of(self, bytes: u64) -> Self {
        Self { largest: self.largest.max(bytes.saturating_add(ENCRYPTION)), ..self }
    }

    fn outgoing(&self, request: &HttpRequest) -> anyhow::Result<RequestBuilder> {
        let method = Method::from_bytes(request.method.as_bytes())?;
        let mut outgoing = self.pool.request(method, self.target(&request.url)?);
        for (name, value) in &request.headers {
            outgoing = outgoing.header(name, value);
        }
        Ok(outgoing)
    }

    /// The address really dialled. The library writes `https://` before every media host; the simulator speaks plain HTTP.
    fn target(&self, url: &str) -> anyhow::Result<Url> {
        let mut url = Url::parse(url)?;
        ensure!(url.scheme() == "https", "the library asked for a URL without TLS");
        if let Some(authority) = &self.sandbox {
            let host = url.host_str().unwrap_or_default();
            let asked = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            ensure!(asked == *authority, "a sandbox session may reach only its simulator");
            if url.set_scheme("http").is_err() {
                bail!("the simulator's address has no plain form");
            }
        }
        Ok(url)
    }
}

#[async_trait]
impl HttpClient for NetworkHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let mut outgoing = self.outgoing(&request)?.timeout(TIMEOUT);
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        answer(outgoing).await
    }

    fn supports_streaming(&self) -> bool {
        true
    }

    fn execute_streaming(&self, request: HttpRequest) -> anyhow::Result<StreamingHttpResponse> {
        let outgoing = self.outgoing(&request)?.timeout(DOWNLOAD_WITHIN);
        let runtime = Handle::current();
        let response = runtime.block_on(async { timeout(SILENCE, outgoing.send()).await })??;
        let status_code = response.status().as_u16();
        if response.content_length().is_some_and(|length| length > self.largest) {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
        }
        let body = Download { response, runtime, piece: Bytes::new(), left: self.largest };
        Ok(StreamingHttpResponse { status_code, body: Box::new(body) })
    }

    fn supports_upload_streaming(&self) -> bool {
        true
    }

    fn execute_upload(&self, request: HttpRequest, body: UploadBody, length: u64) -> anyhow::Result<HttpResponse> {
        let (chunks, mut sent) = mpsc::channel(CHUNKS_AHEAD);
        let stream = futures::stream::poll_fn(move |context| sent.poll_recv(context));
        let outgoing = self.outgoing(&request)?.timeout(UPLOAD_WITHIN).header(CONTENT_LENGTH, length);
        let runtime = Handle::current();
        let answered = runtime.spawn(answer(outgoing.body(Body::wrap_stream(stream))));
        let mut body = body.take(length);
        loop {
            let mut chunk = vec![0; CHUNK];
            let read = match body.read(&mut chunk) {
                Ok(0) => break,
                read => read.map(|length| {
                    chunk.truncate(length);
                    chunk
                }),
            };
            // An error is passed on, so that the request fails instead of ending short.
            let ends = read.is_err();
            if chunks.blocking_send(read).is_err() || ends {
                break;
            }
        }
        drop(chunks);
        runtime.block_on(answered)?
    }
}

/// The body of an answer, read piece by piece on a thread that may block.
struct Download {
    response: Response,
    runtime: Handle,
    piece: Bytes,
    /// Bytes that may still come.
    left: u64,
}

impl Read for Download {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let next = self.runtime.block_on(async { timeout(SILENCE, self.response.chunk()).await });
            let Some(piece) = next.map_err(|_| io::ErrorKind::TimedOut)?.map_err(io::Error::other)? else {
                return Ok(0);
            };
            self.left = self.left.checked_sub(piece.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
            self.piece = piece;
        }
        let length = into.len().min(self.piece.len());
        into[..length].copy_from_slice(&self.piece.split_to(length));
        Ok(length)
    }
}

/// Sends a request and reads the answer.
async fn answer(outgoing: RequestBuilder) -> anyhow::Result<HttpResponse> {
    let mut response = outgoing.send().await?;
    let status_code = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        ensure!(body.len() + chunk.len() <= MAX_BODY, "the answer is larger than {MAX_BODY} bytes");
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status_code, body })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::spawn_blocking;

    use super::*;

    /// Most that the downloads of these tests may have.
    const ROOM: u64 = 10;

    /// What a download from a server that says this gives, and the status.
    async fn download(answer: &'static str) -> io::Result<(u16, Vec<u8>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let authority = listener.local_addr()?.to_string();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await?;
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await?;
            socket.write_all(answer.as_bytes()).await
        });
        let url = format!("https://{authority}/v/x");
        let pool = reqwest::Client::default();
        let http = NetworkHttp { largest: ROOM, ..NetworkHttp::sandbox(pool, &authority) };
        let read = spawn_blocking(move || {
            let answer = http.execute_streaming(HttpRequest::get(url));
            let mut answer =
                answer.map_err(|error| error.downcast::<io::Error>().expect("an error of the disk's kind"))?;
            let mut bytes = Vec::new();
            answer.body.read_to_end(&mut bytes)?;
            Ok((answer.status_code, bytes))
        });
        let read = read.await?;
        server.await??;
        read
    }

    #[tokio::test]
    async fn downloads_come_piece_by_piece_and_end_at_the_limit() {
        let fits = download("HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\n0123456789").await;
        assert_eq!(fits.unwrap(), (200, b"0123456789".to_vec()));
        let gone = download("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        assert_eq!(gone.unwrap(), (410, Vec::new()), "a status is no failure of the exchange");
        for too_large in [
            "HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n01234567890",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n",
        ] {
            let error = download(too_large).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{too_large:?}");
        }
    }

    #[tokio::test]
    async fn a_download_that_breaks_off_is_none() {
        let cut = download("HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\n01").await;
        assert!(cut.is_err(), "{cut:?}");
    }

    #[test]
    fn a_sandbox_session_reaches_only_its_simulator() {
        let http = NetworkHttp::sandbox(reqwest::Client::default(), "127.0.0.1:3002");
        assert_eq!(
            http.target("https://127.0.0.1:3002/mms/image/x").unwrap().as_str(),
            "http://127.0.0.1:3002/mms/image/x"
        );
        for other in [
            "https://web.whatsapp.com/sw.js",
            "https://127.0.0.1:3003/x",
            "https://127.0.0.1/x",
            "http://127.0.0.1:3002/x",
            "https://127.0.0.1:3002@evil.example/x",
        ] {
            assert!(http.target(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_live_session_never_goes_without_tls() {
        let http = NetworkHttp::live(reqwest::Client::default());
        assert!(http.target("https://mmg.whatsapp.net/v/x").is_ok());
        assert!(http.target("http://127.0.0.1:3002/v/x").is_err());
    }
}
