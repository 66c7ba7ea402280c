//! One HTTP/1.1 port: the peer's address known to handlers, no delay on small answers, and an end in two steps, so that whoever
//! runs the server can stop what holds its connections open in between.
//!
//! A client has a bounded time for its request's head and another for its body, and there is room for a bounded number of
//! connections: whoever dribbles holds a connection for a minute and nothing else. It refuses to speak HTTP/2, where one
//! connection is hundreds.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::http;

/// Time for the head of a request, and for a connection to be idle between two: longer than the proxies before us keep one.
const HEAD_WITHIN: Duration = Duration::from_secs(75);

/// Time for the whole body of a request: at the bound of 1 MB that is a connection of 17 kB/s.
const BODY_WITHIN: Duration = Duration::from_mins(1);

/// Connections at once. Beyond it new ones wait in the kernel's queue; a WebSocket counts until it is upgraded.
const MAX_CONNECTIONS: usize = 8_192;

/// Pause when the process has no room for another connection: file descriptors come back as connections end.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(500);

/// A running server.
#[derive(Debug)]
pub struct Server {
    task: JoinHandle<()>,
    connections: TaskTracker,
    refusing: CancellationToken,
    cut: CancellationToken,
}

impl Server {
    /// Serves a router.
    pub fn start(listener: TcpListener, router: Router) -> Self {
        let (refusing, cut) = (CancellationToken::new(), CancellationToken::new());
        let connections = TaskTracker::new();
        let port = Port { router, connections: connections.clone(), refusing: refusing.clone(), cut: cut.clone() };
        Self { task: tokio::spawn(port.accept(listener)), connections, refusing, cut }
    }

    /// Returns when the server has ended by itself, which it should not.
    pub async fn ended(&mut self) {
        let ended = (&mut self.task).await;
        tracing::error!(?ended, "the server ended");
    }

    /// Takes no further connection, and closes those that are idle. Requests under way go on.
    pub fn refuse_new(&self) {
        self.refusing.cancel();
    }

    /// Gives answers under way `patience` to be sent, then cuts what is left.
    pub async fn close(self, patience: Duration) {
        self.refuse_new();
        self.connections.close();
        if timeout(patience, self.connections.wait()).await.is_err() {
            tracing::warn!("connections were cut that did not end in time");
        }
        self.cut.cancel();
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Port {
    router: Router,
    connections: TaskTracker,
    refusing: CancellationToken,
    cut: CancellationToken,
}

impl Port {
    async fn accept(self, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await.ok()?;
                Some((permit, listener.accept().await))
            };
            let accepted = tokio::select! {
                accepted = accepted => accepted,
                () = self.refusing.cancelled() => return,
            };
            match accepted {
                None => return,
                Some((permit, Ok((stream, peer)))) => {
                    self.connections.spawn(self.clone().serve(stream, peer, permit));
                }
                Some((_, Err(error))) if is_the_clients(&error) => {}
                Some((_, Err(error))) => {
                    tracing::warn!(%error, "no connection can be taken for the moment");
                    sleep(NO_ROOM_PAUSE).await;
                }
            }
        }
    }

    async fn serve(self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's delay");
        }
        let router = self.router;
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(|body| Body::new(TimedBody::new(body)));
            http::respell(request.uri_mut());
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = router.clone().oneshot(request);
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.cut.cancelled() => return,
            () = self.refusing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.cut.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection ended with an error");
        }
        drop(permit);
    }
}

/// Whether a connection was gone before it was taken.
fn is_the_clients(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

/// The body of a request did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request did not arrive in time")]
pub struct BodyTooSlow;

/// A body that must end within [`BODY_WITHIN`] of its head.
struct TimedBody {
    body: Incoming,
    end: Instant,
    /// Made when the body lets wait for the first time: most are there with their head.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    fn new(body: Incoming) -> Self {
        Self { body, end: Instant::now() + BODY_WITHIN, timer: None }
    }
}

impl http_body::Body for TimedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let end = self.end;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        timer.as_mut().poll(cx).map(|()| Some(Err(BodyTooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
