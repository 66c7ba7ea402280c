//! The Redis connections of a component instance. One is kept for commands and shared by the instance's interleaved
//! requests. Blocking pops have connections of their own, because Redis answers a connection in order; a pop that ended well
//! gives its connection back, so waiting costs no new one. A kept connection never heals: any failure drops it.

use std::cell::RefCell;
use std::rc::Rc;

use spin_sdk::redis::{Connection, Error, RedisParameter, RedisResult};

use crate::port::{Command, POP_SLICE, RedisError, Value};

/// Idle connections kept for pops: as many as Spin lets requests share an instance by default.
const IDLE_POPPERS: usize = 16;

thread_local! {
    static SHARED: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
    static POPPERS: RefCell<Vec<Connection>> = const { RefCell::new(Vec::new()) };
}

/// Drops the shared connection.
pub(super) fn forget() {
    SHARED.take();
}

/// Runs a command on the shared connection. When the kept connection turns out to be broken, once more on a new one: every
/// script of ours may run twice.
pub(super) async fn execute(url: &str, command: &Command) -> Result<Vec<Value>, RedisError> {
    let kept = SHARED.with_borrow(Clone::clone);
    if let Some(connection) = kept {
        match send(&connection, command).await {
            Err(RedisError::Connection(_)) => forget(),
            outcome => return outcome,
        }
    }
    let connection = Rc::new(open(url).await?);
    SHARED.set(Some(Rc::clone(&connection)));
    let outcome = send(&connection, command).await;
    if matches!(outcome, Err(RedisError::Connection(_))) {
        forget();
    }
    outcome
}

/// Pops from a list, blocking for one slice.
pub(super) async fn pop(url: &str, list: &str) -> Result<Option<Vec<u8>>, RedisError> {
    let seconds = POP_SLICE.as_secs().to_string();
    let command = Command::new("BLPOP", [list, seconds.as_str()]);
    let kept = POPPERS.with_borrow_mut(Vec::pop);
    if let Some(connection) = kept {
        match send(&connection, &command).await {
            Err(RedisError::Connection(_)) => {}
            outcome => return popped(connection, outcome),
        }
    }
    let connection = open(url).await?;
    let outcome = send(&connection, &command).await;
    popped(connection, outcome)
}

fn popped(connection: Connection, outcome: Result<Vec<Value>, RedisError>) -> Result<Option<Vec<u8>>, RedisError> {
    let reply = outcome?;
    POPPERS.with_borrow_mut(|idle| {
        if idle.len() < IDLE_POPPERS {
            idle.push(connection);
        }
    });
    // Key and element, or nothing.
    match reply.into_iter().nth(1) {
        Some(Value::Bytes(element)) => Ok(Some(element)),
        _ => Ok(None),
    }
}

async fn open(url: &str) -> Result<Connection, RedisError> {
    Connection::open(url).await.map_err(error)
}

async fn send(connection: &Connection, command: &Command) -> Result<Vec<Value>, RedisError> {
    let arguments = command.arguments.iter().cloned().map(RedisParameter::Binary);
    let reply = connection.execute(command.name, arguments).await.map_err(error)?;
    Ok(reply
        .into_iter()
        .map(|value| match value {
            RedisResult::Nil => Value::Nil,
            RedisResult::Int64(number) => Value::Int(number),
            RedisResult::Status(text) => Value::Bytes(text.into_bytes()),
            RedisResult::Binary(bytes) => Value::Bytes(bytes),
        })
        .collect())
}

/// Spin gives the text of its Redis client only, in two shapes for what the server said: `CODE: text`, and `An error was
/// signalled by the server - Kind: text`. Anything else is the connection.
fn error(error: Error) -> RedisError {
    let text = match error {
        Error::Other(text) => text,
        Error::InvalidAddress => {
            return RedisError::Connection("bad address, or a host that is not allowed".to_owned());
        }
        Error::TooManyConnections => return RedisError::Connection("too many connections".to_owned()),
        Error::TypeError => return RedisError::Refused("wrong type".to_owned()),
    };
    if text.contains("NoScriptError") || text.starts_with("NOSCRIPT") {
        return RedisError::NoScript;
    }
    let code = text.split_once(':').is_some_and(|(code, _)| {
        !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    if code || text.starts_with("An error was signalled by the server") {
        RedisError::Refused(text)
    } else {
        RedisError::Connection(text)
    }
}
