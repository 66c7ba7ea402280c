//! An application as a `tower` service and as an axum router.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use tower::Service;

use crate::EdgeRuntime;

/// The peer of a request that came without `ConnectInfo`; what Spin says for a request that came from no socket.
const NO_PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

impl EdgeRuntime {
    /// A router that sends everything to the application, for `Router::merge` or `Router::fallback_service`. Serve it
    /// with `into_make_service_with_connect_info::<SocketAddr>()`, so that guests learn the address of the client.
    pub fn into_router(self) -> Router {
        Router::new().fallback_service(self)
    }
}

impl Service<Request<Body>> for EdgeRuntime {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let runtime = self.clone();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(NO_PEER, |info| info.0);
        Box::pin(async move { Ok(runtime.handle(request, peer).await) })
    }
}
