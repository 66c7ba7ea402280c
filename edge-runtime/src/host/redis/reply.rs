//! How a Redis reply and a Redis error look to a guest. Spin flattens replies (nested arrays lose their borders) and
//! hands errors on as text in the form of redis-rs 0.32; components match on that text, so it is reproduced here whatever
//! version this process uses. Pure.

use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::host::bindings::spin::redis::redis::{Error, RedisResult};

/// What one reply may hold in all: Spin's `MAX_HOST_BUFFERED_BYTES`.
const MAX_REPLY: usize = 128 << 20;

/// `value` as a flat list.
pub(super) fn flatten(value: Value) -> Result<Vec<RedisResult>, Error> {
    let mut list = Vec::new();
    append(&mut list, value)?;
    check_size(list.iter().map(size).sum::<usize>() + size_of::<Vec<RedisResult>>())?;
    Ok(list)
}

/// Refuses a reply that is larger than Spin would hand on.
pub(super) fn check_size(bytes: usize) -> Result<(), Error> {
    if bytes > MAX_REPLY {
        return Err(Error::Other(format!("query result exceeds limit of {MAX_REPLY} bytes")));
    }
    Ok(())
}

fn size(value: &RedisResult) -> usize {
    size_of::<RedisResult>()
        + match value {
            RedisResult::Nil | RedisResult::Int64(_) => 0,
            RedisResult::Status(text) => text.len(),
            RedisResult::Binary(bytes) => bytes.len(),
        }
}

fn append(list: &mut Vec<RedisResult>, value: Value) -> Result<(), Error> {
    list.push(match value {
        Value::Nil => RedisResult::Nil,
        Value::Int(number) => RedisResult::Int64(number),
        Value::Boolean(value) => RedisResult::Int64(value.into()),
        Value::BulkString(bytes) | Value::BigNumber(bytes) => RedisResult::Binary(bytes),
        Value::Double(number) => RedisResult::Binary(number.to_string().into_bytes()),
        Value::SimpleString(text) => RedisResult::Status(text),
        Value::Okay => RedisResult::Status("OK".to_owned()),
        Value::Array(values) | Value::Set(values) => {
            return values.into_iter().try_for_each(|value| append(list, value));
        }
        Value::Map(_) => return Err(unsupported("Redis Map type is not supported")),
        Value::Attribute { .. } => return Err(unsupported("Redis Attribute type is not supported")),
        Value::VerbatimString { .. } => {
            return Err(unsupported("Redis string with format attribute is not supported"));
        }
        Value::ServerError(error) => return Err(Error::Other(error_text(&RedisError::from(error)))),
        _ => return Err(unsupported("Redis Pub/Sub types are not supported")),
    });
    Ok(())
}

fn unsupported(what: &str) -> Error {
    Error::Other(format!("Could not convert Redis response - TypeError: {what}"))
}

/// `error` for a guest.
pub(super) fn to_guest(error: &RedisError) -> Error {
    Error::Other(error_text(error))
}

fn error_text(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::Server(kind) => match old_name(kind) {
            Some(name) => match error.detail() {
                Some(detail) => format!("An error was signalled by the server - {name}: {detail}"),
                None => format!("An error was signalled by the server- {name}"),
            },
            None => extension(error),
        },
        ErrorKind::Extension => extension(error),
        ErrorKind::AuthenticationFailed if error.detail().is_none() => {
            "Password authentication failed- AuthenticationFailed".to_owned()
        }
        _ => error.to_string(),
    }
}

fn extension(error: &RedisError) -> String {
    let detail = error.detail().unwrap_or("Unknown extension error encountered");
    format!("{}: {detail}", error.code().unwrap_or_default())
}

/// What redis-rs 0.32 called the kind; `None` for those it did not know.
fn old_name(kind: ServerErrorKind) -> Option<&'static str> {
    Some(match kind {
        ServerErrorKind::ResponseError => "ResponseError",
        ServerErrorKind::ExecAbort => "ExecAbortError",
        ServerErrorKind::BusyLoading => "BusyLoadingError",
        ServerErrorKind::NoScript => "NoScriptError",
        ServerErrorKind::Moved => "Moved",
        ServerErrorKind::Ask => "Ask",
        ServerErrorKind::TryAgain => "TryAgain",
        ServerErrorKind::ClusterDown => "ClusterDown",
        ServerErrorKind::CrossSlot => "CrossSlot",
        ServerErrorKind::MasterDown => "MasterDown",
        ServerErrorKind::ReadOnly => "ReadOnly",
        ServerErrorKind::NotBusy => "NotBusy",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn shown(value: Value) -> String {
        let show = |value: &RedisResult| match value {
            RedisResult::Nil => "nil".to_owned(),
            RedisResult::Status(text) => format!("+{text}"),
            RedisResult::Int64(number) => format!(":{number}"),
            RedisResult::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        };
        match flatten(value) {
            Ok(list) => list.iter().map(show).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn nested_arrays_lose_their_borders() {
        let entry = Value::Array(vec![bulk("1-0"), Value::Array(vec![bulk("f"), bulk("v")])]);
        let reply = Value::Array(vec![Value::Array(vec![bulk("stream"), Value::Array(vec![entry])])]);
        assert_eq!(shown(reply), "stream 1-0 f v");
    }

    #[test]
    fn simple_values_keep_their_kind() {
        assert_eq!(shown(Value::Nil), "nil");
        assert_eq!(shown(Value::Array(vec![])), "");
        assert_eq!(shown(Value::Array(vec![Value::Nil, Value::Int(-1), Value::Boolean(true)])), "nil :-1 :1");
        assert_eq!(shown(Value::Okay), "+OK");
        assert_eq!(shown(Value::SimpleString("QUEUED".to_owned())), "+QUEUED");
        assert_eq!(shown(Value::Double(1.5)), "1.5");
        assert!(shown(Value::Map(vec![])).contains("Redis Map type is not supported"));
    }

    #[test]
    fn a_reply_has_a_size() {
        assert!(check_size(MAX_REPLY).is_ok());
        let refused = format!("{:?}", check_size(MAX_REPLY + 1).unwrap_err());
        assert!(refused.contains("query result exceeds limit of 134217728 bytes"), "{refused}");
    }
}
