//! One outgoing HTTP request of a guest: checked, resolved, checked again by address, dialled, sent. A connection per
//! request, HTTP/1.1, no redirects (Spin follows none either).

use std::future::Future;
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
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{AllowList, EgressKind, EgressPolicy, Target, permits};

/// Spin's limit for connecting, for the first byte and between two, when the guest sets none.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(10);

/// What happens to the connection after the head of the response is there.
pub(crate) type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The rules for one component.
#[derive(Clone)]
pub(crate) struct HttpEgress {
    pub(crate) component: Arc<str>,
    pub(crate) allowed: Arc<AllowList>,
    pub(crate) policy: Arc<dyn EgressPolicy>,
}

impl HttpEgress {
    /// Sends `request`.
    pub(crate) async fn send(
        self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(Response<WasiBody>, Driver), Error> {
        let uri = request.uri().clone();
        let target = Target::http(&uri).ok_or(Error::HttpRequestUriInvalid)?;
        if target.is_service_chaining() || !self.allowed.allows(&target) {
            tracing::debug!(component = &*self.component, "outgoing request refused: not in allowed_outbound_hosts");
            return Err(Error::HttpRequestDenied);
        }
        let stream = timeout(options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT), self.connect(&uri))
            .await
            .map_err(|_| Error::ConnectionTimeout)??;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // Aborted when the guest drops the response, which closes the connection.
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        *request.uri_mut() = origin_form(&uri)?;
        let response = timeout(options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT), sender.send_request(request))
            .await
            .map_err(|_| Error::ConnectionReadTimeout)??;
        let limit = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let response = response.map(|body| PacedBody { body, limit, waiting: None }.boxed_unsync());
        let driver = Box::new(async move {
            match connection.await {
                Ok(result) => result.map_err(Error::from),
                Err(_) => Err(Error::ConnectionTerminated),
            }
        });
        Ok((response, driver))
    }

    async fn connect(&self, uri: &Uri) -> Result<Box<dyn Stream>, Error> {
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(|_| no_address())?.collect();
        if found.is_empty() {
            return Err(no_address());
        }
        let allowed: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| permits(&*self.policy, &self.component, EgressKind::Http, *address))
            .collect();
        if allowed.is_empty() {
            return Err(Error::DestinationIpProhibited);
        }
        let stream = TcpStream::connect(&*allowed).await.map_err(Error::Connect)?;
        // Small requests must not wait for the acknowledgement of their head.
        stream.set_nodelay(true).map_err(Error::Connect)?;
        if !tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host.to_owned())?;
        let config = TLS.clone().ok_or(Error::ConfigurationError)?;
        Ok(Box::new(TlsConnector::from(config).connect(name, stream).await.map_err(Error::Tls)?))
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

fn no_address() -> Error {
    Error::DnsError { rcode: Some("address not available".to_owned()), info_code: Some(0) }
}

/// Only a proxy is sent a whole URI.
fn origin_form(uri: &Uri) -> Result<Uri, Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder().path_and_query(path).build().map_err(|_| Error::HttpRequestUriInvalid)
}

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
