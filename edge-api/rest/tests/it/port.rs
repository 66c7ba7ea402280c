//! The door of a component on an ordinary Redis client.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, SystemTime};

use edge_core::port::{Command, POP_SLICE, Port, RedisError, Value};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};

/// Longest wait for a reply, above the longest blocking command.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct NativePort {
    client: Client,
    shared: MultiplexedConnection,
}

impl NativePort {
    pub(crate) async fn open(client: Client) -> Self {
        let shared = connect(&client).await.unwrap();
        Self { client, shared }
    }
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(LIMIT));
    client.get_multiplexed_async_connection_with_config(&config).await.map_err(|error| refused(&error))
}

async fn run(mut connection: MultiplexedConnection, command: Command) -> Result<Vec<Value>, RedisError> {
    let mut packed = redis::cmd(command.name);
    for argument in &command.arguments {
        packed.arg(argument.as_slice());
    }
    let value: redis::Value = packed.query_async(&mut connection).await.map_err(|error| refused(&error))?;
    let mut flat = Vec::new();
    // As Spin does: an empty array is nothing at all, nil stands for itself.
    flatten(value, &mut flat);
    Ok(flat)
}

fn flatten(value: redis::Value, into: &mut Vec<Value>) {
    match value {
        redis::Value::Nil => into.push(Value::Nil),
        redis::Value::Int(number) => into.push(Value::Int(number)),
        redis::Value::BulkString(bytes) => into.push(Value::Bytes(bytes)),
        redis::Value::SimpleString(text) => into.push(Value::Bytes(text.into_bytes())),
        redis::Value::Okay => into.push(Value::Bytes(b"OK".to_vec())),
        redis::Value::Array(values) => values.into_iter().for_each(|value| flatten(value, into)),
        other => panic!("RESP2 has no {other:?}"),
    }
}

fn refused(error: &redis::RedisError) -> RedisError {
    if error.code() == Some("NOSCRIPT") {
        RedisError::NoScript
    } else if error.is_timeout() {
        RedisError::Timeout
    } else if error.is_io_error() {
        RedisError::Connection(error.to_string())
    } else {
        RedisError::Refused(error.to_string())
    }
}

impl Port for NativePort {
    async fn execute(&self, command: Command) -> Result<Vec<Value>, RedisError> {
        run(self.shared.clone(), command).await
    }

    async fn pop(&self, list: String) -> Result<Option<Vec<u8>>, RedisError> {
        let seconds = POP_SLICE.as_secs().to_string();
        let command = Command::new("BLPOP", [list.as_str(), seconds.as_str()]);
        match run(connect(&self.client).await?, command).await?.into_iter().nth(1) {
            Some(Value::Bytes(element)) => Ok(Some(element)),
            _ => Ok(None),
        }
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where a test asks the wall clock")]
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::try_from(since.as_millis()).unwrap()
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
        bytes
    }
}
