//! The door of a component to the outside: Redis, time and randomness. Owns the trait, the shape of replies and the
//! errors; refuses to know what is behind it.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};

/// One value of a reply. Replies are flat, because Spin flattens nested ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Nil,
    /// A number.
    Int(i64),
    /// A status or a binary-safe text.
    Bytes(Vec<u8>),
}

impl Value {
    /// As text; numbers too. `None` for nothing and for bytes that are no UTF-8.
    pub fn text(self) -> Option<String> {
        match self {
            Self::Nil => None,
            Self::Int(number) => Some(number.to_string()),
            Self::Bytes(bytes) => String::from_utf8(bytes).ok(),
        }
    }
}

/// A Redis command: its name, one word, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The name.
    pub name: &'static str,
    /// The arguments.
    pub arguments: Vec<Vec<u8>>,
}

impl Command {
    /// A command with text arguments.
    pub fn new<const N: usize>(name: &'static str, arguments: [&str; N]) -> Self {
        Self { name, arguments: arguments.iter().map(|text| text.as_bytes().to_vec()).collect() }
    }
}

/// Why Redis gave no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// No answer within the limit.
    #[error("Redis did not answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("no connection to Redis: {0}")]
    Connection(String),
    /// The script is not in the server's cache.
    #[error("the script is not loaded")]
    NoScript,
    /// Redis refused the command.
    #[error("Redis refused the command: {0}")]
    Refused(String),
    /// Redis answered something the caller cannot read.
    #[error("unexpected reply to {0}")]
    UnexpectedReply(&'static str),
}

/// The outside, as a component sees it.
pub trait Port: Clone + Send + Sync + 'static {
    /// Runs a command that does not block, on the shared connection.
    fn execute(&self, command: Command) -> impl Future<Output = Result<Vec<Value>, RedisError>> + Send;

    /// Waits up to one [`POP_SLICE`] for an element of a list, on a connection that nothing else waits behind.
    fn pop(&self, list: String) -> impl Future<Output = Result<Option<Vec<u8>>, RedisError>> + Send;

    /// Waits.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// Wall clock, Unix milliseconds. Only for display: what is compared is compared in Redis time.
    fn now_ms(&self) -> u64;

    /// Random bytes nobody can guess.
    fn random(&self) -> [u8; 16];
}

/// Longest time one blocking pop blocks: Redis clients may cap the time of a response, so long waits are cut.
pub const POP_SLICE: Duration = Duration::from_secs(1);

/// What some work gives, unless it takes longer than `limit`.
pub async fn within<P: Port, W: Future>(port: &P, limit: Duration, work: W) -> Option<W::Output> {
    match select(pin!(work), pin!(port.sleep(limit))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}
