//! The one port: plain HTTP, and TLS as well when the network has a certificate. The first byte tells them apart. Handshakes
//! happen beside the listener, so that a slow one keeps nobody waiting.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::quick_ack::{QuickAckListener, QuickAckStream};

/// The first byte of a TLS handshake; no HTTP request begins with it.
const HANDSHAKE: u8 = 0x16;
/// How long a client may take to say something and to finish its handshake.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections may be in their handshake; more wait in the system's own queue.
const MAX_HANDSHAKES: usize = 256;

/// A connection of either kind.
pub(super) enum Stream {
    Plain(QuickAckStream),
    Tls(Box<TlsStream<QuickAckStream>>),
}

/// The listener of either kind.
pub(super) enum Front {
    Plain(QuickAckListener),
    Both { ready: mpsc::Receiver<(Stream, SocketAddr)>, address: SocketAddr },
}

impl Front {
    /// Without an acceptor every connection is plain. The task, which accepts for a front of both kinds, has the port
    /// until it ends.
    pub(super) fn new(
        listener: TcpListener,
        acceptor: Option<TlsAcceptor>,
    ) -> io::Result<(Self, Option<JoinHandle<()>>)> {
        let Some(acceptor) = acceptor else { return Ok((Self::Plain(QuickAckListener(listener)), None)) };
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(MAX_HANDSHAKES);
        let accepting = tokio::spawn(accept(QuickAckListener(listener), acceptor, sender));
        Ok((Self::Both { ready, address }, Some(accepting)))
    }
}

async fn accept(mut listener: QuickAckListener, acceptor: TlsAcceptor, ready: mpsc::Sender<(Stream, SocketAddr)>) {
    let places = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let (stream, address) = listener.accept().await;
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(PATIENCE, opened(stream, acceptor)).await {
                // Whoever does not want it any more is shutting down.
                Ok(Ok(stream)) => drop(ready.send((stream, address)).await),
                Ok(Err(error)) => tracing::debug!(%error, "a connection did not begin"),
                Err(_) => tracing::debug!("a connection took too long to begin"),
            }
            drop(place);
        });
    }
}

async fn opened(stream: QuickAckStream, acceptor: TlsAcceptor) -> io::Result<Stream> {
    if stream.first_byte().await? == Some(HANDSHAKE) {
        acceptor.accept(stream).await.map(|stream| Stream::Tls(Box::new(stream)))
    } else {
        Ok(Stream::Plain(stream))
    }
}

impl Listener for Front {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        match self {
            Self::Plain(listener) => {
                let (stream, address) = listener.accept().await;
                (Stream::Plain(stream), address)
            }
            Self::Both { ready, .. } => match ready.recv().await {
                Some(accepted) => accepted,
                // The acceptor has ended, with the process: there is nothing more to accept.
                None => std::future::pending().await,
            },
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(listener) => listener.local_addr(),
            Self::Both { address, .. } => Ok(*address),
        }
    }
}

impl Stream {
    fn read_side(self: Pin<&mut Self>) -> Pin<&mut (dyn AsyncRead + Send + Unpin)> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream),
        }
    }

    fn write_side(self: Pin<&mut Self>) -> Pin<&mut (dyn AsyncWrite + Send + Unpin)> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.read_side().poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write_side().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_side().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_side().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_side().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
