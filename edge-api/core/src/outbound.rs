//! The door to other people's servers: one POST with a limit on everything.
//!
//! It follows no redirect and keeps no more of an
//! answer than the caller wants. Whether an address may be gone to at all is the caller's question; the runtime asks it once more
//! of what a name stands for.

use std::time::Duration;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Longest wait for the head of the answer.
    pub limit: Duration,
    /// Most bytes of the answer's body that are kept.
    pub answer_bytes: usize,
    /// Longest wait for them.
    pub answer_limit: Duration,
}

/// The head of an answer and the beginning of its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostAnswer {
    /// Its status.
    pub status: u16,
    /// Its header `Retry-After`.
    pub retry_after: Option<String>,
    /// The beginning of its body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// None within the limit.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("no connection, or it broke")]
    Unreachable,
    /// The runtime does not let us go there.
    #[error("the address is not allowed")]
    Refused,
    /// The request cannot be made of this address and these headers.
    #[error("the request cannot be made")]
    Malformed,
}

/// What can post.
pub trait Outbound: Clone + Send + Sync + 'static {
    /// Sends a request.
    fn post(&self, request: Post) -> impl Future<Output = Result<PostAnswer, PostError>> + Send;
}
