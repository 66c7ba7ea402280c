//! Lua scripts that begin with the epoch check.
//!
//! A procedure's own keys start at `KEYS[2]`, its own arguments at `ARGV[2]`. It writes only keys of the session whose
//! lease is `KEYS[1]`; keys it makes up itself are safe, for all of a session's keys are in one slot.

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, Script, ServerErrorKind, Value};

/// First word of the answer of a procedure whose epoch is not current.
const FENCED: &str = "FENCED";

/// Stands at the beginning of every procedure.
const CHECK: &str = r"
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return redis.error_reply('FENCED the epoch of the lease is another')
end
";

/// A script that only runs while the caller's epoch is current.
pub struct Procedure {
    code: String,
    hash: String,
}

impl Procedure {
    /// Puts the check before the script.
    pub fn new(body: &str) -> Self {
        let code = format!("{CHECK}{body}");
        let hash = Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }

    pub(super) fn call(&'static self, lease: &str, epoch: u64, keys: &[&str], mut args: Vec<Vec<u8>>) -> Call {
        let mut head = Vec::with_capacity(keys.len() + 3 + args.len());
        head.push((keys.len() + 1).to_string().into_bytes());
        head.push(lease.as_bytes().to_vec());
        head.extend(keys.iter().map(|key| key.as_bytes().to_vec()));
        head.push(epoch.to_string().into_bytes());
        head.append(&mut args);
        Call { procedure: self, args: head }
    }
}

/// One call of a procedure.
#[derive(Clone)]
pub(super) struct Call {
    procedure: &'static Procedure,
    args: Vec<Vec<u8>>,
}

impl Call {
    /// By hash, and with the code when the server does not know it.
    pub(super) async fn run(&self, connection: &mut impl ConnectionLike) -> RedisResult<Value> {
        let result = command("EVALSHA", &self.procedure.hash, &self.args).query_async(connection).await;
        match result {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.with_code().query_async(connection).await
            }
            other => other,
        }
    }

    /// The command that carries the code: for pipelines, which cannot fall back.
    pub(super) fn with_code(&self) -> Cmd {
        command("EVAL", &self.procedure.code, &self.args)
    }
}

fn command(name: &str, script: &str, args: &[Vec<u8>]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(script).arg(args);
    command
}

pub(super) fn is_fenced(error: &RedisError) -> bool {
    error.code() == Some(FENCED)
}
