//! Posting through Spin's HTTP client.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http_body_util::{BodyExt, Full};
use spin_sdk::http::{Response, send as spin_send};
use spin_sdk::wasip3::http::types::ErrorCode;

use crate::outbound::{Post, PostAnswer, PostError};

/// Sends a request. Dropping what is left of the answer closes its connection, so that no answer can hold us.
pub(super) async fn send(post: Post) -> Result<PostAnswer, PostError> {
    let mut request = http::Request::builder().method("POST").uri(&post.url);
    for (name, value) in &post.headers {
        request = request.header(name, value);
    }
    // Without it the body goes in chunks, which some receivers do not read.
    let request = request.header("content-length", post.body.len());
    let request = request.body(Full::new(Bytes::from(post.body))).map_err(|_| PostError::Malformed)?;
    let response =
        within(post.limit, spin_send(request)).await.ok_or(PostError::Timeout)?.map_err(|code| error(&code))?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    // What came until the limit is enough.
    let _ = within(post.answer_limit, beginning(response, post.answer_bytes, &mut body)).await;
    Ok(PostAnswer { status, retry_after, body })
}

async fn beginning(response: Response, most: usize, kept: &mut Vec<u8>) {
    let mut body = response.into_body();
    while kept.len() < most
        && let Some(Ok(frame)) = body.frame().await
    {
        if let Ok(data) = frame.into_data() {
            let wanted = data.len().min(most - kept.len());
            kept.extend_from_slice(data.get(..wanted).unwrap_or_default());
        }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(spin_sdk::time::sleep(limit))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

fn error(code: &ErrorCode) -> PostError {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => PostError::Refused,
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => PostError::Timeout,
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestMethodInvalid => PostError::Malformed,
        _ => PostError::Unreachable,
    }
}
