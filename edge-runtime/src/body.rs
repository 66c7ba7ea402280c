//! A response body that keeps its request counted until the body is gone.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
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
