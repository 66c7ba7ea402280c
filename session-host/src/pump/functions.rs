//! The functions of the edge as the host invokes them: over HTTP with the internal token, or in the same process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::routes::INTERNAL_WEBHOOKS;
use contract::webhook::{Invocation, Invoked};
use futures::future::BoxFuture;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

/// Longest invocation: the function begins no attempt after five seconds, and one takes ten at most.
const INVOKED_WITHIN: Duration = Duration::from_secs(30);

/// Time to reach the edge.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Where the edge is, and what it is shown.
#[derive(Clone)]
pub struct EdgeConfig {
    url: Url,
    authorization: HeaderValue,
}

impl EdgeConfig {
    /// The edge at `url`. The error is a sentence.
    pub fn new(url: &str, token: &str) -> Result<Self, &'static str> {
        const MUST: &str = "must look like http://127.0.0.1:3000";
        let url = Url::parse(url).map_err(|_| MUST)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(MUST);
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| "needs an INTERNAL_TOKEN without control characters")?;
        authorization.set_sensitive(true);
        Ok(Self { url, authorization })
    }
}

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The edge cannot be reached, or does not answer.
    #[error("the edge cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It refuses, or failed.
    #[error("the edge answers with status {0}")]
    Status(u16),
    /// It answers something else than the function would.
    #[error("the edge answers nonsense")]
    Answer(#[source] serde_json::Error),
}

type Invoke = dyn Fn(&'static str, Bytes) -> BoxFuture<'static, Result<(u16, Bytes), InvokeError>> + Send + Sync;

/// What can be invoked.
#[derive(Clone)]
pub struct Functions(Arc<Invoke>);

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Functions")
    }
}

impl Functions {
    /// Functions behind a call: it takes path and body, shows the token itself, and answers status and body.
    pub fn new(
        invoke: impl Fn(&'static str, Bytes) -> BoxFuture<'static, Result<(u16, Bytes), InvokeError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(invoke))
    }

    /// Functions of an edge elsewhere.
    pub fn over_http(edge: &EdgeConfig) -> Result<Self, reqwest::Error> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, edge.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(INVOKED_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .default_headers(headers)
            .build()?;
        let base = edge.url.clone();
        Ok(Self::new(move |path, body| {
            let mut url = base.clone();
            url.set_path(path);
            let request = client.post(url).body(body);
            Box::pin(async move {
                let answer = request.send().await.map_err(InvokeError::Unreachable)?;
                let status = answer.status().as_u16();
                Ok((status, answer.bytes().await.map_err(InvokeError::Unreachable)?))
            })
        }))
    }

    /// Invokes the function that delivers to webhooks.
    pub(super) async fn deliver(&self, invocation: &Invocation) -> Result<Invoked, InvokeError> {
        let body = serde_json::to_vec(invocation).map_err(InvokeError::Answer)?;
        let (status, answer) = (self.0)(INTERNAL_WEBHOOKS, body.into()).await?;
        if status != 200 {
            return Err(InvokeError::Status(status));
        }
        serde_json::from_slice(&answer).map_err(InvokeError::Answer)
    }
}
