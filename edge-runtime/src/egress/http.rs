//! Outgoing HTTP of guests: checked by name, resolved, checked again by address, dialled, sent. HTTP/1.1, no redirects (Spin
//! follows none either). Connections are kept for the next request to the same server, as Spin keeps them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tower_service::Service;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{AllowList, EgressKind, EgressPolicy, Target, permits};

/// Spin's limit for connecting, for the first byte and between two, when the guest sets none.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(10);

/// How long a connection is kept without use: less than servers keep theirs.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// Connections that are kept for one server and component.
const KEPT: usize = 8;

/// What happens to the connection after the head of the response is there.
pub(crate) type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The way of one component to other servers. Clones share their connections.
#[derive(Clone)]
pub(crate) struct HttpEgress {
    component: Arc<str>,
    allowed: Arc<AllowList>,
    client: Client<Dial, WasiBody>,
}

impl HttpEgress {
    /// The way of `component`, by its list and the policy.
    pub(crate) fn new(component: Arc<str>, allowed: Arc<AllowList>, policy: Arc<dyn EgressPolicy>) -> Self {
        let dial = Dial { component: Arc::clone(&component), policy };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_FOR)
            .pool_max_idle_per_host(KEPT)
            .build(dial);
        Self { component, allowed, client }
    }

    /// Sends `request`.
    pub(crate) async fn send(
        self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(Response<WasiBody>, Driver), Error> {
        let target = Target::http(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
        if target.is_service_chaining() || !self.allowed.allows(&target) {
            tracing::debug!(component = &*self.component, "outgoing request refused: not in allowed_outbound_hosts");
            return Err(Error::HttpRequestDenied);
        }
        let connect = options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let answer = options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let response = timeout(connect.saturating_add(answer), self.client.request(request)).await;
        let response = response.map_err(|_| Error::ConnectionReadTimeout)?.map_err(|error| failure(&error))?;
        let limit = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let response = response.map(|body| PacedBody { body, limit, waiting: None }.boxed_unsync());
        // The connection is driven by the client; it closes when the guest drops the response.
        Ok((response, Box::new(async { Ok(()) })))
    }
}

/// Dials what the policy lets through.
#[derive(Clone)]
struct Dial {
    component: Arc<str>,
    policy: Arc<dyn EgressPolicy>,
}

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
enum DialError {
    #[error("no address is known for the name")]
    NoAddress,
    #[error("no address behind the name may be connected to")]
    Prohibited,
    #[error("the address cannot be connected to")]
    Connect(#[source] io::Error),
    #[error("TLS failed")]
    Tls(#[source] io::Error),
    #[error("the name cannot be that of a certificate")]
    Name,
    #[error("TLS is not set up")]
    Setup,
}

/// What a guest is told.
fn failure(error: &ClientError) -> Error {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(dial) = cause.downcast_ref::<DialError>() {
            return match dial {
                DialError::NoAddress => {
                    Error::DnsError { rcode: Some("address not available".to_owned()), info_code: Some(0) }
                }
                DialError::Prohibited => Error::DestinationIpProhibited,
                DialError::Connect(error) => Error::Connect(error.kind().into()),
                DialError::Tls(error) => Error::Tls(error.kind().into()),
                DialError::Name => Error::HttpRequestUriInvalid,
                DialError::Setup => Error::ConfigurationError,
            };
        }
        source = cause.source();
    }
    Error::ConnectionTerminated
}

impl Service<Uri> for Dial {
    type Response = Dialled;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Dialled, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { dial.connect(&uri).await })
    }
}

impl Dial {
    async fn connect(&self, uri: &Uri) -> Result<Dialled, DialError> {
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().ok_or(DialError::NoAddress)?.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let found = tokio::net::lookup_host((host, port)).await.map_err(|_| DialError::NoAddress)?;
        let found: Vec<SocketAddr> = found.collect();
        if found.is_empty() {
            return Err(DialError::NoAddress);
        }
        let allowed: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| permits(&*self.policy, &self.component, EgressKind::Http, host, *address))
            .collect();
        if allowed.is_empty() {
            return Err(DialError::Prohibited);
        }
        let stream = TcpStream::connect(&*allowed).await.map_err(DialError::Connect)?;
        // Small requests must not wait for the acknowledgement of their head.
        stream.set_nodelay(true).map_err(DialError::Connect)?;
        if !tls {
            return Ok(Dialled(TokioIo::new(Box::new(stream))));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| DialError::Name)?;
        let config = TLS.clone().ok_or(DialError::Setup)?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(DialError::Tls)?;
        Ok(Dialled(TokioIo::new(Box::new(stream))))
    }
}

/// A connection, with TLS or without.
struct Dialled(TokioIo<Box<dyn Stream>>);

impl Connection for Dialled {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Dialled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl Write for Dialled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The public roots, as in Spin. The provider is named because another crate of the process may bring a second one, and
/// then rustls refuses to choose.
static TLS: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(Arc::new(config))
});

/// A response body whose pauses are limited.
struct PacedBody {
    body: Incoming,
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
