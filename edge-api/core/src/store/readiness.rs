//! Whether the parts behind the edge are there, and those beside it do their work.

use contract::function::{Function, LastInvocation};
use contract::keys;

use super::{HOST_SILENCE_MS, Reply, Store};
use crate::port::{Port, RedisError};
use crate::script::Script;

/// How long a failed invocation says that a function fails: one that is needed is invoked again well before.
const FAILS_FOR_MS: u64 = 60_000;

/// KEYS: hosts, functions. ARGV: silence, names of the functions. Answers the hosts that are alive, the time, and the last invocation
/// of each function or ''.
static READY: Script = Script::new(
    "local time = redis.call('TIME')
     local now = time[1] * 1000 + math.floor(time[2] / 1000)
     local out = {redis.call('ZCOUNT', KEYS[1], now - ARGV[1], '+inf'), now}
     for i = 2, #ARGV do out[#out + 1] = redis.call('HGET', KEYS[2], ARGV[i]) or '' end
     return out",
);

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Redis answers.
    pub redis: bool,
    /// A host is alive.
    pub host: bool,
    /// What the host says of the functions it invokes.
    pub functions: Vec<(Function, FunctionState)>,
}

/// What is known of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionState {
    /// It was never invoked, or what was noted cannot be read.
    Unknown,
    /// It did its work when it was last asked to.
    Works,
    /// It did not.
    Fails {
        /// Within the last minute.
        lately: bool,
    },
}

impl FunctionState {
    fn of(noted: &str, now: u64) -> Self {
        match serde_json::from_str::<LastInvocation>(noted) {
            Err(_) => Self::Unknown,
            Ok(LastInvocation { ok: true, .. }) => Self::Works,
            Ok(LastInvocation { at, .. }) => Self::Fails { lately: now.saturating_sub(at) < FAILS_FOR_MS },
        }
    }

    /// As it stands in an answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Works => "ok",
            Self::Fails { .. } => "failed",
        }
    }
}

impl<P: Port> Store<P> {
    /// Asks.
    pub async fn readiness(&self) -> Readiness {
        let unknown = || Function::ALL.map(|function| (function, FunctionState::Unknown)).to_vec();
        self.asked().await.unwrap_or_else(|_| Readiness { redis: false, host: false, functions: unknown() })
    }

    async fn asked(&self) -> Result<Readiness, RedisError> {
        let silence = HOST_SILENCE_MS.to_string();
        let mut arguments = vec![silence.as_str()];
        arguments.extend(Function::ALL.map(Function::as_str));
        let keys = [keys::HOSTS.to_owned(), keys::FUNCTIONS.to_owned()];
        let mut reply = Reply::new("readiness", READY.run(&self.port, &keys, &arguments).await?);
        let (hosts, now) = (reply.number()?, reply.number()?);
        let mut functions = Vec::new();
        for function in Function::ALL {
            functions.push((function, FunctionState::of(&reply.text()?, now)));
        }
        Ok(Readiness { redis: true, host: hosts > 0, functions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_forgotten_after_a_minute() {
        let now = 1_700_000_000_000;
        let noted = |ok, ago: u64| format!(r#"{{"ok":{ok},"at":{}}}"#, now - ago);
        for (noted, state) in [
            (String::new(), FunctionState::Unknown),
            ("{".to_owned(), FunctionState::Unknown),
            (noted(true, 0), FunctionState::Works),
            (noted(true, 100_000), FunctionState::Works),
            (noted(false, 59_999), FunctionState::Fails { lately: true }),
            (noted(false, 60_000), FunctionState::Fails { lately: false }),
        ] {
            assert_eq!(FunctionState::of(&noted, now), state, "{noted}");
        }
        assert_eq!(
            FunctionState::of(&format!(r#"{{"ok":false,"at":{}}}"#, now + 5), now),
            FunctionState::Fails { lately: true }
        );
    }
}
