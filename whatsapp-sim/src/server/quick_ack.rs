//! Accepted sockets with Nagle's algorithm off and, where the system knows it, immediate TCP acknowledgements. Clients
//! leave Nagle on, so without them each of their small writes would wait 40 ms for ours. Linux forgets the setting, so
//! it is renewed at every read.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose sockets answer at once.
pub(super) struct QuickAckListener(pub(super) TcpListener);

/// A socket that answers at once.
pub(super) struct QuickAckStream(TcpStream);

impl QuickAckStream {
    /// The first byte of what the client says, which stays there to be read; `None` when it says nothing.
    pub(super) async fn first_byte(&self) -> io::Result<Option<u8>> {
        let mut first = [0];
        let seen = self.0.peek(&mut first).await?;
        Ok((seen > 0).then_some(first[0]))
    }

    fn acknowledge_at_once(&self) {
        #[cfg(target_os = "linux")]
        {
            // It only saves time: without it everything works, 40 ms later.
            let _only_slower = socket2::SockRef::from(&self.0).set_tcp_quickack(true);
        }
    }
}

impl Listener for QuickAckListener {
    type Io = QuickAckStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (QuickAckStream, SocketAddr) {
        // axum's own listener waits and goes on when the process is out of descriptors.
        let (stream, address) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a socket keeps Nagle's algorithm");
        }
        (QuickAckStream(stream), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl AsyncRead for QuickAckStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.0).poll_read(cx, buf);
        self.acknowledge_at_once();
        polled
    }
}

impl AsyncWrite for QuickAckStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
