//! A Lua script: one atomic step of ours in Redis. Owns loading it; scripts answer flat lists of texts.
//!
//! `SCRIPT LOAD` tells the digest, so none is computed here; a server that forgot the script (restart, failover) is told it
//! again.

use std::sync::OnceLock;

use crate::port::{Command, Port, RedisError, Value};

/// A script and, once Redis told it, its digest.
#[derive(Debug)]
pub struct Script {
    text: &'static str,
    digest: OnceLock<String>,
}

impl Script {
    /// A script by its text.
    pub const fn new(text: &'static str) -> Self {
        Self { text, digest: OnceLock::new() }
    }

    /// Runs it.
    pub async fn run<P: Port>(&self, port: &P, keys: &[String], arguments: &[&str]) -> Result<Vec<Value>, RedisError> {
        let digest = match self.digest.get() {
            Some(digest) => digest,
            None => self.load(port).await?,
        };
        match port.execute(call(digest, keys, arguments)).await {
            Err(RedisError::NoScript) => {
                let digest = self.load(port).await?;
                port.execute(call(digest, keys, arguments)).await
            }
            outcome => outcome,
        }
    }

    async fn load<P: Port>(&self, port: &P) -> Result<&str, RedisError> {
        let reply = port.execute(Command::new("SCRIPT", ["LOAD", self.text])).await?;
        let digest = reply.into_iter().next().and_then(Value::text);
        let digest = digest.ok_or(RedisError::UnexpectedReply("SCRIPT LOAD"))?;
        Ok(self.digest.get_or_init(|| digest))
    }
}

fn call(digest: &str, keys: &[String], arguments: &[&str]) -> Command {
    let count = keys.len().to_string();
    let head = [digest, count.as_str()].into_iter();
    let texts = head.chain(keys.iter().map(String::as_str)).chain(arguments.iter().copied());
    Command { name: "EVALSHA", arguments: texts.map(|text| text.as_bytes().to_vec()).collect() }
}
