//! Bodies: a response's that keeps its request counted until it is gone, and a request's that has begun to arrive.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body as AnyBody;
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, WasiBody};

/// `body` together with whatever must live as long as it.
pub(crate) struct CountedBody<T> {
    body: WasiBody,
    _until_sent: T,
}

impl<T> CountedBody<T> {
    pub(crate) fn new(body: WasiBody, until_sent: T) -> Self {
        Self { body, _until_sent: until_sent }
    }
}

impl<T: Unpin> Body for CountedBody<T> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Why the body of a request is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotArrived {
    #[error("it broke off")]
    BrokeOff(#[from] axum::Error),
    #[error("it took too long")]
    TooSlow,
}

/// Waits for the body of a request, at most for `limit` bytes of it and for as long as `patience` lasts. One that is announced as
/// longer is not waited for: whoever answers may refuse it by its length, before anything of it is there.
pub(crate) async fn arrived(
    request: Request<AnyBody>,
    limit: usize,
    patience: Duration,
) -> Result<Request<AnyBody>, NotArrived> {
    if announced(&request).is_some_and(|length| length > limit as u64) {
        return Ok(request);
    }
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(patience, begun(body, limit)).await.map_err(|_| NotArrived::TooSlow)??;
    Ok(Request::from_parts(head, body))
}

fn announced(request: &Request<AnyBody>) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn begun(mut rest: AnyBody, limit: usize) -> Result<AnyBody, axum::Error> {
    let mut begun = VecDeque::new();
    let mut length = 0;
    while length < limit && !rest.is_end_stream() {
        let Some(frame) = rest.frame().await.transpose()? else { break };
        length += frame.data_ref().map_or(0, Bytes::len);
        begun.push_back(frame);
    }
    Ok(if begun.is_empty() { rest } else { AnyBody::new(Begun { begun, rest }) })
}

/// A body whose first frames are here.
struct Begun {
    begun: VecDeque<Frame<Bytes>>,
    rest: AnyBody,
}

impl Body for Begun {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.begun.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let here: usize = self.begun.iter().filter_map(Frame::data_ref).map(Bytes::len).sum();
        let (here, rest) = (here as u64, self.rest.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(here + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(here + upper);
        }
        hint
    }
}
